/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What disturbs a case: strays (scene/handler.c), which are counted; and those that argument noise=
 * asks for, to show that they are.
 */
#ifndef ORDEAL_NOISE_H
#define ORDEAL_NOISE_H

#include "base/types.h"

/* Events of nobody's: at the first attempt of each case or, in the plural, at every attempt. */
enum noise {
	NOISE_NONE,
	NOISE_NMI,
	NOISE_NMIS,
	NOISE_VECTOR,
	NOISE_VECTORS,
};

/* From now on cases are disturbed in this way. */
void noise_set(enum noise noise);

/*
 * A case begins, on a clean stage: strays are counted from now on. @attempt: how often it was
 * played before.
 */
void noise_begin(unsigned int attempt);

/* How many there were since then, with one that waits in the LAPIC. */
u32 noise_heard(void);

#endif
