/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's system registers, read from the machine: for cloning the running context into a
 * guest, and for comparing it before and after.
 */
#ifndef ORDEAL_SEGMENTS_H
#define ORDEAL_SEGMENTS_H

#include "machine/desc.h"
#include "base/types.h"

struct machine_state {
	u64 cr0, cr3, cr4, dr7, efer;
	u64 fs_base, gs_base, tr_base, kernel_gs_base;
	u64 star, lstar, fmask;
	struct descriptor_pointer gdtr, idtr;
	u16 es, cs, ss, ds, fs, gs, tr, ldtr;
};

void machine_state_read(struct machine_state *m);

/* NULL if both are the same, else the name of the first register that differs. */
const char *machine_state_difference(const struct machine_state *a, const struct machine_state *b);

/* Access rights as VMCS and VMCB have them (bits 7:0 and 15:12 of "Segment Descriptors"), by LAR;
 * 0 for a null selector. */
u32 segment_access_rights(u16 selector);

/* Limit in bytes, by LSL. */
u32 segment_limit(u16 selector);

#endif
