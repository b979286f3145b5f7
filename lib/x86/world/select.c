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
	if (!((s->then ? s->then : 1) >> (point->values[AXIS_THEN] - THEN_USUAL) & 1))
		return false;
	for (unsigned int axis = AXIS_THEN + 1; s->axes && axis < AXIS_COUNT; axis++)
		if (!(s->axes >> axis & 1) && point->values[axis] != world_usual(axis))
			return false;
	if (s->sample && world_mix(s->seed, world_next_hash(&s->before, point)) % s->sample)
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
		unsigned int axis = AXIS_THEN + 1;

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

_Static_assert(CPL_USUAL - THEN_USUAL <= 64, "a bit for each value of THEN");

const char *world_read_followers(const char *list, u64 *then)
{
	const size_t before = sizeof("then-") - 1;
	const char *rest = after_name(list, "ALL");

	*then = (1ull << (CPL_USUAL - THEN_USUAL)) - 2; /* but for the usual one */
	if (rest && !*rest)
		return NULL;
	*then = 0;
	for (;; list = rest + 1) {
		unsigned int v = THEN_USUAL + 1;

		while (v < CPL_USUAL &&
		       (v == THEN_NOP || !(rest = after_name(list, world_word(v) + before))))
			v++;
		if (v == CPL_USUAL)
			return list;
		*then |= 1ull << (v - THEN_USUAL);
		if (!*rest)
			return NULL;
	}
}
