/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The waits are times: ticks of the TSC, whose frequency is asked once. Under a hypervisor it is
 * software that passes on what the LAPIC was told, and software needs as long as it needs: there a
 * tick is taken for one of the fastest clock, which makes the waits two to five times as long.
 */
#include "machine/settle.h"
#include "machine/processor.h"
#include "machine/profile.h"
#include "machine/tsc.h"

enum {
	LAPIC_NS = 400, /* ample for a LAPIC to tell its core */
	BUS_NS = 50000,
	NS_PER_US = 1000,
	STALLS_ON_EXACT = 1000,
};

static bool exact;
static u32 mhz = TSC_FASTEST_MHZ;

void settle_exactly(void)
{
	exact = true;
}

bool settles_exactly(void)
{
	return exact;
}

void settle_by_time(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR))
		mhz = tsc_mhz();
}

u32 settle_mhz(void)
{
	return exact ? 0 : mhz;
}

static void wait(u32 ns)
{
	enum profile_section before = profile_enter(PROFILE_SETTLE);
	u64 ticks = (u64)ns * mhz / NS_PER_US, start = rdtsc();

	while (!exact && rdtsc() - start < ticks)
		cpu_pause();
	profile_leave(before);
}

void settle_lapic(void)
{
	wait(LAPIC_NS);
}

void settle_bus(void)
{
	wait(BUS_NS);
}

u64 longer_than_stalls(u64 ticks)
{
	return exact ? ticks / STALLS_ON_EXACT : ticks;
}
