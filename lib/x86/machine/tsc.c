/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frequency of the TSC. The PIT counts 1193182 times a second; its channel 2 is the speaker's,
 * which is off, and port 61H shows when it has counted down.
 */
#include "machine/tsc.h"

enum {
	LEAF_RATIO = 0x15,
	LEAF_BASE = 0x16,
	HZ_PER_MHZ = 1000000,
	SLOWEST_MHZ = 400,

	PIT_CHANNEL_2 = 0x42,
	PIT_COMMAND = 0x43,
	PIT_ONE_SHOT = 0xb0, /* channel 2, both bytes, mode 0, binary */
	PIT_US = 10000,
	PIT_COUNT = 11932, /* in PIT_US */
	PORT_61 = 0x61,
	PORT_61_GATE = 1 << 0,
	PORT_61_SPEAKER = 1 << 1,
	PORT_61_OUTPUT = 1 << 5,
};

#define PIT_LIMIT ((u64)2 * PIT_US * TSC_FASTEST_MHZ) /* ticks: it will not come any more */

u32 tsc_mhz_named(struct cpuid_regs ratio, struct cpuid_regs base)
{
	u64 hz = ratio.eax ? (u64)ratio.ecx * ratio.ebx / ratio.eax : 0;

	if (hz)
		return (u32)((hz + HZ_PER_MHZ - 1) / HZ_PER_MHZ);
	return base.eax & 0xffff;
}

u32 tsc_mhz_counted(u64 ticks, u32 us)
{
	u64 mhz = (ticks + us - 1) / us;

	return mhz >= SLOWEST_MHZ && mhz <= TSC_FASTEST_MHZ ? (u32)mhz : 0;
}

static struct cpuid_regs leaf(u32 number)
{
	return cpuid(0, 0).eax >= number ? cpuid(number, 0) : (struct cpuid_regs){ 0 };
}

/* TSC ticks while the PIT counts PIT_US. An interruption makes them more, and the waits longer. */
static u64 ticks_of_pit(void)
{
	u8 before = inb(PORT_61), now;
	u64 start, ticks;

	outb(PORT_61, (u8)((before & ~PORT_61_SPEAKER) | PORT_61_GATE));
	outb(PIT_COMMAND, PIT_ONE_SHOT);
	outb(PIT_CHANNEL_2, PIT_COUNT & 0xff);
	/* The TSC is read before the PIT starts and after it ended: never are the ticks too few. */
	start = rdtsc();
	outb(PIT_CHANNEL_2, PIT_COUNT >> 8);
	do {
		now = inb(PORT_61);
		ticks = rdtsc() - start;
	} while (!(now & PORT_61_OUTPUT) && ticks < PIT_LIMIT);
	outb(PORT_61, before);
	return ticks;
}

u32 tsc_mhz(void)
{
	u32 mhz = tsc_mhz_named(leaf(LEAF_RATIO), leaf(LEAF_BASE));

	if (!mhz)
		mhz = tsc_mhz_counted(ticks_of_pit(), PIT_US);
	return mhz ? mhz : TSC_FASTEST_MHZ;
}
