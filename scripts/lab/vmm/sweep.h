/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every boundary of a case's scenes, coarse to fine: the case is played again and again, each time
 * migrated at another moment.
 */
#ifndef ORDEAL_VMM_SWEEP_H
#define ORDEAL_VMM_SWEEP_H

#include "play.h"

/*
 * Plays the case from there, by replay_once(), which begins there too: at every time, or, with
 * MOVE_AT_TIME, at this one.
 */
void sweep_case(struct beginning *from, struct move_order order);

#endif
