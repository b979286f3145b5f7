/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assembles fragments.def into read-only bytes and a table of them.
 */
#include "order/fragments.h"

#define ASSEMBLE(id, text)                                                                         \
	asm(".pushsection .rodata.fragments, \"a\"\n"                                              \
	    "fragment_start_" #id ": " text "\n"                                                   \
	    "fragment_end_" #id ":\n"                                                              \
	    ".popsection");                                                                        \
	extern const u8 fragment_start_##id[], fragment_end_##id[];
#define CODE(id)                                                                                   \
	{                                                                                          \
		fragment_start_##id, fragment_end_##id                                             \
	}

#define FRAGMENT(id, name, text, ...) ASSEMBLE(id, text)
#define LAPIC_FRAGMENT(id, name, x2apic, xapic, ...)                                               \
	ASSEMBLE(id, x2apic) ASSEMBLE(id##_xapic, xapic)
#include "order/fragments.def"
#undef FRAGMENT

const struct fragment fragments[FRAGMENT_COUNT] = {
#define FRAGMENT(id, name, text, ...) [FRAGMENT_##id] = { name, CODE(id) },
#include "order/fragments.def"
#undef FRAGMENT
};

static const struct {
	u16 fragment;
	struct code code;
} of_xapic[] = {
#define FRAGMENT(id, name, text, ...)
#define LAPIC_FRAGMENT(id, name, x2apic, xapic, ...) { FRAGMENT_##id, CODE(id##_xapic) },
#include "order/fragments.def"
#undef FRAGMENT
};

const struct code *fragment_code(u16 fragment, bool x2apic)
{
	for (size_t i = 0; !x2apic && i < ARRAY_SIZE(of_xapic); i++)
		if (of_xapic[i].fragment == fragment)
			return &of_xapic[i].code;
	return &fragments[fragment].code;
}
