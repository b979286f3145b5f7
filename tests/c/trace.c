/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c: the order of delivery, recovered from frames that were recorded in another order.
 */
#include "made_up.h"

static struct trace trace;

/* The events' places in the log, as in "201": the third was delivered first. */
static const char *order(const struct log_entry *log, size_t n)
{
	static char places[LOG_CAPACITY + 1];

	trace_read(&trace, &made_up, log, n);
	for (size_t i = 0; i < trace.count; i++)
		places[i] = (char)('0' + (trace.events[i] - log));
	places[trace.count] = '\0';
	return places;
}

#define ORDER(...)                                                                                 \
	order((const struct log_entry[]){ __VA_ARGS__ },                                           \
	      sizeof((const struct log_entry[]){ __VA_ARGS__ }) / sizeof(struct log_entry))

/* An event that found RSP at @rsp, on the same stack: its own frame is below, 16-byte aligned. */
static struct log_entry below(struct log_entry entry, u64 rsp)
{
	u64 frame = (rsp & ~15ul) - FRAME_BYTES - (vector_has_error_code(entry.vector) ? 8 : 0);

	return on_stack(entry, rsp, frame);
}

static void in_log_order(void)
{
	CHECK_TEXT(order(NULL, 0), "");
	CHECK_TEXT(ORDER(irq(0x60, 0x1000)), "0");
	CHECK_TEXT(ORDER(irq(0x60, 0x1000), delivery(UD_VECTOR, 0x1000)), "01");
	/* One stack address serves both, one after the other: no nesting. */
	CHECK_TEXT(ORDER(delivery(UD_VECTOR, 0x1000), irq(0x60, 0x1002), irq(0x60, 0x1003)), "012");
}

static void on_first_instruction(void)
{
	struct log_entry gp = delivery(GP_VECTOR, 0x1000);
	struct log_entry ud = delivery(UD_VECTOR, 0x1000);

	CHECK_TEXT(ORDER(below(irq(0x60, entry_of(GP_VECTOR, 0)), gp.frame), gp), "10");
	CHECK_TEXT(ORDER(below(irq(0x60, entry_of(UD_VECTOR, 0)), ud.frame), ud), "10");
	/* What came before and after keeps its place. */
	CHECK_TEXT(ORDER(irq(0x30, 0x900), below(irq(0x60, entry_of(GP_VECTOR, 0)), gp.frame), gp,
			 irq(0x90, 0x1010)),
		   "0213");
}

/* Inside the prologue the interrupted handler has pushed up to three words. */
static void inside_prologue(void)
{
	struct log_entry ud = delivery(UD_VECTOR, 0x1000);
	u64 record = entry_of(255, ENTRY_STUB_SIZE);

	CHECK(made_up.recorded > record && made_up.recorded < record + 32);
	CHECK_TEXT(ORDER(below(irq(0x60, entry_of(UD_VECTOR, 2)), ud.frame - 8), ud), "10");
	CHECK_TEXT(ORDER(below(irq(0x60, entry_of(UD_VECTOR, 7)), ud.frame - 16), ud), "10");
	CHECK_TEXT(ORDER(below(irq(0x60, record + 1), ud.frame - 24), ud), "10");
	/* From entry_recorded on the handler has its slot: log order is right. */
	CHECK_TEXT(ORDER(ud, below(irq(0x60, made_up.recorded), ud.frame - 24)), "01");
	CHECK_TEXT(ORDER(below(irq(0x60, made_up.recorded), ud.frame - 24), ud), "01");
}

static void chains(void)
{
	struct log_entry gp = delivery(GP_VECTOR, 0x1000);
	struct log_entry low = below(irq(0x30, entry_of(GP_VECTOR, 0)), gp.frame);
	struct log_entry high = below(irq(0x90, entry_of(0x30, 0)), low.frame);

	CHECK_TEXT(ORDER(high, low, gp), "210");
	/* Both at the first instruction of #GP, one after the other's IRET. */
	CHECK_TEXT(ORDER(below(irq(0x90, entry_of(GP_VECTOR, 0)), gp.frame), low, gp), "201");
	/* Two chains in one log. */
	CHECK_TEXT(ORDER(low, gp, low, gp), "1032");
}

/* NMI runs on a stack of its own; what it interrupted is told by its saved RSP all the same. */
static void nmi_on_interrupt_stack(void)
{
	struct log_entry gp = delivery(GP_VECTOR, 0x1000);
	struct log_entry nmi = on_stack(delivery(NMI_VECTOR, entry_of(GP_VECTOR, 0)), gp.frame,
					STACK_IST - FRAME_BYTES);
	struct log_entry in_nmi = below(irq(0x60, entry_of(NMI_VECTOR, 0)), nmi.frame);

	CHECK_TEXT(ORDER(nmi, gp), "10");
	CHECK_TEXT(ORDER(in_nmi, nmi, gp), "210");
}

static void guest_transitions(void)
{
	struct log_entry gp = delivery(GP_VECTOR, 0x1000);
	u64 rip = entry_of(GP_VECTOR, 0);

	CHECK_TEXT(ORDER(transition(LOG_EXIT, 0x1000, STACK), transition(LOG_ENTRY, 0x1000, STACK),
			 gp),
		   "012");
	/* The guest left at the first instruction of #GP, which had not recorded itself yet. */
	CHECK_TEXT(ORDER(transition(LOG_EXIT, rip, gp.frame), transition(LOG_ENTRY, rip, gp.frame),
			 gp),
		   "201");
	CHECK_TEXT(ORDER(transition(LOG_EXIT, rip, gp.frame), transition(LOG_ENTRY, rip, gp.frame),
			 below(irq(0x60, rip), gp.frame), gp),
		   "3012");
	/* An exit is nobody's parent, whatever its fields hold. */
	CHECK_TEXT(ORDER(below(irq(0x60, rip), STACK),
			 on_stack(transition(LOG_EXIT, rip, 0), 0, STACK)),
		   "01");
}

static void no_parent(void)
{
	struct log_entry far = on_stack(delivery(GP_VECTOR, 0x1000), STACK, STACK - 0x200);

	CHECK_TEXT(ORDER(irq(0x60, entry_of(GP_VECTOR, 0))), "0");
	CHECK_TEXT(ORDER(below(irq(0x60, entry_of(GP_VECTOR, 0)), STACK), far), "01");
	/* The frame is 32 bytes above: more than a prologue pushes. */
	CHECK_TEXT(ORDER(below(irq(0x60, entry_of(GP_VECTOR, 0)), far.frame - 32), far), "01");
}

static void full_log(void)
{
	static struct log_entry log[LOG_CAPACITY];

	for (size_t i = 0; i < LOG_CAPACITY; i++)
		log[i] = irq(0x60, 0x1000 + i);
	trace_read(&trace, &made_up, log, LOG_CAPACITY);
	CHECK_INT(trace.count, LOG_CAPACITY);
	CHECK(trace.events[LOG_CAPACITY - 1] == &log[LOG_CAPACITY - 1]);
}

static void same_order(void)
{
	const struct log_entry log[] = { irq(0x60, 0x1000), delivery(UD_VECTOR, 0x1000),
					 irq(0x60, 0x1001), irq(0x61, 0x1000) };
	struct trace a = { 2, { &log[0], &log[1] } }, b = a;

	CHECK(trace_same_order(&a, &b));
	b.events[0] = &log[2]; /* another place */
	CHECK(!trace_same_order(&a, &b));
	b.events[0] = &log[3]; /* another vector */
	CHECK(!trace_same_order(&a, &b));
	b.events[0] = &log[1];
	b.events[1] = &log[0];
	CHECK(!trace_same_order(&a, &b));
	b = a;
	b.count = 1;
	CHECK(!trace_same_order(&a, &b));
}

int main(void)
{
	lay_out(NOP);
	in_log_order();
	on_first_instruction();
	inside_prologue();
	chains();
	nmi_on_interrupt_stack();
	guest_transitions();
	no_parent();
	full_log();
	same_order();
	return checks_done("trace");
}
