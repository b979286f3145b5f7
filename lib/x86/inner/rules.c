/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules and choices of this room as text, and its questions on the model's tape.
 */
#include "inner/inside.h"

const struct rule_text inner_rules[INNER_RULE_COUNT] = {
#define RULE(id, text, wrong, citation) [INNER_##id] = { #id, text, wrong, citation },
#include "inner/rules.def"
#undef RULE
};

const struct choice_text inner_choices[INNER_CHOICE_COUNT] = {
#define CHOICE(id, name, text, citation, ...)                                                      \
	[INNER_CHOICE_##id] = { name, text, citation, { __VA_ARGS__ } },
#include "inner/choices.def"
#undef CHOICE
};

bool choose_inner(struct inner *inner, enum inner_choice choice)
{
	enum { ANSWERS = 2 };

	if (inner->profile[choice] >= 0)
		return inner->profile[choice];
	if (inner->answered[choice] < 0)
		inner->answered[choice] =
			(s8)ask(&inner->model, (u8)(FIRST_INNER_CHOICE + choice), ANSWERS);
	return inner->answered[choice];
}

const struct rule_text *any_rule(u8 rule)
{
	return rule < FIRST_INNER_RULE ? &rules[rule] : &inner_rules[rule - FIRST_INNER_RULE];
}

const struct choice_text *any_choice(u8 choice)
{
	if (choice < CHOICE_COUNT)
		return &choices[choice];
	return choice < FIRST_INNER_CHOICE ? NULL : &inner_choices[choice - FIRST_INNER_CHOICE];
}
