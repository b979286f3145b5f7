/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutations of the stage: the guest argument mutate=NAME changes every scene, or what is pending,
 * in one way (mutate.def). A case that still passes asserts nothing about what was changed; a case
 * that survives every mutation asserts nothing at all. `make mutants` counts them.
 */
#ifndef ORDEAL_MUTATE_H
#define ORDEAL_MUTATE_H

#include "base/types.h"

enum mutation {
	MUTATE_NOTHING,
#define MUTATION(id, name, what) MUTATE_##id,
#include "base/mutate.def"
#undef MUTATION
	MUTATE_COUNT,
};

/* Changes the stage in this way until the boot is over. */
void mutate(enum mutation mutation);

/* Is the stage changed in this way? */
bool mutated(enum mutation mutation);

/* The mutation that mutate=@name asks for; MUTATE_NOTHING if there is no such mutation. */
enum mutation mutation_named(const char *name);

#endif
