/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the pure parts of lib/x86 need of a machine, faked on the host; and short ways to write down
 * scenes and log entries. The fragments, the scene builder and the entry stubs are the real ones,
 * so that addresses and offsets are real too; nothing of them is executed.
 */
#ifndef ORDEAL_TESTS_MACHINE_H
#define ORDEAL_TESTS_MACHINE_H

#include "check.h"

#include "stage/case.h"
#include "order/trace.h"
#include "order/vectors.h"

/* A stack of the fake machine: RSP on the first instruction of a handler that is entered on it. */
enum {
	STACK = 0x10000,
	STACK_IST = 0x20000,
	FRAME_BYTES = 40,
};

/* The scene that the_scene() gives is this one. */
extern struct scene fake_scene;

/* How the LAPIC's timer behaves, and the initial count that was written last. */
enum fake_timer {
	TIMER_RUNS,
	TIMER_MISSING,
};
extern enum fake_timer fake_timer;
extern u32 fake_timer_initial;

/* Address of byte @offset of the handler's code of @vector. */
u64 entry_of(u8 vector, u64 offset);

/* An entry of the log: a delivery of @vector at @rip, with IF=1, on STACK. */
struct log_entry delivery(u8 vector, u64 rip);

/* The same of a maskable interrupt from the LAPIC. */
struct log_entry irq(u8 vector, u64 rip);

/* Entered while RSP was @rsp, on the stack whose frame is @frame. */
struct log_entry on_stack(struct log_entry entry, u64 rsp, u64 frame);

/* An exit or entry of the guest. */
struct log_entry transition(enum log_kind kind, u64 rip, u64 rsp);

#endif
