/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The named instructions that scenes are made of. One list (fragments.def) gives each its enum
 * name, the name printed in traces, and its assembly. Fragments are position-independent and talk
 * to each other only through the registers below, which scene_build() loads before the first
 * fragment:
 *
 *	RAX, RDX  0
 *	RBX       address of the step labelled T if there is one, else of the landing
 *	RCX       the missing MSR (this_cpu.missing_msr)
 *	RSI       an address on the read-only page
 *	RDI       an address on the not-present page
 *	RBP       an address on a writable page
 *	R8        the missing MSR
 *	R9        a non-canonical address
 *	R12       0, a divisor
 *	R13       the LAPIC's address (xAPIC mode)
 *	R14       the selector in SS
 *
 * A case may load others (scene.in). RSP is the scene's own stack, 16-byte aligned.
 */
#ifndef ORDEAL_FRAGMENTS_H
#define ORDEAL_FRAGMENTS_H

#include "base/types.h"

enum fragment_id {
	FRAGMENT_NONE,
#define FRAGMENT(id, name, text, ...) FRAGMENT_##id,
#include "order/fragments.def"
#undef FRAGMENT
	FRAGMENT_COUNT,
};

struct code {
	const u8 *start, *end;
};

struct fragment {
	const char *name;
	struct code code; /* for x2APIC mode, where the LAPIC's mode makes a difference */
};

extern const struct fragment fragments[FRAGMENT_COUNT];

/* The code of a fragment for the mode that the LAPIC is in. */
const struct code *fragment_code(u16 fragment, bool x2apic);

#endif
