/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_names.c and vectors.c: how events are written.
 */
#include "made_up.h"

#include "order/event_names.h"
#include "order/events.h"
#include "order/vectors.h"

static char buffer[256];

#define WRITTEN(call)                                                                              \
	({                                                                                         \
		struct text t = TEXT(buffer);                                                      \
		call;                                                                              \
		text_seal(&t);                                                                     \
	})

static void vectors(void)
{
	CHECK_TEXT(exception_mnemonic(DE_VECTOR), "#DE");
	CHECK_TEXT(exception_mnemonic(GP_VECTOR), "#GP");
	CHECK_TEXT(exception_mnemonic(SX_VECTOR), "#SX");
	CHECK(!exception_mnemonic(NMI_VECTOR));
	CHECK(!exception_mnemonic(9));
	CHECK(!exception_mnemonic(31));
	CHECK(!exception_mnemonic(32));
	CHECK(!exception_mnemonic(255));
	CHECK_TEXT(WRITTEN(vector_entry_name(&t, PF_VECTOR)), "PF_ENTRY");
	CHECK_TEXT(WRITTEN(vector_entry_name(&t, NMI_VECTOR)), "NMI_ENTRY");
	CHECK_TEXT(WRITTEN(vector_entry_name(&t, 0x40)), "IRQ_0x40_ENTRY");
}

/* "Error Code" of the SDM; #VC and #SX of the APM. */
static void error_codes(void)
{
	static const u8 with[] = { 8, 10, 11, 12, 13, 14, 17, 21, 29, 30 };
	size_t n = 0;

	for (int vector = 0; vector < 256; vector++)
		n += vector_has_error_code((u8)vector);
	CHECK_INT(n, sizeof(with));
	for (size_t i = 0; i < sizeof(with); i++)
		CHECK(vector_has_error_code(with[i]));
}

static void exit_reasons(void)
{
	CHECK_TEXT(exit_reason_name(EXIT_NONE), "NONE");
	CHECK_TEXT(exit_reason_name(EXIT_RDMSR), "RDMSR");
	CHECK_TEXT(exit_reason_name(EXIT_REASON_COUNT), "?");
	CHECK_TEXT(exit_reason_name(~0u), "?");
	for (u32 reason = 0; reason < EXIT_REASON_COUNT; reason++)
		CHECK(exit_reason_name(reason) && exit_reason_name(reason)[0]);
}

static void values(void)
{
	u64 gp = event_with_error(event_make(EVENT_EXCEPTION, GP_VECTOR), 0x18);

	CHECK_INT(gp, 0x1880000b0dl); /* valid, error code, type 3, vector 13; error code above */
	CHECK_TEXT(WRITTEN(event_value_format(&t, gp)), "#GP(0x18)");
	CHECK_TEXT(WRITTEN(event_value_format(&t, event_make(EVENT_EXCEPTION, UD_VECTOR))), "#UD");
	CHECK_TEXT(WRITTEN(event_value_format(&t, event_make(EVENT_EXCEPTION, 31))), "#?");
	CHECK_TEXT(WRITTEN(event_value_format(&t, event_make(EVENT_INTR, 0x40))), "INTR(0x40)");
	CHECK_TEXT(WRITTEN(event_value_format(&t, event_make(EVENT_NMI, NMI_VECTOR))), "NMI");
	CHECK_TEXT(WRITTEN(event_value_format(&t, event_make(EVENT_SOFT_INT, 0x80))), "INT(0x80)");
	CHECK_TEXT(WRITTEN(event_value_format(&t, event_make(EVENT_SOFT_EXCEPTION, 3))), "#BP");
	CHECK_TEXT(WRITTEN(event_value_format(&t, event_make(EVENT_OTHER, 0))), "MTF");
}

static void transitions(void)
{
	struct log_entry entry = transition(LOG_EXIT, 0x1000, STACK);

	entry.reason = EXIT_RDMSR;
	CHECK_TEXT(WRITTEN(event_exit_format(&t, &entry)), "EXIT(RDMSR)");
	CHECK_TEXT(WRITTEN(event_entry_format(&t, &entry)), "ENTRY");
	entry.event = event_make(EVENT_INTR, 0x40);
	CHECK_TEXT(WRITTEN(event_exit_format(&t, &entry)), "EXIT(RDMSR during INTR(0x40))");
	CHECK_TEXT(WRITTEN(event_entry_format(&t, &entry)), "ENTRY(INTR(0x40))");
	entry.event &= ~EVENT_VALID;
	CHECK_TEXT(WRITTEN(event_exit_format(&t, &entry)), "EXIT(RDMSR)");
	CHECK_TEXT(WRITTEN(event_entry_format(&t, &entry)), "ENTRY");
}

static void states(void)
{
	CHECK_TEXT(WRITTEN(event_state_format(&t, 0)), "");
	CHECK_TEXT(WRITTEN(event_state_format(&t, STATE_BLOCKED_BY_STI)), "[sti=1]");
	CHECK_TEXT(WRITTEN(event_state_format(&t, STATE_BLOCKED_BY_MOV_SS | STATE_BLOCKED_BY_NMI)),
		   "[movss=1,nmi=1]");
	CHECK_TEXT(WRITTEN(event_state_format(&t, STATE_BLOCKED_BY_SMI | STATE_SHADOW)),
		   "[smi=1,shadow=1]");
}

int main(void)
{
	vectors();
	error_codes();
	exit_reasons();
	values();
	transitions();
	states();
	return checks_done("names");
}
