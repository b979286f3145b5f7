/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated world as cases: one for each opener and instruction, so that the plan is known
 * before boot. Pairs that cannot stand together skip, and say why.
 */
#include "base/bits.h"
#include "stage/case.h"
#include "world.h"
#include "world/alphabet.h"

#define SENTENCE                                                                                   \
	"every combination of what is pending, gates, breakpoints and CPL is served in a legal order"
#define CITATION                                                                                   \
	"SDM 3A, Priority Among Concurrent Events; APM 2, Priorities; docs/model.md has the rest"

enum {
#define OPENER(name, ...) BY_##name,
	OPENERS(OPENER)
};

enum {
#define PLAYED(id, left_out)   PLAYED_UNLESS(id, left_out)
#define PLAYED_UNLESS(id, out) PLAYED_UNLESS_##out(id)
#define PLAYED_UNLESS_0(id)    OF_##id,
#define PLAYED_UNLESS_1(id)
#define FRAGMENT(id, name, text, ...) __VA_OPT__(PLAYED(id, IS_LEFT_OUT(id)))
#define LAPIC_FRAGMENT(id, name, x2apic, xapic, ...)
#include "order/fragments.def"
#undef FRAGMENT
#undef PLAYED_UNLESS_0
#define PREPARED(name, ...) OF_##name,
	PREPARED_INSTRUCTIONS(PREPARED)
};

#define BLOCK(opener, flags, property, list, instruction)                                          \
	static const struct block block_##opener##_##instruction = { BY_##opener,                  \
								     OF_##instruction };           \
	static const struct test_case case_##opener##_##instruction IN_SOURCE_ORDER                \
		__attribute__((section(".ordeal.cases"), used, aligned(64))) = {                   \
			.name = #opener "." #instruction,                                          \
			.row = "-",                                                                \
			.sentence = SENTENCE,                                                      \
			.citation = CITATION,                                                      \
			.run = play_block,                                                         \
			.argument = &block_##opener##_##instruction,                               \
		};

#define PLAYED_UNLESS_0(id)	      OPENERS(BLOCK, id)
#define FRAGMENT(id, name, text, ...) __VA_OPT__(PLAYED(id, IS_LEFT_OUT(id)))
#define LAPIC_FRAGMENT(id, name, x2apic, xapic, ...)
#include "order/fragments.def"
#undef FRAGMENT
#undef PREPARED
#define PREPARED(name, ...) OPENERS(BLOCK, name)
PREPARED_INSTRUCTIONS(PREPARED)
