/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neutral names of exits come from exits.def, mnemonics of exceptions from vectors.c.
 */
#include "order/event_names.h"
#include "order/events.h"
#include "base/bits.h"
#include "order/vectors.h"

static const char *const exit_names[EXIT_REASON_COUNT] = {
	[EXIT_NONE] = "NONE",
#define EXIT_NAME(name) [EXIT_##name] = #name,
#include "order/exits.def"
#undef EXIT_NAME
};

const char *exit_reason_name(u32 reason)
{
	return reason < EXIT_REASON_COUNT ? exit_names[reason] : "?";
}

void event_value_format(struct text *text, u64 event)
{
	u8 vector = EVENT_VECTOR(event);
	const char *mnemonic = exception_mnemonic(vector);

	switch (EVENT_TYPE(event)) {
	case EVENT_INTR:
		text_add(text, "INTR(%#x)", vector);
		break;
	case EVENT_NMI:
		text_add(text, "NMI");
		break;
	case EVENT_SOFT_INT:
		text_add(text, "INT(%#x)", vector);
		break;
	case EVENT_OTHER:
		text_add(text, "MTF");
		break;
	default:
		text_add(text, "%s", mnemonic ? mnemonic : "#?");
		if (event & EVENT_HAS_ERROR)
			text_add(text, "(%#x)", EVENT_ERROR(event));
	}
}

void event_exit_format(struct text *text, const struct log_entry *event)
{
	text_add(text, "EXIT(%s", exit_reason_name(event->reason));
	if (event->event & EVENT_VALID) {
		text_add(text, " during ");
		event_value_format(text, event->event);
	}
	text_add(text, ")");
}

void event_entry_format(struct text *text, const struct log_entry *event)
{
	text_add(text, "ENTRY");
	if (event->event & EVENT_VALID) {
		text_add(text, "(");
		event_value_format(text, event->event);
		text_add(text, ")");
	}
}

const char *event_state_name(u64 bit)
{
	switch (bit) {
	case STATE_BLOCKED_BY_STI:
		return "sti";
	case STATE_BLOCKED_BY_MOV_SS:
		return "movss";
	case STATE_BLOCKED_BY_SMI:
		return "smi";
	case STATE_BLOCKED_BY_NMI:
		return "nmi";
	case STATE_SHADOW:
		return "shadow";
	default:
		return "?";
	}
}

void event_state_format(struct text *text, u64 state)
{
	char separator = '[';

	for (u64 bit = 1; bit <= STATE_LAST; bit <<= 1) {
		if (!(state & bit))
			continue;
		text_add(text, "%c%s=1", separator, event_state_name(bit));
		separator = ',';
	}
	if (separator == ',')
		text_add(text, "]");
}
