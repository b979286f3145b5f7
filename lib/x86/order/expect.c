/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matches events against wants, and writes wants as text.
 */
#include "order/expect.h"
#include "order/event_names.h"
#include "base/bits.h"
#include "order/vectors.h"

static enum want_kind kind_of(const struct log_entry *event)
{
	if (event->kind == LOG_EXIT)
		return WANT_EXIT;
	if (event->kind == LOG_ENTRY)
		return WANT_ENTRY;
	if (event->vector == NMI_VECTOR)
		return WANT_NMI;
	if (event->vector < FIRST_IRQ_VECTOR)
		return WANT_EXCEPTION;
	return event->in_service ? WANT_IRQ : WANT_INT;
}

static bool flag_differs(enum want_flag flag, u64 rflags, u64 bit)
{
	return flag != FLAG_ANY && (flag == FLAG_SET) != !!(rflags & bit);
}

static bool cr2_differs(const struct want *want, u64 cr2)
{
	u64 ignored = want->check_cr2 == CR2_SAME_PAGE ? PAGE_SIZE - 1 : 0;

	return want->check_cr2 && (want->cr2 | ignored) != (cr2 | ignored);
}

static const char *delivery_mismatch(const struct want *want, const struct log_entry *event)
{
	if (want->vector != event->vector)
		return "vector";
	if (want->check_error && want->error != event->error)
		return "error code";
	if (flag_differs(want->if_, event->rflags, RFLAGS_IF))
		return "saved IF";
	if (flag_differs(want->rf, event->rflags, RFLAGS_RF))
		return "saved RF";
	if (flag_differs(want->tf, event->rflags, RFLAGS_TF))
		return "saved TF";
	if (cr2_differs(want, event->cr2))
		return "CR2";
	if ((event->dr6 & want->dr6_set) != want->dr6_set || event->dr6 & want->dr6_clear)
		return "DR6";
	if (want->cpl && (u64)want->cpl - 1 != (event->cs & SEL_RPL3))
		return "saved CPL";
	if (want->ist && want->ist != event->ist)
		return "stack";
	return NULL;
}

const char *want_mismatch(const struct want *want, const struct layout *layout,
			  const struct event *event)
{
	const struct log_entry *entry = event->entry;
	const char *difference = NULL;

	if (want->kind != kind_of(entry))
		return "event";
	if (want->kind == WANT_EXIT && want->reason != entry->reason)
		return "exit reason";
	if ((want->kind == WANT_EXIT || want->kind == WANT_ENTRY) && want->check_event &&
	    want->event != entry->event)
		return want->kind == WANT_EXIT ? "event being delivered" : "injected event";
	if (entry->kind == LOG_DELIVERY)
		difference = delivery_mismatch(want, entry);
	if (!difference && want->at && !event_is_at(event, layout, want->at))
		difference = "place";
	if (!difference && ((entry->state & want->state_set) != want->state_set ||
			    (entry->state & want->state_clear)))
		difference = "interruptibility";
	return difference;
}

int trace_mismatch(const struct want *wants, size_t n, const struct layout *layout,
		   const struct trace *trace)
{
	for (size_t i = 0; i < n || i < trace->count; i++)
		if (i >= n || i >= trace->count ||
		    want_mismatch(&wants[i], layout, &trace->events[i]))
			return (int)i;
	return -1;
}

static void format_name(struct text *text, const struct want *want)
{
	const char *mnemonic = exception_mnemonic(want->vector);

	switch (want->kind) {
	case WANT_IRQ:
		text_add(text, "IRQ(%#x)", want->vector);
		break;
	case WANT_INT:
		text_add(text, "INT(%#x)", want->vector);
		break;
	case WANT_NMI:
		text_add(text, "NMI");
		break;
	case WANT_EXIT:
		text_add(text, "EXIT(%s", exit_reason_name(want->reason));
		if (want->event) {
			text_add(text, " during ");
			event_value_format(text, want->event);
		}
		text_add(text, ")");
		break;
	case WANT_ENTRY:
		text_add(text, "ENTRY");
		if (want->event) {
			text_add(text, "(");
			event_value_format(text, want->event);
			text_add(text, ")");
		}
		break;
	default:
		text_add(text, "%s", mnemonic ? mnemonic : "?");
		if (want->check_error)
			text_add(text, "(%#x)", want->error);
	}
}

struct detail_list {
	struct text *text;
	char separator;
};

static void detail(struct detail_list *list, const char *name, u64 value)
{
	text_add(list->text, value > 9 ? "%c%s=%#lx" : "%c%s=%lu", list->separator, name, value);
	list->separator = ',';
}

static void format_details(struct text *text, const struct want *want)
{
	struct detail_list list = { text, '[' };

	if (want->if_)
		detail(&list, "if", want->if_ == FLAG_SET);
	if (want->rf)
		detail(&list, "rf", want->rf == FLAG_SET);
	if (want->tf)
		detail(&list, "tf", want->tf == FLAG_SET);
	if (want->cpl)
		detail(&list, "cpl", (u64)want->cpl - 1);
	if (want->check_cr2)
		detail(&list, want->check_cr2 == CR2_EXACT ? "cr2" : "page of cr2", want->cr2);
	if (want->dr6_set)
		detail(&list, "dr6", want->dr6_set);
	if (want->dr6_clear)
		detail(&list, "dr6 without", want->dr6_clear);
	if (want->ist)
		detail(&list, "ist", want->ist);
	for (u64 bit = 1; bit <= STATE_LAST; bit <<= 1)
		if ((want->state_set | want->state_clear) & bit)
			detail(&list, event_state_name(bit), !!(want->state_set & bit));
	if (list.separator == ',')
		text_add(text, "]");
}

void want_format(struct text *text, const struct layout *layout, const struct want *want)
{
	format_name(text, want);
	if (want->at) {
		text_add(text, "@");
		layout_name(layout, text, layout_place(layout, want->at));
	}
	format_details(text, want);
}

void wants_format(struct text *text, const struct layout *layout, const struct want *wants,
		  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text_add(text, "%s", i ? "; " : "");
		want_format(text, layout, &wants[i]);
	}
}
