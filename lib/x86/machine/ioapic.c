/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The select register chooses what the window shows.
 */
#include "machine/ioapic.h"

enum {
	SELECT = 0, /* offsets of the two registers */
	WINDOW = 0x10,
	VERSION = 1,
	ENTRY = 0x10, /* two words for each pin */
	LAST_PIN_SHIFT = 16,
	NOTHING_THERE = 0xff,
};

static void write(u64 address, u32 reg, u32 value)
{
	*(volatile u32 *)(address + SELECT) = reg;
	*(volatile u32 *)(address + WINDOW) = value;
}

static u32 read(u64 address, u32 reg)
{
	*(volatile u32 *)(address + SELECT) = reg;
	return *(volatile u32 *)(address + WINDOW);
}

bool ioapic_exists(u64 address)
{
	u8 version = (u8)read(address, VERSION);

	return version && version != NOTHING_THERE;
}

void ioapic_set_pin(u64 address, u32 pin, u32 high, u32 low)
{
	write(address, ENTRY + 2 * pin + 1, high);
	write(address, ENTRY + 2 * pin, low);
}

void ioapic_mask_all(u64 address)
{
	u32 last = read(address, VERSION) >> LAST_PIN_SHIFT & 0xff;

	for (u32 pin = 0; pin <= last; pin++)
		write(address, ENTRY + 2 * pin, IOAPIC_MASKED);
}
