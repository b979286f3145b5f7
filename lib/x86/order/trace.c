/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order of delivery from saved RSPs, and the notation of docs/results.md.
 */
#include "order/trace.h"
#include "base/bits.h"
#include "base/string.h"
#include "order/event_names.h"
#include "base/text.h"
#include "order/vectors.h"

enum {
	PROLOGUE_PUSHES = 24, /* bytes a handler may have pushed before it has its slot */
	HANDLER_STACK = 1024, /* bytes: more than a handler that returns has ever on its stack */
};

/* Does @rip lie where no handler has its slot in the log yet? */
static bool in_any_prologue(const struct layout *layout, u64 rip)
{
	return rip - layout->stubs < layout->recorded - layout->stubs;
}

/* May @rip be in the prologue of the handler of @vector? */
static bool in_prologue(const struct layout *layout, u64 rip, u8 vector)
{
	u16 place = layout_position(layout, rip).place;

	return place == (PLACE_ENTRY | vector) || place == PLACE_PROLOGUE;
}

/* The handler that @child interrupted before it could record itself, or @n. */
static size_t interrupted_handler(const struct layout *layout, const struct log_entry *log,
				  size_t n, size_t child)
{
	for (size_t i = child + 1; i < n; i++)
		if (log[i].kind == LOG_DELIVERY && log[i].frame >= log[child].rsp &&
		    log[i].frame - log[child].rsp <= PROLOGUE_PUSHES &&
		    in_prologue(layout, log[child].rip, log[i].vector))
			return i;
	return n;
}

/* Is it the delivery of an exception, and not that of an NMI or an interrupt? */
static bool is_exception(const struct log_entry *entry)
{
	return entry->kind == LOG_DELIVERY && entry->vector < FIRST_IRQ_VECTOR &&
	       exception_mnemonic(entry->vector);
}

/* Did @entry come while @handler, entered before it on the same stack, was running? */
static bool came_inside(const struct log_entry *entry, const struct log_entry *handler)
{
	return handler->frame >= entry->rsp && handler->frame - entry->rsp < HANDLER_STACK;
}

/* Does @rip, which lies at @place, lie where a handler returned to, by the address @resume? */
static bool is_return(const struct layout *layout, u64 rip, u16 place, u64 resume)
{
	return resume == layout->landing ? place == PLACE_LANDING
					 : place == PLACE_OUTSIDE && rip == resume;
}

static void find_returns(struct trace *trace, const struct layout *layout)
{
	for (size_t n = 1; n < trace->count; n++) {
		struct event *event = &trace->events[n];
		u64 rip = event->entry->rip;
		u16 place;

		/* Most events came at a step, which goes by its own name. */
		if (event->place || (rip >= layout->addresses[0] && rip < layout->landing))
			continue;
		place = layout_position(layout, rip).place;
		if (place != PLACE_LANDING && place != PLACE_OUTSIDE)
			continue;
		for (size_t i = 0; i < n && !event->place; i++) {
			const struct log_entry *before = trace->events[i].entry;

			if (is_return(layout, rip, place, before->resume) &&
			    !came_inside(event->entry, before) && is_exception(before))
				event->place = PLACE_AFTER_IRET;
		}
	}
}

/*
 * Where each vector has its own stub, the address alone tells the vector, whether or not the
 * handler has recorded itself. Where all handlers begin at one address, the vector is that of
 * @handler, the one that was interrupted; NULL if it never recorded itself.
 */
static u16 entry_of(const struct layout *layout, const struct log_entry *entry,
		    const struct log_entry *handler)
{
	if (layout->stub_size || !handler || !in_prologue(layout, entry->rip, handler->vector))
		return PLACE_ANY;
	return PLACE_ENTRY | handler->vector;
}

static void append(struct trace *trace, const struct log_entry *entry, u16 place)
{
	trace->events[trace->count++] = (struct event){ entry, place };
}

/*
 * Appends the handler that log entry @child interrupted, and what that one interrupted, each before
 * the one that was recorded earlier; and then @child.
 */
static void append_chain(struct trace *trace, const struct layout *layout,
			 const struct log_entry *log, size_t n, size_t child, bool *placed)
{
	const struct log_entry *handler = NULL;
	size_t chain[LOG_CAPACITY];
	size_t depth = 0, at = child;

	/* Each link of the chain was delivered before the one above it. */
	for (; at < n && !placed[at]; at = interrupted_handler(layout, log, n, at)) {
		chain[depth++] = at;
		placed[at] = true;
	}
	if (at < n)
		handler = &log[at];
	while (depth > 0) {
		const struct log_entry *entry = &log[chain[--depth]];

		append(trace, entry, entry_of(layout, entry, handler));
		handler = entry;
	}
}

/* From log entry @i on, where a handler was interrupted before it could record itself. */
static void append_in_order(struct trace *trace, const struct layout *layout,
			    const struct log_entry *log, size_t n, size_t i)
{
	bool placed[LOG_CAPACITY];

	memset(placed, false, n * sizeof(*placed));
	for (; i < n; i++) {
		if (placed[i])
			continue;
		if (in_any_prologue(layout, log[i].rip))
			append_chain(trace, layout, log, n, i, placed);
		else
			append(trace, &log[i], PLACE_ANY);
	}
}

void trace_read(struct trace *trace, const struct layout *layout, const struct log_entry *log,
		size_t n)
{
	/* Most events interrupted no handler so early: the order is that of recording. */
	trace->count = 0;
	while (trace->count < n && !in_any_prologue(layout, log[trace->count].rip))
		append(trace, &log[trace->count], PLACE_ANY);
	if (trace->count < n)
		append_in_order(trace, layout, log, n, trace->count);
	find_returns(trace, layout);
}

struct position event_position(const struct event *event, const struct layout *layout)
{
	struct position position = layout_position(layout, event->entry->rip);

	if (event->place == PLACE_AFTER_IRET && position.place == PLACE_OUTSIDE)
		position.offset = 0;
	if (event->place)
		position.place = event->place;
	return position;
}

bool event_is_at(const struct event *event, const struct layout *layout, int place)
{
	if (event->place || place == PLACE_AFTER_IRET)
		return event->place == place && !event_position(event, layout).offset;
	if (place & PLACE_ENTRY && !layout->stub_size)
		return false; /* nothing tells whose entry it is */
	return place && event->entry->rip == layout_address(layout, place);
}

static void format_delivery(struct text *text, const struct log_entry *event)
{
	const char *mnemonic = exception_mnemonic(event->vector);

	if (event->vector == NMI_VECTOR)
		text_add(text, "NMI");
	else if (!mnemonic)
		text_add(text, "%s(%#x)", event->in_service ? "IRQ" : "INT", event->vector);
	else if (vector_has_error_code(event->vector))
		text_add(text, "%s(%#lx)", mnemonic, event->error);
	else
		text_add(text, "%s", mnemonic);
}

static void format_details(struct text *text, const struct log_entry *event)
{
	if (event->kind != LOG_DELIVERY) {
		event_state_format(text, event->state);
		return;
	}
	text_add(text, "[if=%d,rf=%d", !!(event->rflags & RFLAGS_IF),
		 !!(event->rflags & RFLAGS_RF));
	if (event->rflags & RFLAGS_TF)
		text_add(text, ",tf=1");
	if (event->cs & SEL_RPL3)
		text_add(text, ",cpl=%lu", event->cs & SEL_RPL3);
	if (event->vector == PF_VECTOR)
		text_add(text, ",cr2=%#lx", event->cr2);
	if (event->vector == DB_VECTOR)
		text_add(text, ",dr6=%#lx", event->dr6);
	if (event->ist)
		text_add(text, ",ist=%u", event->ist);
	text_add(text, "]");
}

void event_format(struct text *text, const struct layout *layout, const struct event *event)
{
	const struct log_entry *entry = event->entry;

	if (entry->kind == LOG_EXIT)
		event_exit_format(text, entry);
	else if (entry->kind == LOG_ENTRY)
		event_entry_format(text, entry);
	else
		format_delivery(text, entry);
	text_add(text, "@");
	layout_name(layout, text, event_position(event, layout));
	format_details(text, entry);
}

void trace_format(struct text *text, const struct layout *layout, const struct trace *trace)
{
	for (size_t i = 0; i < trace->count; i++) {
		text_add(text, "%s", i ? "; " : "");
		event_format(text, layout, &trace->events[i]);
	}
	if (!trace->count)
		text_add(text, "nothing");
}
