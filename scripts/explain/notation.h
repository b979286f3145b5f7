/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Situations from words: those that situation_format() (lib/x86/model/situation.c) writes, and
 * those that a person would rather write.
 */
#ifndef ORDEAL_EXPLAIN_NOTATION_H
#define ORDEAL_EXPLAIN_NOTATION_H

#include "inner/inner.h"
#include "world/world.h"

/* What the words said. */
struct question_asked {
	struct layout layout;
	struct situation situation;
	bool vendor_given; /* else both vendors are meant */
	s8 profile[CHOICE_COUNT];
	enum rule mutant;
	u64 quirks;

	/* With --guest: its scene is the situation above. */
	struct guest_situation guest;
	s8 inner_profile[INNER_CHOICE_COUNT];
	enum inner_rule inner_mutant;
};

/* Reads @n words. NULL, or what is wrong with them, and what to write instead. */
const char *read_question(struct question_asked *asked, char **words, int n);

/* The same of a guest: --entry is allowed, and without one there is a plain one. */
const char *read_guest(struct question_asked *asked, char **words, int n);

/* The same of the name of a situation of the generated world, which is @point, and options. */
const char *read_named(struct question_asked *asked, char **words, int n, struct point *point);

/* Splits a line at blanks, but not within '...'. At most @limit words; -1: there are more, or a
 * quotation does not end. */
int split_words(char *line, char **words, int limit);

#endif
