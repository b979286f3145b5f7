/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists: of the generated world, for the runner; and of what the model knows.
 */
#ifndef ORDEAL_EXPLAIN_LISTS_H
#define ORDEAL_EXPLAIN_LISTS_H

/*
 * Prints a line for each block: its name, how many situations the selection has of it, how many of
 * them may be outside the model's world ("-" without vendor=), and why it has none, with tabs
 * between. Returns what is wrong with the words, or NULL.
 */
const char *list_blocks(char **words, int n);

/* Prints the names of one block's situations in their order. The first word is the block. */
const char *list_names(char **words, int n);

/* catalogue.c: prints what --list names: "rules", "choices" and so on. NULL, or what is wrong. */
const char *list_all(const char *what);

#endif
