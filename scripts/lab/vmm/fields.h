/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which field of a saved state a virtual machine did not keep.
 */
#ifndef ORDEAL_VMM_FIELDS_H
#define ORDEAL_VMM_FIELDS_H

#include "state.h"

/*
 * Writes the fields that differ, with both values, as far as they fit. Fields that count time are
 * left out. Returns how many differ.
 */
size_t fields_difference(const struct state *before, const struct state *after, char *text,
			 size_t size);

#endif
