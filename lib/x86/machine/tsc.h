/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast the TSC counts, for waits that are times: "Determining the Processor Base Frequency" and
 * "Time-Stamp Counter" of the Intel SDM; "Time-Stamp Counters" of the AMD APM.
 */
#ifndef ORDEAL_TSC_H
#define ORDEAL_TSC_H

#include "base/types.h"
#include "machine/processor.h"

enum {
	/* Taken for the clock where nothing tells it: no TSC is faster, so no wait is too short. */
	TSC_FASTEST_MHZ = 5000,
};

/*
 * What CPUID says, in MHz, rounded up: @ratio is leaf 15H, @base is leaf 16H (all 0: there is no
 * such leaf). 0: it says nothing.
 */
u32 tsc_mhz_named(struct cpuid_regs ratio, struct cpuid_regs base);

/*
 * @ticks of the TSC were counted in @us of another clock: MHz, rounded up. 0: no processor is as
 * slow or as fast as that, so the other clock does not run.
 */
u32 tsc_mhz_counted(u64 ticks, u32 us);

/*
 * MHz of this processor's TSC: as CPUID names them, or as the PIT measures them, which takes 10 ms;
 * TSC_FASTEST_MHZ if neither tells.
 */
u32 tsc_mhz(void);

#endif
