/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Fisher-Yates shuffle with a linear congruential generator of 32 bits, of whose numbers the
 * upper half is used: the lower bits repeat too soon. Pure, also built and tested on the host.
 */
#include "boot/shuffle.h"

enum {
	MULTIPLIER = 1664525,
	INCREMENT = 1013904223,
	USED_FROM = 16,
};

void shuffle(u16 *places, size_t n, u32 seed)
{
	for (size_t left = n; left > 1; left--) {
		size_t chosen;
		u16 last = places[left - 1];

		seed = seed * MULTIPLIER + INCREMENT;
		chosen = (seed >> USED_FROM) % left;
		places[left - 1] = places[chosen];
		places[chosen] = last;
	}
}
