/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader knows of the machine, whoever told it. The memory map is already in the form that
 * PVH wants: Xen's hvm_memmap_table_entry.
 */
#ifndef ORDEAL_MACHINE_H
#define ORDEAL_MACHINE_H

#include "report/framebuffer.h"

enum {
	MOST_RANGES = 256,
	RANGE_RAM = 1,
	IMAGES_START = 0x100000, /* where every image lies */
	IMAGES_END = 0x200000,
	ARGUMENTS = 1024,
};

struct range {
	u64 start, size;
	u32 type, reserved;
};

struct machine {
	u64 rsdp;
	struct framebuffer screen;
	u32 range_count;
	struct range ranges[MOST_RANGES];
	char arguments[ARGUMENTS]; /* what a person wants (loader/choice.h), or "" */
};

/* Adds memory that is ours; what does not fit is left out. Neighbours become one range. */
void machine_add(struct machine *m, u64 start, u64 size);

/* Whether all memory that the images need is ours. */
bool machine_has(const struct machine *m, u64 start, u64 end);

#endif
