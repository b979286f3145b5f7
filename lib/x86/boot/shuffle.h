/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another order of the cases, the same for the same seed: a case's verdict must not depend on what
 * ran before it. The runner computes this order, too (scripts/ordeal/plan/shuffle.py).
 */
#ifndef ORDEAL_SHUFFLE_H
#define ORDEAL_SHUFFLE_H

#include "base/types.h"

/* Puts the @n entries of @places into the order that belongs to @seed. */
void shuffle(u16 *places, size_t n, u32 seed);

#endif
