/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest runs until it leaves for this program, which answers its port and memory accesses.
 * The guest has a COM1 to write to and no other device: other ports read as all ones.
 */
#ifndef ORDEAL_VMM_RUN_H
#define ORDEAL_VMM_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include "vm.h"

/* What the guest says about its stage, in its memory; see struct console_block of the guest. */
struct stage_words {
	uint64_t playing; /* not 0 while a scene is on stage */
	uint64_t began;	  /* the guest's TSC when the case's first scene began; 0 before */
	uint64_t ended;	  /* and when its latest scene ended */
};

/*
 * Enters the guest once. Returns true after an exit that was answered, false if a signal came or
 * run->immediate_exit was set. Ends this program if the guest has ended.
 */
bool vm_run(const struct vm *vm);

/*
 * Finishes the instruction whose access was answered: KVM does so at the next KVM_RUN, and its
 * state is not whole before ("KVM_RUN", immediate_exit). The guest executes nothing else.
 */
void vm_complete(const struct vm *vm);

/* The guest's words about its stage; all 0 before it has said where they are. */
struct stage_words vm_stage(const struct vm *vm);

#endif
