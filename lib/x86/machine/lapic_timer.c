/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The LAPIC timer, one-shot and TSC-deadline: "APIC Timer" of the Intel SDM.
 */
#include "machine/lapic.h"
#include "base/mutate.h"
#include "machine/percpu.h"
#include "machine/processor.h"

enum {
	LONGEST_COUNT = 0x7fffffff,
	DIVIDE_BY_1 = 0xb,
};

static enum lapic_timer_mode timer_mode;

bool lapic_timer_has_deadline(void)
{
	return cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE;
}

bool lapic_timer_exists(void)
{
	bool kept;

	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_TIMER_INITIAL, LONGEST_COUNT);
	kept = lapic_read(LAPIC_TIMER_INITIAL);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	return kept;
}

void lapic_timer_init(u8 vector, enum lapic_timer_mode mode)
{
	lapic_ask(vector);
	timer_mode = mode;
	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, (u32)mode << LVT_TIMER_MODE_SHIFT | vector);
	/* In xAPIC mode the LVT is written through memory, the deadline by WRMSR: MFENCE orders
	 * them ("TSC-Deadline Mode"). */
	mfence_lfence();
}

void lapic_timer_arm(u32 ticks)
{
	if (mutated(MUTATE_NO_EVENT))
		return;
	if (timer_mode == TIMER_TSC_DEADLINE)
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + ticks);
	else
		lapic_write(LAPIC_TIMER_INITIAL, ticks);
}

void lapic_timer_stop(void)
{
	if (timer_mode == TIMER_TSC_DEADLINE)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		lapic_write(LAPIC_TIMER_INITIAL, 0);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
}
