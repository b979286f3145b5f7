/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for what no manual gives a time for: how soon the core sees what its LAPIC was told.
 */
#ifndef ORDEAL_SETTLE_H
#define ORDEAL_SETTLE_H

#include "machine/processor.h"
#include "machine/profile.h"

enum {
	SETTLE_LAPIC = 2000, /* TSC ticks: ample for a LAPIC to tell its core */
	SETTLE_BUS = 250000, /* TSC ticks: what goes over the APIC bus; 50 us on any clock */
};

/* Spins for @ticks of the TSC. */
static inline void settle(u64 ticks)
{
	enum profile_section before = profile_enter(PROFILE_SETTLE);
	u64 start = rdtsc();

	while (rdtsc() - start < ticks)
		cpu_pause();
	profile_leave(before);
}

#endif
