/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutations of the stage: the guest argument mutate=NAME changes every scene, or what is pending,
 * in one way. A case that passes all the same asserts nothing about what was changed; a case that
 * survives every mutation asserts nothing at all. `make mutants` counts them.
 */
#ifndef ORDEAL_MUTATE_H
#define ORDEAL_MUTATE_H

#include "base/types.h"

enum mutation {
	MUTATE_NOTHING,
	MUTATE_NO_EVENT,       /* nothing is made pending: no self-IPI, no timer, no NMI */
	MUTATE_LATE,	       /* a NOP stands before the first labelled step */
	MUTATE_NO_INSTRUCTION, /* the first labelled step is a NOP */
	MUTATE_OTHER_GATE,     /* trap gates for interrupt gates, and the other way round */
	MUTATE_IF_CLEAR,       /* STI does nothing, and scenes begin with IF=0 */
	MUTATE_NO_BREAKPOINT,  /* breakpoints are not armed */
	MUTATE_COUNT,
};

/* Is this run mutated so? */
bool mutated(enum mutation mutation);

/* Value of mutate=; MUTATE_NOTHING if it is no mutation's name. */
enum mutation mutation_named(const char *name);

#endif
