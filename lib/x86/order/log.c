/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storage of the event log, and the proof that entry.S and C agree about its layout.
 */
#include "order/log.h"

struct event_log event_log __attribute__((aligned(128)));

#define ASSERT_OFFSET(member, offset)                                                              \
	_Static_assert(offsetof(struct log_entry, member) == (offset), #member " in log_layout.h")

ASSERT_OFFSET(kind, ENTRY_KIND);
ASSERT_OFFSET(vector, ENTRY_VECTOR);
ASSERT_OFFSET(in_service, ENTRY_IN_SERVICE);
ASSERT_OFFSET(error, ENTRY_ERROR);
ASSERT_OFFSET(rip, ENTRY_RIP);
ASSERT_OFFSET(cs, ENTRY_CS);
ASSERT_OFFSET(rflags, ENTRY_RFLAGS);
ASSERT_OFFSET(rsp, ENTRY_RSP);
ASSERT_OFFSET(ss, ENTRY_SS);
ASSERT_OFFSET(frame, ENTRY_FRAME);
ASSERT_OFFSET(cr2, ENTRY_CR2);
ASSERT_OFFSET(dr6, ENTRY_DR6);
ASSERT_OFFSET(resume, ENTRY_RESUME);
_Static_assert(sizeof(struct log_entry) == 1 << LOG_ENTRY_SHIFT, "LOG_ENTRY_SHIFT");
_Static_assert(offsetof(struct event_log, entries) == LOG_ENTRIES, "LOG_ENTRIES");
