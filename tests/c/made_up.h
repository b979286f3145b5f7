/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A made-up layout, 16 bytes for each step, and short ways to write down log entries on it: all
 * that order/ needs of a scene and of a machine.
 */
#ifndef ORDEAL_TESTS_MADE_UP_H
#define ORDEAL_TESTS_MADE_UP_H

#include "check.h"

#include "order/log.h"
#include "order/trace.h"
#include "order/vectors.h"
#include "stage/dialect.h"

enum {
	FIRST_STEP = 0x1000,
	STEP_BYTES = 16,
	STUBS = 0x80000,

	/* RSP on the first instruction of a handler that is entered on this stack */
	STACK = 0x10000,
	STACK_IST = 0x20000,
	FRAME_BYTES = 40,
};

extern struct layout made_up;

/* Lays out these steps. */
#define lay_out(...)                                                                               \
	make_up((const u16[]){ __VA_ARGS__ }, sizeof((const u16[]){ __VA_ARGS__ }) / sizeof(u16))
void make_up(const u16 *steps, size_t n);

/* Address of a place. */
u64 at(int place);

/* Address of byte @offset of the handler's code of @vector. */
u64 entry_of(u8 vector, u64 offset);

/* An entry of the log: a delivery of @vector at @rip, with IF=1, on STACK. */
struct log_entry delivery(u8 vector, u64 rip);

/* The delivery of a maskable interrupt from the LAPIC, with IF=1, on STACK. */
struct log_entry irq(u8 vector, u64 rip);

/* Entered while RSP was @rsp, on the stack whose frame is @frame. */
struct log_entry on_stack(struct log_entry entry, u64 rsp, u64 frame);

/* Its handler returned to @resume. */
struct log_entry returns(struct log_entry entry, u64 resume);

/* An exit or entry of the guest. */
struct log_entry transition(enum log_kind kind, u64 rip, u64 rsp);

#endif
