/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An I/O APIC's redirection table, through its two registers: the data sheet of the 82093AA.
 */
#ifndef ORDEAL_IOAPIC_H
#define ORDEAL_IOAPIC_H

#include "base/types.h"

/* Where a PC's first I/O APIC is. */
#define IOAPIC_ADDRESS 0xfec00000ul

/* The low word of a pin's entry; its high word has the destination. */
enum ioapic_entry {
	IOAPIC_NMI = 4 << 8,
	IOAPIC_MASKED = 1 << 16,
	IOAPIC_DESTINATION_SHIFT = 24, /* of an 8-bit APIC ID in the high word */
};

/* Is there one at this physical address below 4 GiB? */
bool ioapic_exists(u64 address);

void ioapic_set_pin(u64 address, u32 pin, u32 high, u32 low);

/* Masks all of its pins. */
void ioapic_mask_all(u64 address);

#endif
