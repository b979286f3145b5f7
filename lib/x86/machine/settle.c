/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The waits are TSC ticks, which are shortest on the fastest clock: at 5 GHz they are 0.4 us and
 * 50 us.
 */
#include "machine/settle.h"
#include "machine/processor.h"
#include "machine/profile.h"

enum {
	LAPIC_TICKS = 2000, /* ample for a LAPIC to tell its core */
	BUS_TICKS = 250000,
	STALLS_ON_EXACT = 1000,
};

static bool exact;

void settle_exactly(void)
{
	exact = true;
}

bool settles_exactly(void)
{
	return exact;
}

static void wait(u64 ticks)
{
	enum profile_section before = profile_enter(PROFILE_SETTLE);
	u64 start = rdtsc();

	while (!exact && rdtsc() - start < ticks)
		cpu_pause();
	profile_leave(before);
}

void settle_lapic(void)
{
	wait(LAPIC_TICKS);
}

void settle_bus(void)
{
	wait(BUS_TICKS);
}

u64 longer_than_stalls(u64 ticks)
{
	return exact ? ticks / STALLS_ON_EXACT : ticks;
}
