/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace is the event log in order of delivery. Handlers append to the log as their first act, but
 * an event that is delivered on a handler's first instructions runs, and is logged, before that
 * handler's own record. The frames tell: its saved RIP lies in a handler's prologue, and its saved
 * RSP is that of the frame the interrupted handler was entered on.
 *
 * Two places are relations to other events of the trace, and the trace decides them. "The first
 * instruction of a vector's handler" is that of the event whose frame says so, as above. "After
 * IRET" is where the handler of an earlier exception returned to, which that handler has recorded,
 * unless the place is a step of the scene: it then goes by the step's name.
 */
#ifndef ORDEAL_TRACE_H
#define ORDEAL_TRACE_H

#include "order/layout.h"
#include "order/log.h"

struct event {
	const struct log_entry *entry;
	u16 place; /* where other events tell: PLACE_ENTRY | vector, PLACE_AFTER_IRET; else 0 */
};

struct trace {
	size_t count;
	struct event events[LOG_CAPACITY];
};

/* Orders @n log entries and relates them to each other. @trace points into @log. */
void trace_read(struct trace *trace, const struct layout *layout, const struct log_entry *log,
		size_t n);

/* Where @event came, by what other events tell and else by its address. */
struct position event_position(const struct event *event, const struct layout *layout);

/* Is @event at @place, exactly? */
bool event_is_at(const struct event *event, const struct layout *layout, int place);

/* Appends one event: "IRQ(0x40)@RDMSR[if=1,rf=0]". */
void event_format(struct text *text, const struct layout *layout, const struct event *event);

/* Appends the whole trace, joined by "; ". */
void trace_format(struct text *text, const struct layout *layout, const struct trace *trace);

#endif
