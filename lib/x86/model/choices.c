/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules and choices as text, and the tape of answers. Each play of a situation follows the
 * tape, and appends the first answer to a question that comes up for the first time.
 */
#include "model/inside.h"

const struct rule_text rules[RULE_COUNT] = {
#define RULE(id, text, wrong, citation) [RULE_##id] = { #id, text, wrong, citation },
#include "model/rules.def"
#undef RULE
};

const struct choice_text choices[CHOICE_COUNT] = {
#define CHOICE(id, name, text, citation, ...)                                                      \
	[CHOICE_##id] = { name, text, citation, { __VA_ARGS__ } },
#include "model/choices.def"
#undef CHOICE
};

static bool asked_every_time(enum choice choice)
{
	return choice == CHOICE_WHEN_BETWEEN || choice == CHOICE_WHEN_TPR ||
	       choice == CHOICE_WHEN_SELF_IPI;
}

u8 ask(struct model *model, u8 question, u8 answers)
{
	if (model->asked == MODEL_QUESTIONS) {
		unknown(model, "the manuals leave more open than the model has room for");
		return 0;
	}
	if (model->asked == model->question_count)
		model->questions[model->question_count++] =
			(struct question){ question, 0, answers, model->moment_count };
	return model->questions[model->asked++].answer;
}

u8 choose(struct model *model, enum choice choice, u8 answers)
{
	u8 answer;

	if (model->situation->settled == choice + 1)
		return model->situation->settled_answer;
	if (model->profile[choice] >= 0) {
		model->by_profile = true;
		return (u8)model->profile[choice];
	}
	if (model->answered[choice] >= 0)
		return (u8)model->answered[choice];
	answer = ask(model, (u8)choice, answers);
	if (!asked_every_time(choice) && !model->unknown)
		model->answered[choice] = (s8)answer;
	return answer;
}
