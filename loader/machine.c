/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware lists hundreds of small ranges in ascending order, so those that touch are joined.
 */
#include "loader/machine.h"

void machine_add(struct machine *m, u64 start, u64 size)
{
	struct range *last = m->range_count ? &m->ranges[m->range_count - 1] : NULL;

	if (!size)
		return;
	if (last && last->start + last->size == start)
		last->size += size;
	else if (m->range_count < MOST_RANGES)
		m->ranges[m->range_count++] = (struct range){ start, size, RANGE_RAM, 0 };
}

bool machine_has(const struct machine *m, u64 start, u64 end)
{
	for (u32 i = 0; i < m->range_count; i++)
		if (m->ranges[i].start <= start && m->ranges[i].start + m->ranges[i].size >= end)
			return true;
	return false;
}
