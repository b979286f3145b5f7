/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the model knows: its rules, choices, quirks, instructions and controls, for --list.
 */
#include "lists.h"

#include <stdio.h>
#include <string.h>

#include "inner/inner.h"
#include "near.h"

static void list_choice(const struct choice_text *choice)
{
	printf("%s\t%s\t%s\t", choice->name, choice->text, choice->citation);
	for (size_t i = 0; i < CHOICE_ANSWERS && choice->answers[i]; i++)
		printf("%s%zu: %s", i ? "; " : "", i, choice->answers[i]);
	puts("");
}

static void list_rules(const struct rule_text *list, size_t n)
{
	for (size_t i = 1; i < n; i++)
		printf("%s\t%s\t%s\t%s\n", list[i].name, list[i].text, list[i].wrong,
		       list[i].citation);
}

/* The words of --entry that are on or off. */
static void list_controls(void)
{
#define CONTROL(id, word, text) puts(word "\t" text);
#include "inner/controls.def"
#undef CONTROL
}

const char *list_all(const char *what)
{
	static const char *const lists[] = { "rules",	     "choices",	    "quirks",
					     "instructions", "guest-rules", "guest-choices",
					     "controls" };

	if (!strcmp(what, "rules"))
		list_rules(rules, RULE_COUNT);
	else if (!strcmp(what, "guest-rules"))
		list_rules(inner_rules, INNER_RULE_COUNT);
	else if (!strcmp(what, "guest-choices"))
		for (size_t i = 0; i < INNER_CHOICE_COUNT; i++)
			list_choice(&inner_choices[i]);
	else if (!strcmp(what, "controls"))
		list_controls();
	else if (!strcmp(what, "choices"))
		for (size_t i = 0; i < CHOICE_COUNT; i++)
			list_choice(&choices[i]);
	else if (!strcmp(what, "quirks"))
		for (size_t i = 0; i < QUIRK_COUNT; i++)
			printf("%s\t%s\n", quirks[i].section, quirks[i].text);
	else if (!strcmp(what, "instructions"))
		for (size_t i = 1; i < FRAGMENT_COUNT; i++)
			printf("%s\t%s\n", fragments[i].name,
			       instructions[i].known ? "" : "no record");
	else
		return unknown_word("list", what, lists, ARRAY_SIZE(lists));
	return NULL;
}
