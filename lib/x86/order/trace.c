/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order of delivery from saved RSPs, and the notation of docs/results.md.
 */
#include "order/trace.h"
#include "base/bits.h"
#include "order/event_names.h"
#include "base/text.h"
#include "order/vectors.h"

enum {
	PROLOGUE_PUSHES = 24, /* bytes a handler may have pushed before it has its slot */
	HANDLER_STACK = 1024, /* bytes: more than a handler that returns has ever on its stack */
};

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

/*
 * An address alone names the handler if each vector has a stub of its own, whether or not that
 * handler came to record itself. Where all begin at one address, @handler, the one that was
 * interrupted, is who tells; NULL if it never recorded itself.
 */
static struct position position_of(const struct layout *layout, const struct log_entry *entry,
				   const struct log_entry *handler)
{
	struct position position = layout_position(layout, entry->rip);

	if (position.place == PLACE_PROLOGUE && !layout->stub_size && handler)
		position.place = PLACE_ENTRY | handler->vector;
	return position;
}

/* Delivered exceptions of the fault and trap kind; NMIs and interrupts just go on. */
static bool is_exception(const struct log_entry *entry)
{
	return entry->kind == LOG_DELIVERY && exception_mnemonic(entry->vector);
}

/* Did @entry come while @handler, entered before it on the same stack, was running? */
static bool came_inside(const struct log_entry *entry, const struct log_entry *handler)
{
	return handler->frame >= entry->rsp && handler->frame - entry->rsp < HANDLER_STACK;
}

/* Has the handler of an exception before event @n returned to where @n came? */
static bool comes_after_iret(const struct trace *trace, const struct layout *layout, size_t n)
{
	const struct event *event = &trace->events[n];
	u64 place = event->at.place == PLACE_LANDING ? layout->landing : event->entry->rip;

	if (event->at.place != PLACE_LANDING && event->at.place != PLACE_OUTSIDE)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct log_entry *before = trace->events[i].entry;

		if (is_exception(before) && before->resume == place &&
		    !came_inside(event->entry, before))
			return true;
	}
	return false;
}

static void find_returns(struct trace *trace, const struct layout *layout)
{
	for (size_t i = 0; i < trace->count; i++) {
		struct position *at = &trace->events[i].at;

		if (!comes_after_iret(trace, layout, i))
			continue;
		if (at->place == PLACE_OUTSIDE)
			at->offset = 0;
		at->place = PLACE_AFTER_IRET;
	}
}

void trace_read(struct trace *trace, const struct layout *layout, const struct log_entry *log,
		size_t n)
{
	bool placed[LOG_CAPACITY] = { false };

	trace->count = 0;
	for (size_t i = 0; i < n; i++) {
		const struct log_entry *handler = NULL;
		size_t chain[LOG_CAPACITY];
		size_t depth = 0, at = i;

		/* Each link of the chain was delivered before the one above it. */
		for (; at < n && !placed[at]; at = interrupted_handler(layout, log, n, at)) {
			chain[depth++] = at;
			placed[at] = true;
		}
		if (at < n)
			handler = &log[at];
		while (depth > 0) {
			const struct log_entry *entry = &log[chain[--depth]];

			trace->events[trace->count++] =
				(struct event){ entry, position_of(layout, entry, handler) };
			handler = entry;
		}
	}
	find_returns(trace, layout);
}

bool event_is_at(const struct event *event, const struct layout *layout, int place)
{
	struct position wanted = layout_place(layout, place);

	return event->at.place == wanted.place && event->at.offset == wanted.offset;
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
	layout_name(layout, text, event->at);
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
