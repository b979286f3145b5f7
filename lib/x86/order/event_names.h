/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the shim's exits and entries are written in a trace.
 */
#ifndef ORDEAL_EVENT_NAMES_H
#define ORDEAL_EVENT_NAMES_H

#include "order/log.h"
#include "base/text.h"

/* Appends "EXIT(RDMSR)"; with the event whose delivery it interrupted, "EXIT(EPT_VIOLATION)". */
void event_exit_format(struct text *text, const struct log_entry *event);

/* Appends "ENTRY" or "ENTRY(#GP(0))". */
void event_entry_format(struct text *text, const struct log_entry *event);

/* "sti" for STATE_BLOCKED_BY_STI; "?" for what is not one bit of enum guest_state. */
const char *event_state_name(u64 bit);

/* Appends interruptibility, "[sti=1]"; nothing if no bit is set. */
void event_state_format(struct text *text, u64 state);

/* Appends an injected or interrupted event (order/events.h): "#GP(0x0)", "INTR(0x40)". */
void event_value_format(struct text *text, u64 event);

/* "RDMSR" for EXIT_RDMSR; "?" for a number that is none. */
const char *exit_reason_name(u32 reason);

#endif
