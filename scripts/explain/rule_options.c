/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options for rules, choices and quirks: --choose, --mutant, --quirk.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "near.h"
#include "words.h"

static bool is_answer(const char *word, u64 *answer)
{
	char *end;

	*answer = strtoull(word, &end, 0);
	return !*end && end != word && *answer < CHOICE_ANSWERS;
}

const char *read_choose(struct question_asked *asked, char *value)
{
	enum { CHOICE_NAMES = CHOICE_COUNT + INNER_CHOICE_COUNT };
	static const char *names[CHOICE_NAMES];
	char *equals = strchr(value, '=');
	u64 answer = 0;

	if (equals)
		*equals = '\0';
	for (size_t i = 0; i < CHOICE_NAMES; i++) {
		bool inner = i >= CHOICE_COUNT;
		const struct choice_text *c =
			inner ? &inner_choices[i - CHOICE_COUNT] : &choices[i];

		names[i] = c->name;
		if (strcasecmp(value, names[i]))
			continue;
		if (!equals || !is_answer(equals + 1, &answer) || !c->answers[answer])
			return message("%s=0: %s, or %s=1: %s", names[i], c->answers[0], names[i],
				       c->answers[1]);
		if (inner)
			asked->inner_profile[i - CHOICE_COUNT] = (s8)answer;
		else
			asked->profile[i] = (s8)answer;
		return NULL;
	}
	return unknown_word("choice", value, names, CHOICE_NAMES);
}

const char *read_mutant(struct question_asked *asked, char *value)
{
	static const char *names[RULE_COUNT + INNER_RULE_COUNT];

	if (!strncasecmp(value, "INNER_", strlen("INNER_"))) /* some have a name in both rooms */
		value += strlen("INNER_");
	else
		for (size_t i = 1; i < RULE_COUNT; i++) {
			names[i] = rules[i].name;
			if (strcasecmp(value, names[i]))
				continue;
			asked->mutant = (enum rule)i;
			return NULL;
		}
	for (size_t i = 1; i < INNER_RULE_COUNT; i++) {
		names[RULE_COUNT + i] = inner_rules[i].name;
		if (strcasecmp(value, inner_rules[i].name))
			continue;
		asked->inner_mutant = (enum inner_rule)i;
		return NULL;
	}
	return unknown_word("rule", value, names, ARRAY_SIZE(names));
}

const char *read_quirk(struct question_asked *asked, char *value)
{
	static const char *names[QUIRK_COUNT];
	enum quirk quirk = quirk_named(value);

	for (size_t i = 0; i < QUIRK_COUNT; i++)
		names[i] = quirks[i].section;
	if (quirk == QUIRK_COUNT)
		return unknown_word("quirk", value, names, QUIRK_COUNT);
	if (asked->quirks >> quirk & 1)
		return message("quirk %s is given twice", value);
	asked->quirks |= 1ull << quirk;
	return NULL;
}
