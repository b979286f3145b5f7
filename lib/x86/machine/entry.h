/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handlers' entry stubs (entry.S) and the frame that they build for C.
 */
#ifndef ORDEAL_ENTRY_H
#define ORDEAL_ENTRY_H

#include "machine/gprs.h"
#include "order/log_layout.h"
#include "base/types.h"

struct gprs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
};

#define ASSERT_GPR(name, offset)                                                                   \
	_Static_assert(offsetof(struct gprs, name) == (offset), #name " in gprs.h");
FOR_EACH_GPR(ASSERT_GPR)
#undef ASSERT_GPR
_Static_assert(sizeof(struct gprs) == GPRS_SIZE, "gprs.h");

struct frame {
	struct gprs gprs;
	u64 vector;
	u64 error; /* 0 if the vector pushes none */
	u64 rip, cs, rflags, rsp, ss;
};

struct log_entry;

/* The first stub; vector v's begins at entry_stubs + v * ENTRY_STUB_SIZE. */
extern const u8 entry_stubs[];

/* From here on a handler has its slot in the log; what interrupts it earlier is logged first. */
extern const u8 entry_recorded[];

/*
 * Called by every stub once the log entry is complete; @entry is NULL if the log is full. It is
 * defined in scene/handler.c: the one call from here to a room above, for what a handler does is
 * the scene's business.
 */
void delivered(struct frame *frame, struct log_entry *entry);

#endif
