/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace is the event log in order of delivery. Handlers append to the log as their first act, but
 * an event that is delivered on a handler's first instructions runs, and is logged, before that
 * handler's own record. The frames tell: its saved RIP lies in a stub's prologue, and its saved RSP
 * is that of the frame the interrupted handler was entered on.
 */
#ifndef ORDEAL_TRACE_H
#define ORDEAL_TRACE_H

#include "order/layout.h"
#include "order/log.h"

struct trace {
	size_t count;
	const struct log_entry *events[LOG_CAPACITY];
};

/* Orders @n log entries. @trace points into @log. */
void trace_read(struct trace *trace, const struct layout *layout, const struct log_entry *log,
		size_t n);

/* Appends one event: "IRQ(0x40)@RDMSR[if=1,rf=0]". @after_fault: see layout_name(). */
void event_format(struct text *text, const struct layout *layout, const struct log_entry *event,
		  bool after_fault);

/* Appends the whole trace, joined by "; ". */
void trace_format(struct text *text, const struct layout *layout, const struct trace *trace);

/* Is it a delivered exception of the fault or trap kind, whose handler goes on at the landing? */
bool event_is_exception(const struct log_entry *event);

/* Do both hold the same deliveries at the same places? For counting the orders of a sweep. */
bool trace_same_order(const struct trace *a, const struct trace *b);

#endif
