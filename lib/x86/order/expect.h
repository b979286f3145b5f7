/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a case expects: a list of wants, one for each event in order of delivery. A want names the
 * event and what else about it the architecture promises; what is not named is not asserted.
 * stage/dialect.h has the words in which cases write them.
 */
#ifndef ORDEAL_EXPECT_H
#define ORDEAL_EXPECT_H

#include "order/events.h"
#include "order/layout.h"
#include "order/trace.h"

enum want_kind {
	WANT_NONE,
	WANT_IRQ, /* a maskable interrupt that came through the LAPIC: its ISR bit was set */
	WANT_INT, /* a vector of 32..255 that did not: INT n, or injected by the shim */
	WANT_NMI,
	WANT_EXCEPTION,
	WANT_EXIT,
	WANT_ENTRY,
};

enum want_flag {
	FLAG_ANY = 0,
	FLAG_CLEAR,
	FLAG_SET,
};

enum want_cr2 {
	CR2_ANY = 0,
	CR2_EXACT,
	CR2_SAME_PAGE,
};

struct want {
	u8 kind; /* enum want_kind */
	u8 vector;
	u8 if_, rf, tf; /* of the saved RFLAGS: enum want_flag */
	u8 cpl;		/* saved CPL + 1; 0: not asserted */
	u8 ist;		/* the handler must run on this interrupt stack; 0: not asserted */
	u8 reason;	/* WANT_EXIT: enum exit_reason */
	u16 at;		/* a place; PLACE_ANY: not asserted */
	bool check_error, check_event;
	u8 check_cr2;		   /* enum want_cr2 */
	u8 state_set, state_clear; /* enum guest_state: bits that must and must not be there */
	u16 dr6_set, dr6_clear;	   /* bits of DR6 that must and must not be there */
	u32 error;
	u64 cr2;
	u64 event; /* WANT_ENTRY: injected; WANT_EXIT: interrupted delivery; 0: none */
};

/* NULL if @event is what @want says, else the name of the first thing that differs. */
const char *want_mismatch(const struct want *want, const struct layout *layout,
			  const struct event *event);

/* Index of the first want or event that differs, or -1 if the whole trace is as wanted. */
int trace_mismatch(const struct want *wants, size_t n, const struct layout *layout,
		   const struct trace *trace);

/* Appends one want, with only what it asserts: "IRQ(0x40)@RDMSR[if=1]". */
void want_format(struct text *text, const struct layout *layout, const struct want *want);

/* Appends all wants, joined by "; ". */
void wants_format(struct text *text, const struct layout *layout, const struct want *wants,
		  size_t n);

#endif
