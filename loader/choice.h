/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words that a person gives the file, as EFI load options or on a Multiboot command line:
 * `[FILE.EFI] [SUITE[/CASE-GLOB] ...] [KEY=VALUE ...]`. Suites that are named run, otherwise all;
 * a KEY=VALUE is an argument of each of them (docs/results.md, "The guest's arguments").
 */
#ifndef ORDEAL_CHOICE_H
#define ORDEAL_CHOICE_H

#include "base/text.h"

/* Copies @n characters that firmware hands over. Returns false, and copies none, if they are no
 * printable text that fits: some firmware hands over what it likes. */
bool choice_from_wide(char *to, size_t size, const uint16_t *from, size_t n);

/* The words without the file's name. */
const char *choice_words(const char *text);

/* Whether the suite whose name @line begins with is to run. */
bool choice_takes(const char *words, const char *line);

/* Adds what the words say to the arguments of this suite. */
void choice_add(struct text *to, const char *words, const char *line);

/* The next suite that is named, in @name. Returns false if there is none. */
bool choice_next_suite(const char **words, char *name, size_t size);

/* The port of the UART that console= names, or COM1. */
u16 choice_port(const char *words);

#endif
