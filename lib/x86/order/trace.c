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
};

static bool in_prologue(const struct layout *layout, u64 rip)
{
	return rip >= layout->stubs && rip < layout->recorded;
}

/* The handler that @child interrupted before it could record itself, or @n. */
static size_t interrupted_handler(const struct layout *layout, const struct log_entry *log,
				  size_t n, size_t child)
{
	if (!in_prologue(layout, log[child].rip))
		return n;
	for (size_t i = child + 1; i < n; i++)
		if (log[i].kind == LOG_DELIVERY && log[i].frame >= log[child].rsp &&
		    log[i].frame - log[child].rsp <= PROLOGUE_PUSHES)
			return i;
	return n;
}

void trace_read(struct trace *trace, const struct layout *layout, const struct log_entry *log,
		size_t n)
{
	bool placed[LOG_CAPACITY] = { false };

	trace->count = 0;
	for (size_t i = 0; i < n; i++) {
		size_t chain[LOG_CAPACITY];
		size_t depth = 0;

		/* Each link of the chain was delivered before the one above it. */
		for (size_t at = i; at < n && !placed[at];
		     at = interrupted_handler(layout, log, n, at)) {
			chain[depth++] = at;
			placed[at] = true;
		}
		while (depth > 0)
			trace->events[trace->count++] = &log[chain[--depth]];
	}
}

bool event_is_exception(const struct log_entry *event)
{
	return event->kind == LOG_DELIVERY && exception_mnemonic(event->vector);
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
	text_add(text, "]");
}

void event_format(struct text *text, const struct layout *layout, const struct log_entry *event,
		  bool after_fault)
{
	if (event->kind == LOG_EXIT)
		event_exit_format(text, event);
	else if (event->kind == LOG_ENTRY)
		event_entry_format(text, event);
	else
		format_delivery(text, event);
	text_add(text, "@");
	layout_name(layout, text, event->rip, after_fault);
	format_details(text, event);
}

void trace_format(struct text *text, const struct layout *layout, const struct trace *trace)
{
	bool after_fault = false;

	for (size_t i = 0; i < trace->count; i++) {
		text_add(text, "%s", i ? "; " : "");
		event_format(text, layout, trace->events[i], after_fault);
		after_fault |= event_is_exception(trace->events[i]);
	}
	if (!trace->count)
		text_add(text, "nothing");
}

bool trace_same_order(const struct trace *a, const struct trace *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->events[i]->kind != b->events[i]->kind ||
		    a->events[i]->vector != b->events[i]->vector ||
		    a->events[i]->rip != b->events[i]->rip)
			return false;
	return true;
}
