/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See mutate.h. The places where a mutation acts ask for it by name: scene.c, case.c, desc.c,
 * timer.c, nmi.c, debug.c.
 */
#include "base/mutate.h"
#include "boot/args.h"
#include "machine/percpu.h"
#include "base/string.h"

enum mutation mutation_named(const char *name)
{
	static const char *const names[MUTATE_COUNT] = {
		[MUTATE_NO_EVENT] = "no-event",
		[MUTATE_LATE] = "late",
		[MUTATE_NO_INSTRUCTION] = "no-instruction",
		[MUTATE_OTHER_GATE] = "other-gate",
		[MUTATE_IF_CLEAR] = "if-clear",
		[MUTATE_NO_BREAKPOINT] = "no-breakpoint",
	};

	for (int i = MUTATE_NOTHING + 1; i < MUTATE_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return MUTATE_NOTHING;
}

bool mutated(enum mutation mutation)
{
	return this_cpu.args && this_cpu.args->mutate == mutation;
}
