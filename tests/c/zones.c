/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zones.c: where one sample of a sweep landed, and which samples are illegal.
 */
#include "made_up.h"

#include "sweep/across.h"

static struct across across;
static const char *reason;

static int zone(const struct log_entry *log, size_t n)
{
	static struct trace trace;

	trace_read(&trace, &made_up, log, n);
	reason = "";
	return across_classify(&across, &made_up, &trace, &reason);
}

#define ZONE(...)                                                                                  \
	zone((const struct log_entry[]){ __VA_ARGS__ },                                            \
	     sizeof((const struct log_entry[]){ __VA_ARGS__ }) / sizeof(struct log_entry))

#define ILLEGAL(why, ...)                                                                          \
	do {                                                                                       \
		CHECK_INT(ZONE(__VA_ARGS__), -1);                                                  \
		CHECK(strstr(reason, why));                                                        \
	} while (0)

static u64 step(size_t i)
{
	return made_up.addresses[i];
}

static struct log_entry ud(void)
{
	return returns(delivery(UD_VECTOR, step(4)), made_up.landing);
}

static void stage(enum gate_type gate)
{
	across = (struct across){ .instruction = UD2, .fault = UD(AT(L)), .gate = gate };
	lay_out(STI, NOP, NOP, NOP, L(UD2), NOP);
}

static void interrupt_first(void)
{
	stage(TRAP_GATE);
	CHECK_INT(ZONE(irq(VEC, step(2)), ud()), ZONE_BEFORE);
	CHECK_INT(ZONE(irq(VEC, step(3)), ud()), ZONE_BEFORE);
	CHECK_INT(ZONE(irq(VEC, step(4)), ud()), ZONE_AT);
	ILLEGAL("at no boundary", irq(VEC, step(0)), ud());	/* IF is still 0 */
	ILLEGAL("at no boundary", irq(VEC, step(1)), ud());	/* in the shadow of STI */
	ILLEGAL("at no boundary", irq(VEC, step(4) + 1), ud()); /* inside UD2 */
	ILLEGAL("at no boundary", irq(VEC, step(5)), ud());
	ILLEGAL("at no boundary", irq(VEC, made_up.landing), ud());
	ILLEGAL("at no boundary", irq(VEC, 0x1234), ud());
}

static void fault_first(void)
{
	stage(TRAP_GATE);
	CHECK_INT(ZONE(ud(), irq(VEC, entry_of(UD_VECTOR, 0))), ZONE_HANDLER_ENTRY);
	CHECK_INT(ZONE(ud(), irq(VEC, entry_of(UD_VECTOR, 2))), ZONE_HANDLER);
	CHECK_INT(ZONE(ud(), irq(VEC, made_up.recorded + 9)), ZONE_HANDLER);
	CHECK_INT(ZONE(ud(), irq(VEC, made_up.landing)), ZONE_AFTER_IRET);
	CHECK_INT(ZONE(ud()), ZONE_LATER);
	ILLEGAL("at no boundary", ud(), irq(VEC, made_up.landing + 1));
	ILLEGAL("at no boundary", ud(), irq(VEC, step(4)));
	ILLEGAL("at no boundary", ud(), irq(VEC, step(5)));
	/* The handler returned to where it came from, so that this is another boundary. */
	ILLEGAL("at no boundary", delivery(UD_VECTOR, step(4)), irq(VEC, made_up.landing));
}

static void interrupt_gate_closes_handler(void)
{
	stage(INTERRUPT_GATE);
	ILLEGAL("at no boundary", ud(), irq(VEC, entry_of(UD_VECTOR, 0)));
	ILLEGAL("at no boundary", ud(), irq(VEC, made_up.recorded + 9));
	CHECK_INT(ZONE(ud(), irq(VEC, made_up.landing)), ZONE_AFTER_IRET);
	CHECK_INT(ZONE(irq(VEC, step(4)), ud()), ZONE_AT);
	CHECK_INT(ZONE(ud()), ZONE_LATER);
}

static void lost_and_doubled(void)
{
	struct log_entry soft = delivery(VEC, step(4));

	stage(TRAP_GATE);
	CHECK_INT(zone(NULL, 0), -1);
	CHECK(strstr(reason, "exactly once"));
	ILLEGAL("exactly once", irq(VEC, step(4)));
	ILLEGAL("exactly once", ud(), ud());
	ILLEGAL("exactly once", delivery(UD_VECTOR, step(3)), irq(VEC, step(4)));
	ILLEGAL("exactly once", delivery(GP_VECTOR, step(4)), irq(VEC, step(4)));
	ILLEGAL("more than once", irq(VEC, step(3)), irq(VEC, step(4)), ud());
	ILLEGAL("more than once", irq(VEC, step(4)), ud(), irq(VEC, made_up.landing));
	ILLEGAL("neither", ud(), irq(VEC_HIGH, made_up.landing));
	ILLEGAL("neither", ud(), delivery(NMI_VECTOR, made_up.landing));
	ILLEGAL("neither", soft, ud()); /* no ISR bit: it did not come through the LAPIC */
}

/* A scene whose instruction stands after a fragment with a shadow of its own. */
static void shadowed_instruction(void)
{
	across = (struct across){
		.instruction = UD2, .before = MOV_SS, .fault = UD(AT(L)), .gate = TRAP_GATE
	};
	lay_out(NOP, STI, NOP, MOV_SS, L(UD2), NOP);
	CHECK_INT(ZONE(irq(VEC, step(3)), ud()), ZONE_BEFORE);
	ILLEGAL("at no boundary", irq(VEC, step(0)), ud());
	ILLEGAL("at no boundary", irq(VEC, step(2)), ud()); /* in the shadow of STI */
	ILLEGAL("at no boundary", irq(VEC, step(4)), ud()); /* in the shadow of MOV SS */
	CHECK_INT(ZONE(ud(), irq(VEC, entry_of(UD_VECTOR, 0))), ZONE_HANDLER_ENTRY);
}

static void pending_in_root(void)
{
	stage(TRAP_GATE);
	CHECK_INT(across_zone_in_root(&across, ZONE_BEFORE, NOT_IN_ROOT, &reason), ZONE_BEFORE);
	CHECK_INT(across_zone_in_root(&across, -1, BEFORE_INJECTION, &reason), -1);
	CHECK_INT(across_zone_in_root(&across, ZONE_HANDLER_ENTRY, BEFORE_INJECTION, &reason),
		  ZONE_ROOT_BEFORE);
	CHECK_INT(across_zone_in_root(&across, ZONE_HANDLER_ENTRY, AFTER_INJECTION, &reason),
		  ZONE_ROOT_AFTER);
	for (int z = 0; z < ZONE_COUNT; z++)
		if (z != ZONE_HANDLER_ENTRY)
			CHECK_INT(across_zone_in_root(&across, z, BEFORE_INJECTION, &reason), -1);
	CHECK(strstr(reason, "pending in root"));
	stage(INTERRUPT_GATE);
	CHECK_INT(across_zone_in_root(&across, ZONE_AFTER_IRET, BEFORE_INJECTION, &reason),
		  ZONE_ROOT_BEFORE);
	CHECK_INT(across_zone_in_root(&across, ZONE_LATER, AFTER_INJECTION, &reason), -1);
}

static enum root_phase in_guest(const struct across *s)
{
	(void)s;
	return NOT_IN_ROOT;
}

/* The legal zones: before, at, in root (r, R), handler's entry, in the handler, IRET, later. */
static const char *legal(void)
{
	static char letters[ZONE_COUNT + 1];
	size_t n = 0;

	for (int z = 0; z < ZONE_COUNT; z++)
		if (zone_is_legal(&across, z))
			letters[n++] = "barRehil"[z];
	letters[n] = '\0';
	return letters;
}

static void legal_zones(void)
{
	stage(INTERRUPT_GATE);
	CHECK_TEXT(legal(), "bail");
	stage(TRAP_GATE);
	CHECK_TEXT(legal(), "baehil");
	across.before = MOV_SS;
	CHECK_TEXT(legal(), "behil");
	across.play = in_guest;
	CHECK_TEXT(legal(), "brRehil");
}

int main(void)
{
	interrupt_first();
	fault_first();
	interrupt_gate_closes_handler();
	lost_and_doubled();
	shadowed_instruction();
	pending_in_root();
	legal_zones();
	return checks_done("zones");
}
