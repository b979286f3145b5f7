/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c: the order of delivery, recovered from frames that were recorded in another order, and
 * the places that only other events tell.
 */
#include "made_up.h"

static struct trace trace;

/* The events' places in the log, as in "201": the third was delivered first. */
static const char *order(const struct log_entry *log, size_t n)
{
	static char places[LOG_CAPACITY + 1];

	trace_read(&trace, &made_up, log, n);
	for (size_t i = 0; i < trace.count; i++)
		places[i] = (char)('0' + (trace.events[i].entry - log));
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

/* NMI runs on a stack of its own; its saved RSP still tells what it interrupted. */
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
	CHECK(trace.events[LOG_CAPACITY - 1].entry == &log[LOG_CAPACITY - 1]);
}

/* The names of all positions, in order of delivery: "RDMSR, GP_ENTRY". */
static const char *places(const struct log_entry *log, size_t n)
{
	static struct log_entry kept[8]; /* `trace` points in here */
	static char buffer[256];
	struct text t = TEXT(buffer);

	memcpy(kept, log, n * sizeof(*log));
	trace_read(&trace, &made_up, kept, n);
	for (size_t i = 0; i < trace.count; i++) {
		text_add(&t, "%s", i ? ", " : "");
		layout_name(&made_up, &t, event_position(&trace.events[i], &made_up));
	}
	return text_seal(&t);
}

#define PLACES(...)                                                                                \
	places((const struct log_entry[]){ __VA_ARGS__ },                                          \
	       sizeof((const struct log_entry[]){ __VA_ARGS__ }) / sizeof(struct log_entry))

/* Each of these is the same with a stub for each vector and with one entry for all. */
static void first_instructions(void)
{
	u64 entry_of_gp = at(ENTRY_OF(GP_VECTOR)), entry_of_irq = at(ENTRY_OF(0x60));
	struct log_entry gp = delivery(GP_VECTOR, at(L));
	struct log_entry on_gp = below(irq(0x60, entry_of_gp), gp.frame);
	struct log_entry nmi = on_stack(delivery(NMI_VECTOR, entry_of_irq), on_gp.frame, STACK_IST);
	struct log_entry inner = below(delivery(GP_VECTOR, entry_of_gp), gp.frame);

	CHECK_TEXT(PLACES(on_gp, gp), "RDMSR, GP_ENTRY");
	CHECK(event_is_at(&trace.events[1], &made_up, ENTRY_OF(GP_VECTOR)));
	CHECK(!event_is_at(&trace.events[1], &made_up, ENTRY_OF(UD_VECTOR)));

	/* The handler on whose first instruction it came was itself interrupted on its first. */
	CHECK_TEXT(PLACES(nmi, on_gp, gp), "RDMSR, GP_ENTRY, IRQ_0x60_ENTRY");

	/* Two interrupts on one first instruction, the second after the first one's IRET. */
	CHECK_TEXT(PLACES(on_gp, below(irq(0x61, entry_of_gp), gp.frame), gp),
		   "RDMSR, GP_ENTRY, GP_ENTRY");

	/* Two handlers of one vector, the second inside the first: each has its own first. */
	CHECK_TEXT(PLACES(below(irq(0x60, entry_of_gp), inner.frame), inner, gp),
		   "RDMSR, GP_ENTRY, GP_ENTRY");
	CHECK(trace.events[1].entry->vector == GP_VECTOR && trace.events[2].entry->vector == 0x60);

	/* A guest that left there and came back: its RSP tells. */
	CHECK_TEXT(PLACES(transition(LOG_EXIT, entry_of_gp, gp.frame),
			  transition(LOG_ENTRY, entry_of_gp, gp.frame), gp),
		   "RDMSR, GP_ENTRY, GP_ENTRY");
}

static void one_entry_for_all(void)
{
	made_up.stub_size = 0;
	made_up.recorded = made_up.stubs + 27;
	first_instructions();

	/* Nothing tells which handler was interrupted if it never recorded itself. */
	CHECK_TEXT(PLACES(transition(LOG_EXIT, made_up.stubs, STACK)), "handler prologue+0");
	CHECK(!event_is_at(&trace.events[0], &made_up, ENTRY_OF(GP_VECTOR)));
}

/* A vector's own stub tells the vector, even if its handler never recorded itself. */
static void never_recorded(void)
{
	CHECK_TEXT(PLACES(transition(LOG_EXIT, entry_of(GP_VECTOR, 0), STACK)), "GP_ENTRY");
	CHECK(event_is_at(&trace.events[0], &made_up, ENTRY_OF(GP_VECTOR)));
	/* Another handler that was entered on the same stack was not interrupted there. */
	CHECK_TEXT(PLACES(transition(LOG_EXIT, entry_of(GP_VECTOR, 0), STACK - FRAME_BYTES),
			  delivery(UD_VECTOR, at(L))),
		   "GP_ENTRY, RDMSR");
}

static void after_iret(void)
{
	struct log_entry gp = returns(delivery(GP_VECTOR, at(L)), made_up.landing);
	struct log_entry late = irq(0x60, made_up.landing);

	CHECK_TEXT(PLACES(gp, late), "RDMSR, after IRET");
	CHECK(event_is_at(&trace.events[1], &made_up, AFTER_IRET));
	CHECK(!event_is_at(&trace.events[1], &made_up, LANDING));
	CHECK_TEXT(PLACES(gp, irq(0x60, made_up.landing + 1)), "RDMSR, after IRET+1");
	CHECK_TEXT(PLACES(gp, late, transition(LOG_EXIT, made_up.landing, STACK)),
		   "RDMSR, after IRET, after IRET");
	/* No handler of an exception has returned there. */
	CHECK_TEXT(PLACES(late, gp), "landing, RDMSR");
	CHECK_TEXT(PLACES(returns(irq(0x61, at(L)), made_up.landing), late), "RDMSR, landing");
	CHECK_TEXT(PLACES(returns(delivery(DB_VECTOR, at(L)), at(AFTER(L))), late),
		   "RDMSR, landing");
	CHECK(event_is_at(&trace.events[1], &made_up, LANDING));
	/* A handler that never returned. */
	CHECK_TEXT(PLACES(delivery(GP_VECTOR, at(L)), late), "RDMSR, landing");
}

static void returns_elsewhere(void)
{
	enum { AWAY = 0x600000 };
	struct log_entry away = returns(delivery(GP_VECTOR, at(L)), AWAY);

	CHECK_TEXT(PLACES(away, irq(0x60, AWAY)), "RDMSR, after IRET");
	CHECK(event_is_at(&trace.events[1], &made_up, AFTER_IRET));
	CHECK_TEXT(PLACES(away, irq(0x60, AWAY + 1)), "RDMSR, 0x600001 (outside the scene)");
	CHECK_TEXT(PLACES(away, irq(0x60, made_up.landing)), "RDMSR, landing");
	/* A step keeps its name, whoever returned there. */
	CHECK_TEXT(PLACES(returns(away, at(L)), irq(0x60, at(L))), "RDMSR, RDMSR");
	/* Code that handlers share: it came there again, inside the handler that is to return. */
	CHECK_TEXT(PLACES(away, below(irq(0x60, AWAY), away.frame - 64)),
		   "RDMSR, 0x600000 (outside the scene)");
}

int main(void)
{
	lay_out(NOP, L(RDMSR), UD2);
	in_log_order();
	on_first_instruction();
	inside_prologue();
	chains();
	nmi_on_interrupt_stack();
	guest_transitions();
	no_parent();
	full_log();
	first_instructions();
	never_recorded();
	after_iret();
	returns_elsewhere();
	one_entry_for_all();
	return checks_done("trace");
}
