/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moments.def has the conditions. A boundary is known by the registers that say where the guest is
 * (RSI and RDI in a string), by flags and events. The others may hold a clock's value.
 */
#include "moments.h"

enum {
	LAPIC_ISR = 0x100,
	LAPIC_IRR = 0x200,
	LAPIC_REGISTER = 0x10, /* distance of two registers of 32 bits */
	LAPIC_WORDS = 8,       /* registers of IRR, and of ISR */
};

#define FNV_START 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static bool lapic_any(const struct state *s, size_t at)
{
	char any = 0;

	for (size_t i = 0; i < LAPIC_WORDS; i++)
		for (size_t byte = 0; byte < sizeof(uint32_t); byte++)
			any |= s->lapic.regs[at + i * LAPIC_REGISTER + byte];
	return any != 0;
}

static bool nested_flag(const struct state *s, uint16_t flag)
{
	return (s->nested.head.flags & flag) != 0;
}

#define MOMENT(name, condition) name,
const char *const moment_names[MOMENT_COUNT] = {
#include "moments.def"
};
#undef MOMENT

uint32_t moments_of(const struct state *s)
{
	uint32_t bits = 0, bit = 1;

#define MOMENT(name, condition)                                                                    \
	bits |= (condition) ? bit : 0;                                                             \
	bit <<= 1;
#include "moments.def"
#undef MOMENT
	_Static_assert(MOMENT_COUNT < 32, "one bit each");
	return bits;
}

static uint64_t mix(uint64_t hash, const void *from, size_t n)
{
	const uint8_t *bytes = from;

	while (n--)
		hash = (hash ^ *bytes++) * FNV_PRIME;
	return hash;
}

uint64_t moments_boundary(const struct state *s, uint64_t exits)
{
	uint32_t bits = moments_of(s);
	uint64_t hash = mix(FNV_START, &exits, sizeof(exits));

	hash = mix(hash, &s->regs.rip, sizeof(s->regs.rip));
	hash = mix(hash, &s->regs.rsp, sizeof(s->regs.rsp));
	hash = mix(hash, &s->regs.rflags, sizeof(s->regs.rflags));
	hash = mix(hash, &s->regs.rsi, sizeof(s->regs.rsi));
	hash = mix(hash, &s->regs.rdi, sizeof(s->regs.rdi));
	hash = mix(hash, &s->events.exception, sizeof(s->events.exception));
	hash = mix(hash, &s->events.interrupt, sizeof(s->events.interrupt));
	hash = mix(hash, &s->sregs.cs.selector, sizeof(s->sregs.cs.selector));
	return mix(hash, &bits, sizeof(bits));
}
