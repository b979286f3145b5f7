/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the values of options are made of.
 */
#ifndef ORDEAL_EXPLAIN_WORDS_H
#define ORDEAL_EXPLAIN_WORDS_H

#include "notation.h"

/* Lays out "STI; L: RDMSR" (and "NOP x4") at addresses of its own. NULL, or what is wrong. */
const char *read_scene(struct question_asked *asked, char *scene);

/* Where scenes and entry stubs lie: addresses that are made up. */
void lay_ground(struct ground *ground);

/* The fragment of that printed name, or name in fragments.def; FRAGMENT_NONE: there is none. Of two
 * with one name it is the one that has a record. */
u16 fragment_named(const char *name);

/* The index of @word in a list that NULL ends; -1: it is not there. */
int index_of(const char *word, const char *const *words);

/* "irq60", "nmi", "GP", "#GP", "int50", "13"; -1: it is none. */
int vector_of(const char *word);
const char *bad_vector(const char *word);

/* "L", "step2", "landing", "handler13", "elsewhere", "rbp+4", "absent", "0x1000". */
bool address_named(const struct question_asked *asked, const char *word, u64 *address);
const char *bad_address(const char *word);

/* Sets a bit for each word of the list "a,b,c". NULL, or which is none. */
const char *bits_of(const char *kind, char *list, const char *const *words, u32 *bits);

/* The options of machine_options.c: each takes the value of --gate, --break, --watch, --set, or
 * --law. */
const char *read_gate(struct question_asked *asked, char *value);
const char *read_break(struct question_asked *asked, char *value);
const char *read_watch(struct question_asked *asked, char *value);
const char *read_set(struct question_asked *asked, char *value);
const char *read_law(struct question_asked *asked, char *value);

/* rule_options.c: the values of --choose, --mutant and --quirk. */
const char *read_choose(struct question_asked *asked, char *value);
const char *read_mutant(struct question_asked *asked, char *value);
const char *read_quirk(struct question_asked *asked, char *value);

/* guest_options.c: the value of --entry. */
const char *read_entry(struct question_asked *asked, char *value);

/* Are all of the entries' controls of that vendor? NULL, or which is not. */
const char *wrong_control(const struct guest_situation *guest, bool amd);

#endif
