/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer interrupt moved across REP MOVSB. Between two iterations it saves the address of the
 * instruction and RF=1, so that going on does not meet a code breakpoint on it again; before the
 * first iteration and behind the last one it saves RF=0. However it is cut up, every byte is copied
 * once.
 */
#define FAMILY "rep"
#include "case.h"
#include "report.h"
#include "stage.h"
#include "string.h"

#define RF_MID_REP "SDM 3B, Instruction-Breakpoint Exception Condition"

enum {
	COUNT = 48,	/* bytes to copy */
	SAMPLES = 200,	/* timer counts from 1 up */
	SPARE_RCX = 0,	/* where on_delivery keeps the interrupted RCX */
};

enum where { BEFORE, FIRST, BETWEEN, DONE, BEHIND, LATER, WHERE_COUNT };

static const char *const where_names[WHERE_COUNT] = {
	[BEFORE] = "IRQ(0x60)@before REP MOVSB",
	[FIRST] = "IRQ(0x60)@REP MOVSB, no iteration done",
	[BETWEEN] = "IRQ(0x60)@REP MOVSB, between iterations",
	[DONE] = "IRQ(0x60)@REP MOVSB, all iterations done",
	[BEHIND] = "IRQ(0x60)@behind REP MOVSB",
	[LATER] = "IRQ(0x60)@later",
};

static void keep_rcx(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	entry->spare[SPARE_RCX] = frame->gprs.rcx;
}

static void play_copy(u32 ticks)
{
	u8 *source = (u8 *)PLAY_WRITABLE;

	stage_reset();
	for (int i = 0; i < COUNT; i++) {
		source[i] = (u8)(i + 1);
		source[1024 + i] = 0;
	}
	scene(LOAD_MOVSB_COUNT, STI, NOP, NOP, NOP, L(REP_MOVSB), NOP, NOP, NOP);
	the_scene()->in.r10 = COUNT;
	the_scene()->on_delivery = keep_rcx;
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	lapic_timer_arm(ticks);
	play();
}

static enum where where_of(const struct log_entry *irq)
{
	u64 at = scene_place_address(the_scene(), L);
	u64 rcx = irq->spare[SPARE_RCX];

	if (irq->rip != at)
		return irq->rip < at ? BEFORE : BEHIND;
	if (rcx == COUNT)
		return FIRST;
	return rcx ? BETWEEN : DONE;
}

/*
 * The interrupted state must hang together: RCX says how far it was, RF whether it had begun. DONE,
 * with RCX=0 and RIP still at the instruction, is left open: executing it again does nothing.
 */
static void check_sample(u32 ticks, const struct log_entry *irq, enum where where, bool assert_rf)
{
	u64 rcx = irq->spare[SPARE_RCX];
	bool rf = irq->rflags & RFLAGS_RF;

	if (where == BEHIND)
		check(rcx == 0, "timer count %u: behind REP MOVSB RCX is %lu", ticks, rcx);
	if (where == BETWEEN)
		check(rcx < COUNT, "timer count %u: between iterations RCX is %lu", ticks, rcx);
	if (where == BETWEEN && assert_rf)
		check(rf, "timer count %u: between iterations, RCX %lu of %d, the saved RF is "
		"0", ticks,
		      rcx, COUNT);
	else if (where != BETWEEN && where != DONE)
		check(!rf, "timer count %u: %s the saved RF is 1", ticks, where_names[where]);
}

static enum where sample(u32 ticks, bool assert_rf)
{
	const struct log_entry *irq = &event_log.entries[0];
	const u8 *source = (const u8 *)PLAY_WRITABLE;
	enum where where = LATER;

	play_copy(ticks);
	check(log_count() <= 1, "timer count %u: %lu events", ticks, (u64)log_count());
	if (log_count()) {
		check(irq->vector == VEC, "timer count %u: vector %u", ticks, irq->vector);
		where = where_of(irq);
		check_sample(ticks, irq, where, assert_rf);
	}
	check(!memcmp(source, source + 1024, COUNT), "timer count %u: the copy is wrong", ticks);
	return where;
}

static void report(const u32 counts[WHERE_COUNT])
{
	report_line("WANT: %s: %s || %s || %s || %s || %s || %s", stage_case_name(),
		    where_names[BEFORE], where_names[FIRST], where_names[BETWEEN],
		    where_names[DONE], where_names[BEHIND], where_names[LATER]);
	for (int i = 0; i < WHERE_COUNT; i++)
		if (counts[i])
			report_line("HIST: %s: %u "
			"%s", stage_case_name(), counts[i], where_names[i]);
	for (int i = 0; i < WHERE_COUNT; i++)
		if (counts[i] && i != LATER) {
			report_line("SEEN: %s: %s", stage_case_name(), where_names[i]);
			break;
		}
}

static void sweep_rep(bool assert_rf)
{
	u32 counts[WHERE_COUNT] = { 0 };

	for (u32 ticks = 1; ticks <= SAMPLES && stage_passing(); ticks++)
		counts[sample(ticks, assert_rf)]++;
	lapic_timer_stop();
	report(counts);
	if (stage_passing() && !counts[BETWEEN])
		skip("no sample landed between two iterations: the platform copies them as one, or "
		"its "
		     "timer is too coarse (in QEMU: -icount shift=0)");
	stage_judged();
}

CASE(movsb, "F05,H01", "a timer interrupt moved across REP MOVSB: RF=1 is saved between iterations "
     "only, and every byte is copied once", RF_MID_REP)
{
	bool intel = cpuid(0, 0).ebx == 0x756e6547; /* "Genu": the rule is in the SDM alone */

	sweep_rep(intel);
}
