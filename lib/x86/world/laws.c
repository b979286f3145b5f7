/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The laws of hypervisors, by name, and the twins of situations under them.
 */
#include "base/string.h"
#include "world/world.h"

const struct law_text law_texts[LAW_COUNT] = {
#define LAW(id, word, twin, sentence, wrong, citation)                                             \
	[LAW_##id] = { word, twin, sentence, wrong, citation },
#include "world/laws.def"
#undef LAW
};

enum law_name world_law(const char *word)
{
	unsigned int law = 0;

	while (law < LAW_COUNT && strcmp(law_texts[law].word, word))
		law++;
	return (enum law_name)law;
}

/* The first arrival is that of the situation itself, or left free for it. */
static void arrive_at_fault(struct situation *s, size_t n, u8 vector)
{
	s->arrivals[n] = (struct arrival){ vector, AT_FAULT };
}

void world_twin(struct situation *s, enum law_name law)
{
	size_t n = 1;

	if (law_texts[law].twin != TWIN_AT_FAULT)
		return;
	for (size_t i = 0; i < SITUATION_PENDING && n < SITUATION_ARRIVALS; i++)
		if (s->pending[i])
			arrive_at_fault(s, n++, s->pending[i]);
	memset(s->pending, 0, sizeof(s->pending));
	if (!s->nmis || s->state & STATE_NMI_BLOCKED || n == SITUATION_ARRIVALS)
		return;
	arrive_at_fault(s, n, NMI_VECTOR);
	s->nmis = 0;
}
