/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies below FIRST_DEVICE, where a PC's I/O APIC and LAPIC are, is mapped as memory. That is
 * wrong for the devices below it, but no guest of the shim goes there.
 */
#include "hv/identity_map.h"

enum {
	LARGE_SHIFT = 21,
	FIRST_DEVICE = 0xfe000000u >> LARGE_SHIFT,
};

static void build_upper_levels(struct identity_map *map, const struct map_bits *bits)
{
	for (u64 i = 0; i < MAP_DIRECTORIES * MAP_ENTRIES; i++) {
		u64 leaf = i < FIRST_DEVICE ? bits->memory : bits->device;

		map->directories[i / MAP_ENTRIES][i % MAP_ENTRIES] =
			i << LARGE_SHIFT | leaf | bits->large;
	}
	map->directories[0][0] = (u64)map->low_table | bits->table;
	for (u64 i = 0; i < MAP_DIRECTORIES; i++)
		map->pointers[i] = (u64)map->directories[i] | bits->table;
	map->root[0] = (u64)map->pointers | bits->table;
}

u64 identity_map_build(struct identity_map *map, const struct map_bits *bits)
{
	if (!map->root[0])
		build_upper_levels(map, bits);
	for (u64 i = 0; i < MAP_ENTRIES; i++)
		map->low_table[i] = i * PAGE_SIZE | bits->memory;
	return (u64)map->root;
}

void identity_map_page(struct identity_map *map, const struct map_bits *bits, u64 address,
		       bool present)
{
	map->low_table[address / PAGE_SIZE] = present ? address | bits->memory : 0;
}
