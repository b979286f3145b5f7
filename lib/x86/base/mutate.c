/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one mutation of this boot. Each place where it acts asks mutated(): `git grep -w mutated`.
 */
#include "base/mutate.h"
#include "base/string.h"

static enum mutation current;

enum mutation mutation_named(const char *name)
{
	static const char *const names[MUTATE_COUNT] = {
#define MUTATION(id, name, what) [MUTATE_##id] = name,
#include "base/mutate.def"
#undef MUTATION
	};

	for (int i = MUTATE_NOTHING + 1; i < MUTATE_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return MUTATE_NOTHING;
}

void mutate(enum mutation mutation)
{
	current = mutation;
}

bool mutated(enum mutation mutation)
{
	return current == mutation;
}
