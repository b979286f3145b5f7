/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Near names by edit distance, without regard to case.
 */
#include "near.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	LONGEST = 64,
	SUGGESTIONS = 4,
	MESSAGE = 512,
};

static char text[MESSAGE];

const char *message(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters must be inserted, removed or changed to make one of the other. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1], n = strlen(b);

	if (n > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			bool same = tolower((unsigned char)a[i - 1]) ==
				    tolower((unsigned char)b[j - 1]);
			size_t changed = corner + !same;

			corner = row[j];
			row[j] = smaller(changed, smaller(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

const char *unknown_word(const char *kind, const char *word, const char *const *names, size_t n)
{
	size_t length = (size_t)snprintf(text, sizeof(text), "%s \"%s\" is unknown", kind, word);
	size_t found = 0;

	for (size_t far = 1; far <= LONGEST && found < SUGGESTIONS; far++)
		for (size_t i = 0; i < n && found < SUGGESTIONS; i++)
			if (names[i] && distance(word, names[i]) == far && length < sizeof(text))
				length += (size_t)snprintf(text + length, sizeof(text) - length,
							   "%s %s", found++ ? "," : "; perhaps",
							   names[i]);
	return text;
}
