/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A self-IPI with IF=1: the manuals do not say at which boundary after the write it is taken. It
 * is taken once, and not before; how much later is counted.
 */
#include "report/report.h"
#include "stage/case.h"
#include "stage/stage.h"

#define IPI "SDM 3A, Interrupt Command Register (ICR); SDM 3A, SELF IPI Register"

enum {
	SAMPLES = 64,
	MOST_BEFORE = 16, /* NOPs before the write: each number up to this is tried */
	NOPS_AFTER = 40,  /* NOPs after it */
	BUCKETS = 8,
};

static const char *const buckets[BUCKETS] = {
	"IRQ(0x60)@the first boundary after the self-IPI",
	"IRQ(0x60)@1 instruction later",
	"IRQ(0x60)@2 to 3 later",
	"IRQ(0x60)@4 to 7 later",
	"IRQ(0x60)@8 to 15 later",
	"IRQ(0x60)@16 to 31 later",
	"IRQ(0x60)@32 or more later",
	"IRQ(0x60)@not before CLI",
};

static size_t bucket_of(size_t distance)
{
	size_t bucket = 0;

	for (; distance && bucket < BUCKETS - 2; distance /= 2)
		bucket++;
	return bucket;
}

static void lay_out(size_t before)
{
	u16 steps[MOST_BEFORE + NOPS_AFTER + 4];
	size_t n = 0;

	steps[n++] = STI;
	while (n <= before + 1)
		steps[n++] = NOP;
	steps[n++] = L(SELF_IPI);
	for (size_t i = 0; i < NOPS_AFTER; i++)
		steps[n++] = NOP;
	scene_build(the_scene(), steps, n);
}

/* Which bucket a sample falls into; -1: it was illegal, and the case has failed. */
static int sample(size_t before)
{
	const struct log_entry *irq = &event_log.entries[0];
	const struct layout *layout = &the_scene()->layout;
	size_t l = before + 2, step = l;

	stage_reset();
	lay_out(before);
	play();
	check(log_count() <= 1, "%lu events came of one self-IPI", (u64)log_count());
	if (!log_count()) {
		check(lapic_irr(VEC), "the interrupt is neither served nor in IRR: it was lost");
		return BUCKETS - 1;
	}
	check(irq->vector == VEC && irq->in_service && irq->rip > layout->addresses[l] &&
		      irq->rip <= layout->landing,
	      "vector %#x came at %#lx, the self-IPI is at %#lx", irq->vector, irq->rip,
	      layout->addresses[l]);
	while (step < layout->step_count && layout->addresses[step] < irq->rip)
		step++;
	/* The write may be the last but one instruction of its step. */
	return stage_passing() ? (int)bucket_of(step - l - 1) : -1;
}

CASE(self_ipi, "X12",
     "a self-IPI that is sent with IF=1 is taken once, at some boundary after the write that sends it",
     IPI)
{
	u32 counts[BUCKETS] = { 0 };
	int bucket = 0;

	for (size_t i = 0; i < SAMPLES && bucket >= 0; i++) {
		bucket = sample(i % MOST_BEFORE);
		if (bucket >= 0)
			counts[bucket]++;
	}
	report_line("WANT: %s: %s || %s || %s || %s || %s || %s || %s || %s", stage_case_name(),
		    buckets[0], buckets[1], buckets[2], buckets[3], buckets[4], buckets[5],
		    buckets[6], buckets[7]);
	for (size_t i = 0; i < BUCKETS; i++)
		if (counts[i])
			report_line("HIST: %s: %u %s", stage_case_name(), counts[i], buckets[i]);
	for (size_t i = 0; i < BUCKETS; i++)
		if (counts[i]) {
			report_line("SEEN: %s: %s", stage_case_name(), buckets[i]);
			break;
		}
	stage_judged();
}
