/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which situations of a block are played: by their hashes, by the axes that are not as usual,
 * and by their place in what is left.
 */
#include "base/bits.h"
#include "world/world.h"

static const char *const axis_names[AXIS_COUNT] = {
#define AXIS(id, what) #id,
#define VALUE(axis, id, word, what)
#include "world/axes.def"
#undef AXIS
#undef VALUE
};

const char *world_axis_name(unsigned int axis)
{
	return axis_names[axis];
}

u32 world_mix(u32 hash, u32 word)
{
	const u32 prime = 0x9e3779b1;

	hash = (hash ^ word) * prime;
	return hash ^ hash >> 15;
}

bool world_takes(struct world_selection *s, const struct point *point)
{
	for (unsigned int axis = 0; s->axes && axis < AXIS_COUNT; axis++)
		if (!(s->axes >> axis & 1) && point->values[axis] != world_usual(axis))
			return false;
	if (s->sample && world_mix(s->seed, world_hash(point)) % s->sample)
		return false;
	s->place++;
	return s->place >= s->from && (!s->to || s->place <= s->to);
}

static bool same_letter(char a, char b)
{
	const char to_capital = 'a' - 'A';

	if (a >= 'a' && a <= 'z')
		a -= to_capital;
	return a == b || (a == '-' && b == '_');
}

/* What follows @name in @list: "" or ",...". NULL: @list does not begin with it. */
static const char *after_name(const char *list, const char *name)
{
	while (*name && same_letter(*list, *name))
		list++, name++;
	return *name || (*list && *list != ',') ? NULL : list;
}

const char *world_read_axes(const char *list, u32 *axes)
{
	*axes = 0;
	for (;;) {
		const char *rest = NULL;
		unsigned int axis = 0;

		while (axis < AXIS_COUNT && !(rest = after_name(list, axis_names[axis])))
			axis++;
		if (!rest)
			return list;
		*axes |= 1u << axis;
		if (!*rest)
			return NULL;
		list = rest + 1;
	}
}
