/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever arrives around HLT must end it, or keep it from halting at all: a wake-up that is lost
 * is a processor that sleeps for ever. STI; HLT is safe because the shadow of STI covers the
 * boundary before HLT. With IF=1 before HLT it is not: an interrupt that comes too early is served,
 * and HLT then waits for the next event. Here that is an NMI from a device, which also guards every
 * sample: a lost wake-up ends as a failure, not as a hang.
 */
#include "base/text.h"
#include "sweep/nmi_timer.h"
#include "sweep/sweep.h"

enum {
	SLEEP = 600,	    /* PIT ticks: 0.5 ms */
	LONG_SLEEP = 20000, /* 17 ms: after HLT even if the host stalls in between */
	LONGER = 2,	    /* times the shortest: HLT really waited */
	SLED = 8,
};

/* STI; HLT: was the interrupt pending before STI, and if not, how long did HLT take? */
enum arrival { PENDING, AROUND, FAR, ARRIVAL_COUNT };
static u64 shortest; /* TSC ticks from before STI to after HLT, with the interrupt pending */

static void lay_out_sti_hlt(const void *argument)
{
	(void)argument;
	shortest = 0;
	scene(READ_TIME, READ_IRR, STI, HLT, L(NOP), RDTSC);
}

static void play_guarded(const void *argument, u32 ticks)
{
	(void)argument;
	nmi_timer_arm(NMI_TIMER_GUARD);
	lapic_timer_arm(ticks);
	play();
}

static int classify_sti_hlt(const void *argument, const struct layout *layout,
			    const struct trace *trace, const char **reason)
{
	const struct want irq = IRQ(VEC, AT(L), IF(1));
	const struct gprs *out = &the_scene()->out;
	u64 took = (out->rdx << 32 | out->rax) - out->r10;

	(void)argument;
	*reason = "HLT slept until the guard woke it: the wake-up was lost";
	if (trace->count && trace->events[0].entry->vector == NMI_VECTOR)
		return -1;
	*reason = "the interrupt was not served once, after HLT";
	if (trace->count != 1 || want_mismatch(&irq, layout, &trace->events[0]))
		return -1;
	if (out->r11 & VEC_IN_IRR) {
		shortest = took;
		return PENDING;
	}
	return took <= LONGER * shortest ? AROUND : FAR;
}

static const char *const names_sti_hlt[ARRIVAL_COUNT] = {
	[PENDING] = "IRQ(%v)@after HLT, pending before STI",
	[AROUND] = "IRQ(%v)@after HLT, arrived around STI and HLT",
	[FAR] = "IRQ(%v)@after HLT, arrived long after HLT",
};

static const struct sweep sti_hlt = {
	.reaching = "before HLT",
	.orders = ARRIVAL_COUNT,
	.reach = { PENDING, AROUND },
	.lay_out = lay_out_sti_hlt,
	.guarded = true,
	.play = play_guarded,
	.classify = classify_sti_hlt,
	.names = names_sti_hlt,
};

/* IF=1; HLT: if the interrupt is taken at HLT itself, the guard must wake HLT. */
enum landing { BEFORE, AT_HLT, AFTER_HLT, LANDING_COUNT };

static void lay_out_hlt(const void *argument)
{
	u16 steps[SLED + 5] = { STI };

	(void)argument;
	for (size_t i = 1; i <= SLED; i++)
		steps[i] = NOP;
	steps[SLED + 1] = READ_IRR;
	steps[SLED + 2] = L(HLT);
	steps[SLED + 3] = M(NOP);
	steps[SLED + 4] = NOP;
	scene_build(the_scene(), steps, ARRAY_SIZE(steps));
}

static void play_hlt(const void *argument, u32 ticks)
{
	(void)argument;
	nmi_timer_arm(SLEEP);
	lapic_timer_arm(ticks);
	play();
}

static int classify_hlt(const void *argument, const struct layout *layout,
			const struct trace *trace, const char **reason)
{
	const struct want irq = IRQ(VEC), nmi = NMI(AT(M));
	u64 at_hlt = layout_address(layout, L);
	bool woken_by_nmi = trace->count == 2;
	u64 rip;

	(void)argument;
	if (trace->count == 2 && trace->events[0].entry->vector == NMI_VECTOR &&
	    !want_mismatch(&irq, layout, &trace->events[1]))
		return AFTER_HLT; /* a host that stalled: the guard came first */
	*reason = "the interrupt was not served";
	if (!trace->count || want_mismatch(&irq, layout, &trace->events[0]))
		return -1;
	rip = trace->events[0].entry->rip;
	*reason = "HLT was not ended by the interrupt after it, nor by the NMI alone";
	if ((rip > at_hlt) == woken_by_nmi || trace->count > 2)
		return -1;
	if (woken_by_nmi && want_mismatch(&nmi, layout, &trace->events[1]))
		return -1;
	*reason = "the interrupt came in the shadow of STI, or not at a boundary around HLT";
	if (rip <= layout->addresses[1] || (rip > at_hlt && rip != layout_address(layout, M)))
		return -1;
	if (rip > at_hlt)
		return AFTER_HLT;
	return rip < at_hlt ? BEFORE : AT_HLT;
}

static const char *const names_hlt[LANDING_COUNT] = {
	[BEFORE] = "IRQ(%v)@before HLT; NMI@after HLT",
	[AT_HLT] = "IRQ(%v)@HLT; NMI@after HLT",
	[AFTER_HLT] = "IRQ(%v)@after HLT",
};

static const struct sweep hlt = {
	.reaching = "at HLT or before",
	.orders = LANDING_COUNT,
	.reach = { BEFORE, AT_HLT },
	.lay_out = lay_out_hlt,
	.guarded = true,
	.play = play_hlt,
	.classify = classify_hlt,
	.names = names_hlt,
};

CASE(sti_hlt, "X04",
     "a timer interrupt that is moved across STI; HLT is served after HLT every time: no wake-up is lost",
     STI_SHADOW "; " HALT)
{
	sweep_run(&sti_hlt, NULL);
}

CASE(hlt, "G02",
     "a timer interrupt is moved across HLT with IF=1: if it comes after HLT, it has ended HLT; if it comes at HLT or before, the next event ends HLT",
     HALT)
{
	sweep_run(&hlt, NULL);
}

CASE(nmi_ends_hlt, "G03", "with IF=0 an NMI that comes while the processor halts ends HLT", HALT)
{
	scene(HLT, L(NOP), NOP);
	require_nmi_timer();
	nmi_timer_arm(LONG_SLEEP);
	play();
	expect(NMI(AT(L), IF(0)));
}

CASE(nmi_not_irq_ends_hlt, "G04",
     "with IF=0 a pending interrupt does not end HLT, but an NMI does; the interrupt waits for STI",
     HALT)
{
	scene(HLT, M(NOP), STI, NOP, L(NOP), NOP);
	require_nmi_timer();
	pend_irq(VEC);
	nmi_timer_arm(LONG_SLEEP);
	play();
	expect(NMI(AT(M), IF(0)), IRQ(VEC, AT(L), IF(1)));
}
