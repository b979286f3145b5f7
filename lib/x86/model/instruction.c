/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the records in fragments.def, and the table of them. PLAIN is an instruction that is
 * executed and changes nothing that the model knows of.
 */
#include "model/instruction.h"

#define PLAIN		.rep = false
#define SEVERAL		.several = true
#define REP		.rep = true
#define SERIALIZING	.serializing = true
#define BRANCH		.branch = true
#define DOES(what, ...) .effect = EFFECT_##what, ##__VA_ARGS__
#define FAULTS(...)	.faults = { __VA_ARGS__ }
#define RAISES(v, when)                                                                            \
	{                                                                                          \
		.vector = v##_VECTOR, .condition = when                                            \
	}
#define DECODING(v, when)                                                                          \
	{                                                                                          \
		.vector = v##_VECTOR, .condition = when, .decoding = true                          \
	}
#define WITH_SELECTOR(v, when)                                                                     \
	{                                                                                          \
		.vector = v##_VECTOR, .condition = when, .selector_error = true                    \
	}
#define ACCESSES(...) .access = { __VA_ARGS__ }
#define READS(reg, n)                                                                              \
	{                                                                                          \
		.kind = ACCESS_READ, .base = BASE_##reg, .bytes = n                                \
	}
#define WRITES(reg, n)                                                                             \
	{                                                                                          \
		.kind = ACCESS_WRITE, .base = BASE_##reg, .bytes = n                               \
	}
#define PORT(number, n) .port = number, .port_bytes = n

const struct instruction instructions[FRAGMENT_COUNT] = {
#define RECORD(...)                                                                                \
	{                                                                                          \
		__VA_OPT__(.known = true, __VA_ARGS__)                                             \
	}
#define FRAGMENT(id, name, text, ...)		     [FRAGMENT_##id] = RECORD(__VA_ARGS__),
#define LAPIC_FRAGMENT(id, name, x2apic, xapic, ...) FRAGMENT(id, name, x2apic, ##__VA_ARGS__)
#include "order/fragments.def"
#undef FRAGMENT
};
