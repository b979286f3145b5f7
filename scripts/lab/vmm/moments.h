/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boundary at which a virtual CPU was saved: what was true of it there, and whether two
 * boundaries are the same.
 */
#ifndef ORDEAL_VMM_MOMENTS_H
#define ORDEAL_VMM_MOMENTS_H

#include "state.h"

enum {
	MOMENT_COUNT = 13,
};

extern const char *const moment_names[MOMENT_COUNT];

/* Bit n: moment_names[n] holds. */
uint32_t moments_of(const struct state *state);

/*
 * A number for the boundary, the same whenever the guest is at it.
 * @exits: how often the guest had left for this program before.
 */
uint64_t moments_boundary(const struct state *state, uint64_t exits);

#endif
