/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of the generated world, as a person may have misspelt them.
 */
#ifndef ORDEAL_EXPLAIN_NAMES_H
#define ORDEAL_EXPLAIN_NAMES_H

#include "world/world.h"

/* The situation of this name. NULL, or what is wrong with it, with the names that are near. */
const char *read_name(const char *name, struct point *point);

/* Reads "STI.RDMSR" in the same way. */
const char *read_block(const char *name, struct point *first);

/* Reads the arguments of a guest that select situations ("sample=16", "axes=TF"). */
const char *read_selection(struct world_selection *selection, char **words, int n);

#endif
