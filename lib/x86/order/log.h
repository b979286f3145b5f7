/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorder: one fixed log for everything, in the order in which it was recorded. Entry stubs
 * (entry.S) reserve a slot with one locked instruction and then fill it; the hypervisor shim
 * appends its exits and entries to the same log. The order of *recording* is not yet the order of
 * *delivery*: an interrupt that is delivered on the first instruction of another handler is
 * recorded first. trace.h recovers the order of delivery.
 */
#ifndef ORDEAL_LOG_H
#define ORDEAL_LOG_H

#include "order/log_layout.h"
#include "base/types.h"

enum log_kind {
	LOG_DELIVERY = LOG_KIND_DELIVERY, /* a handler was entered */
	LOG_EXIT,			  /* the guest left to the shim */
	LOG_ENTRY,			  /* the shim entered the guest */
};

struct log_entry {
	u8 kind;
	u8 vector;     /* DELIVERY: the vector whose stub ran */
	u8 in_service; /* DELIVERY of 32..255: the LAPIC's ISR bit was set: a real interrupt */
	u8 ist;	       /* DELIVERY: the interrupt stack it ran on, IST_*; 0: on none */
	u32 reason;    /* EXIT: neutral reason (hv.h) */
	u64 error;     /* DELIVERY: error code, if the vector has one. EXIT: qualification */
	u64 rip;       /* saved RIP; for EXIT and ENTRY the guest's RIP */
	u64 cs;
	u64 rflags;
	u64 rsp; /* saved RSP; for EXIT and ENTRY the guest's RSP */
	u64 ss;
	u64 frame; /* DELIVERY: RSP on the stub's first instruction */
	u64 cr2;
	u64 dr6;    /* DELIVERY of #DB only */
	u64 state;  /* EXIT, ENTRY: interruptibility, as hv.h names its bits */
	u64 event;  /* EXIT: the event whose delivery it interrupted. ENTRY: the injected one */
	u64 resume; /* DELIVERY: where its handler returned to; 0 if it has not */
	u64 spare[3];
};

struct event_log {
	volatile u32 count; /* slots reserved; may exceed LOG_CAPACITY: then the log overflowed */
	u32 unused[31];
	struct log_entry entries[LOG_CAPACITY];
};

extern struct event_log event_log;

static inline void log_clear(void)
{
	event_log.count = 0;
}

/* Takes back all but the first @n entries. */
static inline void log_truncate(size_t n)
{
	event_log.count = (u32)n;
}

/* Takes back @entry, if it is the last one; NULL: the one for which there was no room. */
static inline void log_take_back(const struct log_entry *entry)
{
	if (!entry || entry == &event_log.entries[event_log.count - 1])
		event_log.count--;
}

/* Number of entries that are really there. */
static inline size_t log_count(void)
{
	return event_log.count < LOG_CAPACITY ? event_log.count : LOG_CAPACITY;
}

static inline bool log_overflowed(void)
{
	return event_log.count > LOG_CAPACITY;
}

/* Reserves a slot for the shim's own entries, as entry.S does for handlers; its content is stale.
 * NULL if the log is full (log_overflowed() then). */
static ALWAYS_INLINE struct log_entry *log_reserve(void)
{
	u32 slot = __atomic_fetch_add(&event_log.count, 1, __ATOMIC_SEQ_CST);

	return slot < LOG_CAPACITY ? &event_log.entries[slot] : NULL;
}

#endif
