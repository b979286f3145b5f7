/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The LZMA specification of the LZMA SDK: a range decoder, whose probabilities stand in groups by
 * what they decide. The whole output is the dictionary.
 */
#include "loader/lzma.h"

enum {
	LITERAL_CONTEXT = 3, /* lc */
	POSITIONS = 4,	     /* 1 << pb */
	STATES = 12,
	FIRST_MATCH_STATE = 7,
	TOP = 1 << 24,
	PROBABILITY_BITS = 11,
	EVEN = 1 << (PROBABILITY_BITS - 1),
	ADAPT = 5,
	DISTANCE_STATES = 4,
	SLOT_BITS = 6,
	ALIGN_BITS = 4,
	FIRST_CODED_SLOT = 4,
	FIRST_DIRECT_SLOT = 14,
	CODED_DISTANCES = 1 << (FIRST_DIRECT_SLOT / 2),
	SHORTEST = 2,
};

struct lengths {
	u16 choice[2], low[POSITIONS][8], middle[POSITIONS][8], high[256];
};

struct probabilities {
	u16 is_match[STATES][POSITIONS], is_repeat[STATES], is_repeat_0[STATES];
	u16 is_repeat_1[STATES], is_repeat_2[STATES], is_long_0[STATES][POSITIONS];
	u16 slot[DISTANCE_STATES][1 << SLOT_BITS], distance[CODED_DISTANCES];
	u16 align[1 << ALIGN_BITS];
	struct lengths match, repeat;
	u16 literal[1 << LITERAL_CONTEXT][0x300];
};

struct decoder {
	const u8 *in, *in_end;
	u8 *out;
	size_t at, size;
	u32 range, code, state;
	u32 distances[4]; /* the last four, less one */
	bool broken;
	struct probabilities p;
};

static u32 next_byte(struct decoder *d)
{
	if (d->in < d->in_end)
		return *d->in++;
	d->broken = true;
	return 0;
}

static void normalize(struct decoder *d)
{
	if (d->range >= TOP)
		return;
	d->range <<= 8;
	d->code = d->code << 8 | next_byte(d);
}

static u32 bit(struct decoder *d, u16 *probability)
{
	u32 bound = (d->range >> PROBABILITY_BITS) * *probability;
	bool one = d->code >= bound;

	if (one) {
		d->range -= bound;
		d->code -= bound;
		*probability -= *probability >> ADAPT;
	} else {
		d->range = bound;
		*probability += ((1 << PROBABILITY_BITS) - *probability) >> ADAPT;
	}
	normalize(d);
	return one;
}

static u32 direct_bits(struct decoder *d, u32 n)
{
	u32 value = 0;

	while (n--) {
		d->range >>= 1;
		value <<= 1;
		if (d->code >= d->range) {
			d->code -= d->range;
			value |= 1;
		}
		normalize(d);
	}
	return value;
}

static u32 tree(struct decoder *d, u16 *probabilities, u32 bits)
{
	u32 at = 1;

	for (u32 i = 0; i < bits; i++)
		at = at << 1 | bit(d, &probabilities[at]);
	return at - (1u << bits);
}

static u32 reverse_tree(struct decoder *d, u16 *probabilities, u32 bits)
{
	u32 at = 1, value = 0;

	for (u32 i = 0; i < bits; i++) {
		u32 one = bit(d, &probabilities[at]);

		at = at << 1 | one;
		value |= one << i;
	}
	return value;
}

static u32 length(struct decoder *d, struct lengths *l, u32 position)
{
	if (!bit(d, &l->choice[0]))
		return SHORTEST + tree(d, l->low[position], 3);
	if (!bit(d, &l->choice[1]))
		return SHORTEST + 8 + tree(d, l->middle[position], 3);
	return SHORTEST + 16 + tree(d, l->high, 8);
}

static u32 distance(struct decoder *d, u32 length)
{
	u32 state = length - SHORTEST;
	u32 slot, bits, base;

	if (state >= DISTANCE_STATES)
		state = DISTANCE_STATES - 1;
	slot = tree(d, d->p.slot[state], SLOT_BITS);
	if (slot < FIRST_CODED_SLOT)
		return slot;
	bits = (slot >> 1) - 1;
	base = (2 | (slot & 1)) << bits;
	if (slot < FIRST_DIRECT_SLOT)
		return base + reverse_tree(d, d->p.distance + base - slot, bits);
	base += direct_bits(d, bits - ALIGN_BITS) << ALIGN_BITS;
	return base + reverse_tree(d, d->p.align, ALIGN_BITS);
}

static void literal(struct decoder *d)
{
	u32 before = d->at ? d->out[d->at - 1] : 0;
	u16 *p = d->p.literal[before >> (8 - LITERAL_CONTEXT)];
	u32 symbol = 1;

	if (d->state >= FIRST_MATCH_STATE && d->distances[0] < d->at) {
		u32 match = d->out[d->at - d->distances[0] - 1];

		while (symbol < 0x100) {
			u32 expected = match >> 7 & 1;
			u32 found = bit(d, &p[((1 + expected) << 8) + symbol]);

			match <<= 1;
			symbol = symbol << 1 | found;
			if (found != expected)
				break;
		}
	}
	while (symbol < 0x100)
		symbol = symbol << 1 | bit(d, &p[symbol]);
	d->out[d->at++] = (u8)symbol;
	if (d->state < 4)
		d->state = 0;
	else
		d->state -= d->state < 10 ? 3 : 6;
}

/* Takes the repeated distance number @i to the front. */
static void to_front(struct decoder *d, u32 i)
{
	u32 chosen = d->distances[i];

	for (; i > 0; i--)
		d->distances[i] = d->distances[i - 1];
	d->distances[0] = chosen;
}

/* Returns how many bytes to repeat. */
static u32 repeated(struct decoder *d, u32 position)
{
	bool after_literal = d->state < FIRST_MATCH_STATE;

	if (!bit(d, &d->p.is_repeat_0[d->state])) {
		if (!bit(d, &d->p.is_long_0[d->state][position])) {
			d->state = after_literal ? 9 : 11;
			return 1;
		}
	} else if (!bit(d, &d->p.is_repeat_1[d->state])) {
		to_front(d, 1);
	} else {
		to_front(d, 2 + bit(d, &d->p.is_repeat_2[d->state]));
	}
	d->state = after_literal ? 8 : 11;
	return length(d, &d->p.repeat, position);
}

static u32 matched(struct decoder *d, u32 position)
{
	u32 n = length(d, &d->p.match, position);

	to_front(d, 3);
	d->distances[0] = distance(d, n);
	d->state = d->state < FIRST_MATCH_STATE ? 7 : 10;
	return n;
}

static void copy(struct decoder *d, u32 n)
{
	if (d->distances[0] >= d->at || n > d->size - d->at) {
		d->broken = true;
		return;
	}
	for (; n > 0; n--, d->at++)
		d->out[d->at] = d->out[d->at - d->distances[0] - 1];
}

bool lzma_unpack(const u8 *in, size_t packed, u8 *out, size_t size)
{
	static struct decoder d;
	u16 *p = (u16 *)&d.p;

	d = (struct decoder){ .in = in, .in_end = in + packed, .out = out, .size = size };
	for (size_t i = 0; i < sizeof(d.p) / sizeof(*p); i++)
		p[i] = EVEN;
	d.broken = next_byte(&d) != 0;
	for (int i = 0; i < 4; i++)
		d.code = d.code << 8 | next_byte(&d);
	d.range = 0xffffffff;
	while (d.at < d.size && !d.broken) {
		u32 position = d.at % POSITIONS;

		if (!bit(&d, &d.p.is_match[d.state][position]))
			literal(&d);
		else if (bit(&d, &d.p.is_repeat[d.state]))
			copy(&d, repeated(&d, position));
		else
			copy(&d, matched(&d, position));
	}
	return !d.broken;
}
