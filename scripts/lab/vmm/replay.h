/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every case is played as it comes, and then again from where it began, migrated. The plays must
 * be the same. Lines with the tag tell the runner (scripts/ordeal/platforms/lab/relay.py):
 *
 *	TAG UNABLE IOCTL			this kernel lacks it: nothing is played again
 *	TAG MOVED CASE KEY=NUMBER...		what the plays of this case were
 *	TAG DIFFERS CASE AT RIP MOMENTS | FIELDS | WHAT | TRACE
 *						one play that was not the same
 *	TAG KICKED (as DIFFERS)			one that is not the same without a migration either
 */
#ifndef ORDEAL_VMM_REPLAY_H
#define ORDEAL_VMM_REPLAY_H

#include "play.h"

#define REPLAY_WHEN                                                                                \
	"every-exit, exit:N (only at exit N of each case), N (ns after a case began), sweep"

/* Reads WHEN; false if it is none of the above. */
bool replay_parse(const char *text, struct move_order *order);

/* Finds out what this kernel can save. False, and says so, if that is not all. */
bool replay_open(const struct vm *vm);

/* Keeps the state of the guest, which has just begun a case. */
void replay_prepare(const struct vm *vm);

/* Plays the case again, which is over. */
void replay_case(struct move_order order);

/* For sweep.c: one play, counted, and reported if it differs. Returns its result. */
const struct play *replay_once(struct move_order order);

/* The nanoseconds that so many ticks of the guest's TSC take. */
uint64_t replay_ns(uint64_t ticks);

/* Says that there were more times than the sweep's budget. */
void replay_incomplete(void);

/* One more boundary that no play of this case had been moved at. */
void replay_new_boundary(void);

#endif
