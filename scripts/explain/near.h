/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that were perhaps meant.
 */
#ifndef ORDEAL_EXPLAIN_NEAR_H
#define ORDEAL_EXPLAIN_NEAR_H

#include <stddef.h>

/* The message "KIND \"WORD\" is unknown: perhaps ...", with the nearest of @n @names, some of which
 * may be NULL. It is valid until the next call. */
const char *unknown_word(const char *kind, const char *word, const char *const *names, size_t n);

/* Any other message, as printf() writes it; valid until the next call of either. */
const char *message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
