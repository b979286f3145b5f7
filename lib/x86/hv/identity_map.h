/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four levels of tables that map the first 4 GiB of guest-physical addresses onto themselves, for
 * EPT and for nested paging: pages of 2 MiB, but the lowest 2 MiB, which hold the image, in pages
 * of 4 KiB. The two vendors' tables differ only in their bits.
 */
#ifndef ORDEAL_HV_IDENTITY_MAP_H
#define ORDEAL_HV_IDENTITY_MAP_H

#include "base/types.h"

enum { MAP_ENTRIES = 512, MAP_DIRECTORIES = 4 };

struct identity_map {
	u64 root[MAP_ENTRIES];
	u64 pointers[MAP_ENTRIES];
	u64 directories[MAP_DIRECTORIES][MAP_ENTRIES];
	u64 low_table[MAP_ENTRIES];
} PAGE_ALIGNED;

/* The bits beside the address in an entry that leads to a table, and in one that maps a page. */
struct map_bits {
	u64 table;
	u64 memory; /* below the devices' addresses */
	u64 device;
	u64 large; /* added to a page of 2 MiB */
};

/* Builds what is not there yet, with all pages present. Returns the root's physical address. */
u64 identity_map_build(struct identity_map *map, const struct map_bits *bits);

/* The page of 4 KiB at @address, below 2 MiB, is present or not. */
void identity_map_page(struct identity_map *map, const struct map_bits *bits, u64 address,
		       bool present);

#endif
