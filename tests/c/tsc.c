/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tsc.c: the TSC's frequency, as CPUID or another clock tells it.
 */
#include "check.h"

#include "machine/tsc.h"

static u32 named(u32 denominator, u32 numerator, u32 crystal, u32 base)
{
	return tsc_mhz_named((struct cpuid_regs){ .eax = denominator,
						  .ebx = numerator,
						  .ecx = crystal },
			     (struct cpuid_regs){ .eax = base });
}

static void what_cpuid_names(void)
{
	CHECK_INT(named(2, 176, 24000000, 2100), 2112);
	CHECK_INT(named(2, 211, 38400000, 0), 4052); /* 4051.2 */
	CHECK_INT(named(2, 176, 0, 2100), 2100);     /* the crystal is not named */
	CHECK_INT(named(0, 0, 0, 3000), 3000);
	CHECK_INT(named(0, 0, 0, 0), 0);
	CHECK_INT(named(0, 1, 24000000, 0), 0);
	CHECK_INT(named(2, 0, 24000000, 1800), 1800);
}

static void what_another_clock_counts(void)
{
	CHECK_INT(tsc_mhz_counted(24450000, 10000), 2445);
	CHECK_INT(tsc_mhz_counted(24450001, 10000), 2446); /* never too few */
	CHECK_INT(tsc_mhz_counted(4000000, 10000), 400);
	CHECK_INT(tsc_mhz_counted(3990000, 10000), 0);
	CHECK_INT(tsc_mhz_counted(50000000, 10000), TSC_FASTEST_MHZ);
	CHECK_INT(tsc_mhz_counted(50000001, 10000), 0);
	CHECK_INT(tsc_mhz_counted(12, 10000), 0); /* a port without a PIT reads as counted down */
	CHECK_INT(tsc_mhz_counted(~0ull >> 1, 10000), 0);
}

int main(void)
{
	what_cpuid_names();
	what_another_clock_counts();
	return checks_done("tsc");
}
