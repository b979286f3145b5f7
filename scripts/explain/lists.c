/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enumerates the generated world as a guest does.
 */
#include "lists.h"

#include <stdio.h>
#include <string.h>

#include "names.h"
#include "notation.h"

static struct question_asked asked;
static struct model model;

/* May the model say of the situation that it is not in its world? */
static bool may_be_outside(const struct point *point, const char *vendor)
{
	char name[WORLD_NAME], option[] = "--vendor", value[WORLD_NAME];
	char *words[] = { name, option, value };
	struct text text = TEXT(name);
	struct point same;

	world_name(&text, point);
	text_seal(&text);
	strcpy(value, vendor);
	if (read_named(&asked, words, ARRAY_SIZE(words), &same))
		return true;
	model_begin(&model, &asked.situation);
	while (model_next(&model))
		;
	return model.unknown;
}

static void list_block(unsigned int opener, unsigned int instruction,
		       struct world_selection selection, const char *vendor)
{
	const char *excluded = world_excludes(opener, instruction);
	unsigned long situations = 0, outside = 0;
	struct point point;

	world_first(&point, opener, instruction);
	if (!excluded)
		do {
			if (!world_takes(&selection, &point))
				continue;
			situations++;
			outside += vendor && may_be_outside(&point, vendor);
		} while (world_next(&point, selection.depth, selection.then));
	printf("%s.%s\t%lu\t", openers[opener].word, world_instructions[instruction].word,
	       situations);
	if (vendor)
		printf("%lu\t%s\n", outside, excluded ? excluded : "");
	else
		printf("-\t%s\n", excluded ? excluded : "");
}

const char *list_blocks(char **words, int n)
{
	struct world_selection selection;
	const char *vendor = NULL, *problem;

	if (n && !strncmp(words[n - 1], "vendor=", strlen("vendor=")))
		vendor = words[--n] + strlen("vendor=");
	if (vendor && strcmp(vendor, "amd") && strcmp(vendor, "intel"))
		return "vendor= takes amd or intel";
	problem = read_selection(&selection, words, n);
	if (problem)
		return problem;
	for (unsigned int i = 0; i < world_instruction_count; i++)
		for (unsigned int o = 0; o < opener_count; o++)
			list_block(o, i, selection, vendor);
	return NULL;
}

const char *list_names(char **words, int n)
{
	struct world_selection selection;
	struct point point;
	const char *problem = n ? read_block(words[0], &point) : "give a block, such as STI.RDMSR";

	if (!problem)
		problem = read_selection(&selection, words + 1, n - 1);
	if (problem)
		return problem;
	do {
		char name[WORLD_NAME];
		struct text text = TEXT(name);

		if (!world_takes(&selection, &point))
			continue;
		world_name(&text, &point);
		puts(text_seal(&text));
	} while (world_next(&point, selection.depth, selection.then));
	return NULL;
}
