/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hypervisor may go round between two instructions of its guest without end. If the guest has
 * IF=1 there, an interrupt of the highest class gets it out: the LAPIC timer's, which is armed for
 * that while a scene plays. It leads back to the world, not into the log.
 *
 * Nothing stands between the guest and an exact platform (machine/settle.h), and there is no
 * watchdog.
 */
#include "machine/desc.h"
#include "machine/lapic.h"
#include "machine/nmi.h"
#include "machine/processor.h"
#include "machine/settle.h"
#include "world.h"

enum {
	WATCHDOG_VECTOR = 0xe8, /* above all vectors of the world, and held back by none of them */
	PATIENCE = 5000000,	/* ticks of the TSC: hundreds of exits */
	TRIAL = PATIENCE / 64,
	LONGEST_COUNT = 0x7fffffff,
};

const char does_not_end[] = "it does not end, and no instruction is executed any more";

static struct {
	void (*bark)(u8 vector, const char *why);
	u32 count; /* the timer's, for PATIENCE; 0: not measured */
	bool armed;
	u64 since; /* in ticks of the TSC */
} watchdog;

/* Its gate leads to watchdog_entry, on whatever stack the scene had. */
void watchdog_entry(void);
void watchdog_barks(void);
asm(".text; .balign 16; watchdog_entry: cld; and $-16, %rsp; call watchdog_barks");

__attribute__((used)) void watchdog_barks(void)
{
	nmi_dismiss_all(); /* one that waits may come now: that is no event of the scene */
	lapic_eoi();
	watchdog.bark(WATCHDOG_VECTOR, does_not_end);
}

/* How far the timer counts in PATIENCE. */
static u32 measure(void)
{
	u64 start;

	lapic_timer_init(WATCHDOG_VECTOR, TIMER_ONE_SHOT);
	lapic_timer_arm(LONGEST_COUNT);
	start = rdtsc();
	while (rdtsc() - start < TRIAL)
		cpu_pause();
	return (LONGEST_COUNT - lapic_read(LAPIC_TIMER_CURRENT)) * (PATIENCE / TRIAL);
}

void watchdog_begin(void (*bark)(u8 vector, const char *why))
{
	if (settles_exactly())
		return;
	if (!watchdog.count)
		watchdog.count = measure();
	watchdog.bark = bark;
	gate_set_target(WATCHDOG_VECTOR, (u64)watchdog_entry, 0);
	lapic_timer_init(WATCHDOG_VECTOR, TIMER_ONE_SHOT);
	lapic_timer_arm(watchdog.count);
	watchdog.since = rdtsc();
	watchdog.armed = true;
}

bool watchdog_end(void)
{
	bool may_have_come = watchdog.armed && rdtsc() - watchdog.since > PATIENCE / 2;

	if (watchdog.armed)
		lapic_timer_stop();
	watchdog.armed = false;
	return may_have_come;
}
