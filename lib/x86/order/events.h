/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events and interruptibility as both vendors can say them. An event is one 64-bit value: bits 31:0
 * are laid out alike by VMX ("VM-Entry Controls for Event Injection") and SVM ("EVENTINJ"), and
 * bits 63:32 carry the error code.
 */
#ifndef ORDEAL_EVENTS_H
#define ORDEAL_EVENTS_H

#include "base/types.h"

enum exit_reason {
	EXIT_NONE,
#define EXIT_NAME(name) EXIT_##name,
#include "order/exits.def"
#undef EXIT_NAME
	EXIT_REASON_COUNT,
};

enum event_type {
	EVENT_INTR = 0,
	EVENT_NMI = 2,
	EVENT_EXCEPTION = 3,
	EVENT_SOFT_INT = 4,
	EVENT_PRIVILEGED_SOFT_EXCEPTION = 5, /* VMX only: INT1 */
	EVENT_SOFT_EXCEPTION = 6,	     /* VMX only: INT3, INTO */
	EVENT_OTHER = 7,		     /* VMX only: a pending MTF exit */
};

#define EVENT_VECTOR(e) ((u8)(e))
#define EVENT_TYPE(e)	((enum event_type)((e) >> 8 & 7))
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_VALID	BIT(31)
#define EVENT_ERROR(e)	((u32)((e) >> 32))

static inline u64 event_make(enum event_type type, u8 vector)
{
	return EVENT_VALID | (u64)type << 8 | vector;
}

static inline u64 event_with_error(u64 event, u32 error)
{
	return event | EVENT_HAS_ERROR | (u64)error << 32;
}

/* Interruptibility. SVM's one shadow bit does not tell STI from MOV SS. */
enum guest_state {
	STATE_BLOCKED_BY_STI = 1 << 0,
	STATE_BLOCKED_BY_MOV_SS = 1 << 1,
	STATE_BLOCKED_BY_SMI = 1 << 2,
	STATE_BLOCKED_BY_NMI = 1 << 3,
	STATE_SHADOW = 1 << 4,
	STATE_LAST = STATE_SHADOW,
};

#endif
