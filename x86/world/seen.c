/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was seen of a situation, as far as two boots agree on it.
 */
#include "order/vectors.h"
#include "world.h"

bool is_somewhere(struct position at)
{
	return at.place == PLACE_OUTSIDE || at.place == PLACE_PROLOGUE ||
	       (at.place & PLACE_ENTRY && at.offset);
}

u32 hash_trace(const struct trace *trace, const struct layout *layout)
{
	const u64 prime = 0x9e3779b97f4a7c15ull;
	u64 hash = trace->count;

	for (size_t i = 0; i < trace->count; i++) {
		const struct log_entry *e = trace->events[i].entry;
		struct position at = event_position(&trace->events[i], layout);

		if (is_somewhere(at))
			at = (struct position){ PLACE_OUTSIDE, 0 };
		hash = (hash ^ ((u64)at.place << 32 | (u32)at.offset)) * prime;
		hash = ((hash ^ hash >> 29) ^ ((u64)e->vector << 32 | (u32)e->rflags)) * prime;
		hash = ((hash ^ hash >> 31) ^ (e->cs << 32 | e->ist)) * prime;
		if (vector_has_error_code(e->vector))
			hash = (hash ^ hash >> 30 ^ e->error) * prime;
		if (e->vector == DB_VECTOR)
			hash = (hash ^ hash >> 30 ^ e->dr6) * prime;
	}
	return (u32)(hash ^ hash >> 32);
}
