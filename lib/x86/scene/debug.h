/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breakpoints of a case: the debug address registers and DR7. stage_reset() takes them all back.
 * "Debug Registers", "Debug Exceptions" of the Intel SDM; "Debug Registers" of the AMD APM, volume
 * 2.
 */
#ifndef ORDEAL_DEBUG_H
#define ORDEAL_DEBUG_H

#include "base/types.h"

struct frame;
struct log_entry;
struct scene;

enum watch_kind {
	WATCH_EXECUTE = 0,
	WATCH_WRITE = 1,
	WATCH_IO = 2, /* sets CR4.DE */
	WATCH_ACCESS = 3,
};

/* Breakpoint @n (0..3) on @bytes (1, 2, 4 or 8) at @address, which is aligned to that. */
void watch(unsigned int n, enum watch_kind kind, u64 address, unsigned int bytes);

/* Sets DR7.GD: from now on every MOV from or to a debug register raises #DB, until one has. */
void debug_guard(void);

/*
 * For a guest, whose DR7 is not yet the processor's: as debug_guard(), but writes no register.
 * Returns what the guest's DR7 is to be.
 */
u64 debug_guard_of_guest(void);

/*
 * An on_delivery: the handler returns with TF=0, so that single-stepping ends with the first event.
 */
void step_once(struct scene *scene, struct frame *frame, struct log_entry *entry);

void debug_reset(void);

/* Breakpoint @n as watch() armed it, in the model's terms. */
struct breakpoint;
struct breakpoint debug_breakpoint(unsigned int n);

/* Has debug_guard() been called? */
bool debug_guarded(void);

/*
 * What the handler of #DB does once it is in the log: clears DR6, which the processor never does;
 * lets the instruction run if a breakpoint on it was the cause (RF); and ends single-stepping at
 * the landing. A trap of TF comes before a breakpoint on the next instruction: if DR6 reports both,
 * the breakpoint is still to come, and RF stays as it is.
 */
void debug_delivered(const struct scene *scene, struct frame *frame, const struct log_entry *entry);

#endif
