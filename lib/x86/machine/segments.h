/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's system registers, read from the machine: for cloning the running context into a
 * guest, and for comparing it before and after.
 */
#ifndef ORDEAL_SEGMENTS_H
#define ORDEAL_SEGMENTS_H

#include "machine/desc.h"
#include "base/types.h"

/* clang-format off */
#define FOR_EACH_STATE_MSR(op)                                                                     \
	op(efer) op(fs_base) op(gs_base) op(kernel_gs_base) op(star) op(lstar) op(fmask)           \
	op(sysenter_cs) op(sysenter_esp) op(sysenter_eip)
#define FOR_EACH_STATE_REGISTER(op)                                                                \
	op(cr0) op(cr3) op(cr4) op(dr7) op(es) op(cs) op(ss) op(ds) op(fs) op(gs) op(tr) op(ldtr)  \
	op(tr_base) FOR_EACH_STATE_MSR(op)
/* clang-format on */

#define STATE_REGISTER(name) u64 name;

struct machine_state {
	FOR_EACH_STATE_REGISTER(STATE_REGISTER)
	struct descriptor_pointer gdtr, idtr;
};

#undef STATE_REGISTER

void machine_state_read(struct machine_state *m);

/* NULL if both are the same, else the name of the first register that differs. */
const char *machine_state_difference(const struct machine_state *a, const struct machine_state *b);

/* Access rights as VMCS and VMCB have them (bits 7:0 and 15:12 of "Segment Descriptors"), by LAR;
 * 0 for a null selector. */
u32 segment_access_rights(u16 selector);

/* Limit in bytes, by LSL. */
u32 segment_limit(u16 selector);

#endif
