/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which word of a name is wrong, and what was perhaps meant.
 */
#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"

enum {
	NAME_WORDS = 128, /* that can stand in one place of a name */
	NUMBER_MOST = 0xffffffff,
};

static const char *const value_words[WORLD_VALUES] = {
#define AXIS(id, what)
#define VALUE(axis, id, word, what) [axis##_##id] = word,
#include "world/axes.def"
#undef AXIS
#undef VALUE
};

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (words[i] && !strcmp(word, words[i]))
			return true;
	return false;
}

/* What is wrong with the first word that is none; NULL: there is no such word. */
static const char *unknown_word_of(const char *name)
{
	static char copy[WORLD_NAME];
	static const char *opener_words[NAME_WORDS], *instruction_words[NAME_WORDS];
	char *word;

	for (size_t i = 0; i < opener_count; i++)
		opener_words[i] = openers[i].word;
	for (size_t i = 0; i < world_instruction_count; i++)
		instruction_words[i] = world_instructions[i].word;
	if (strlen(name) >= sizeof(copy))
		return message("the name %.40s... is too long", name);
	strcpy(copy, name);
	word = strtok(copy, ".");
	if (!word || !is_one_of(word, opener_words, opener_count))
		return unknown_word("opener", word ? word : "", opener_words, opener_count);
	word = strtok(NULL, ".");
	if (!word || !is_one_of(word, instruction_words, world_instruction_count))
		return unknown_word("instruction", word ? word : "", instruction_words,
				    world_instruction_count);
	while ((word = strtok(NULL, ".")))
		if (!is_one_of(word, value_words, WORLD_VALUES))
			return unknown_word("word of an axis", word, value_words, WORLD_VALUES);
	return NULL;
}

const char *read_name(const char *name, struct point *point)
{
	const char *problem = world_find(name, point), *unknown;

	if (!problem)
		return NULL;
	unknown = unknown_word_of(name);
	return unknown ? unknown : message("%s is no situation: %s", name, problem);
}

const char *read_block(const char *name, struct point *first)
{
	const char *problem = read_name(name, first);
	const char *dot = strchr(name, '.');

	if (!problem && strchr(dot + 1, '.'))
		return message("%s is a situation, not a block such as STI.RDMSR", name);
	return problem;
}

static const char *read_axes(struct world_selection *selection, const char *list)
{
	static const char *names[AXIS_COUNT - 1];
	const char *bad = world_read_axes(list, &selection->axes);
	static char word[WORLD_NAME];

	if (!bad)
		return NULL;
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = world_axis_name(AXIS_THEN + 1 + i);
	strncat(strcpy(word, ""), bad,
		strcspn(bad, ",") < sizeof(word) ? strcspn(bad, ",") : sizeof(word) - 1);
	return unknown_word("axis", word, names, ARRAY_SIZE(names));
}

static const char *read_followers(struct world_selection *selection, const char *list)
{
	static const char *names[CPL_USUAL - THEN_USUAL - 1];
	const char *bad = world_read_followers(list, &selection->then);
	static char word[WORLD_NAME];

	if (!bad)
		return NULL;
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = world_word(THEN_USUAL + 1 + i) + strlen("then-");
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(bad, ","), bad);
	return unknown_word("second instruction", word, names, ARRAY_SIZE(names));
}

const char *read_selection(struct world_selection *selection, char **words, int n)
{
	struct {
		const char *name;
		u32 *number;
	} numbers[] = { { "sample=", &selection->sample },
			{ "seed=", &selection->seed },
			{ "depth=", &selection->depth },
			{ "from=", &selection->from },
			{ "to=", &selection->to } };

	*selection = (struct world_selection){ .depth = WORLD_DEPTH };
	for (int i = 0; i < n; i++) {
		const char *problem = NULL;
		size_t k = 0;

		while (k < ARRAY_SIZE(numbers) &&
		       strncmp(words[i], numbers[k].name, strlen(numbers[k].name)))
			k++;
		if (k < ARRAY_SIZE(numbers)) {
			char *end;
			u64 value = strtoull(words[i] + strlen(numbers[k].name), &end, 10);

			if (*end || !value || value > NUMBER_MOST)
				problem = message("%s: give a number from 1 to %u", words[i],
						  NUMBER_MOST);
			*numbers[k].number = (u32)value;
		} else if (!strncmp(words[i], "axes=", strlen("axes="))) {
			problem = read_axes(selection, words[i] + strlen("axes="));
		} else if (!strncmp(words[i], "then=", strlen("then="))) {
			problem = read_followers(selection, words[i] + strlen("then="));
		} else {
			problem = message("%s selects nothing: give sample=N, seed=S, depth=N, "
					  "axes=LIST, then=LIST, from=N or to=N",
					  words[i]);
		}
		if (problem)
			return problem;
	}
	return NULL;
}
