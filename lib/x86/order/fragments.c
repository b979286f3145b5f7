/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assembles fragments.def into read-only bytes and a table of them.
 */
#include "order/fragments.h"

#define FRAGMENT(id, name, text)                                                                   \
	asm(".pushsection .rodata.fragments, \"a\"\n"                                              \
	    "fragment_start_" #id ": " text "\n"                                                   \
	    "fragment_end_" #id ":\n"                                                              \
	    ".popsection");                                                                        \
	extern const u8 fragment_start_##id[], fragment_end_##id[];
#include "order/fragments.def"
#undef FRAGMENT

const struct fragment fragments[FRAGMENT_COUNT] = {
#define FRAGMENT(id, name, text) [FRAGMENT_##id] = { name, fragment_start_##id, fragment_end_##id },
#include "order/fragments.def"
#undef FRAGMENT
};
