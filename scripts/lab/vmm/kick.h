/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kick: a signal that makes KVM_RUN return at a chosen time. Under an emulator whose time is the
 * number of instructions, the time is an instruction of the whole stack.
 */
#ifndef ORDEAL_VMM_KICK_H
#define ORDEAL_VMM_KICK_H

#include <stdbool.h>
#include "vm.h"

/* Kicks this machine @ns nanoseconds after the call returns. */
void kick_arm(const struct vm *vm, uint64_t ns);

/* The nanoseconds of one instruction of this program, at least 1: kicks are no finer. */
uint64_t kick_resolution(void);

/* No kick will come any more; one that has come is forgotten. */
void kick_disarm(const struct vm *vm);

/*
 * Sleeps until just after the kernel's next tick. What follows in the next milliseconds takes the
 * same time whenever it is done, because no tick comes between.
 */
void kick_wait_for_tick(void);

bool kick_came(void);

/* Kills this process after so many nanoseconds from now, by SIGALRM. */
void kick_limit(uint64_t ns);

uint64_t kick_clock(void);

#endif
