/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text into a bounded buffer. A struct text never overflows and never lies: what did not fit is
 * counted in `lost`, and text_seal() then ends the buffer with a visible mark.
 * Conversions: %s %c %d %u %x %lx %lu %ld %zu %p, %#x %#lx, width and 0-padding, and %%.
 */
#ifndef ORDEAL_TEXT_H
#define ORDEAL_TEXT_H

#include <stdarg.h>
#include "base/types.h"

struct text {
	char *buffer;
	size_t capacity; /* bytes, the final NUL included */
	size_t length;	 /* bytes used, the final NUL not included */
	size_t lost;	 /* bytes that did not fit */
};

#define TEXT(array) ((struct text){ .buffer = (array), .capacity = sizeof(array) })

void text_char(struct text *t, char c);
void text_add(struct text *t, const char *format, ...) PRINTF(2, 3);
void text_vadd(struct text *t, const char *format, va_list args);

/* Ends the text with "...(cut)", over what was there, if anything was lost. Returns the buffer. */
const char *text_seal(struct text *t);

/* '*' matches any run of characters, '?' any one. The whole of `s` must match. */
bool glob_match(const char *pattern, const char *s);

/* CRC-32 as zlib computes it; start with 0, feed the result back in. */
u32 crc32(u32 crc, const char *bytes, size_t n);

/* The number at `s` (decimal, or hexadecimal after 0x). False if anything but digits is there. */
bool parse_number(const char *s, u64 *value);

#endif
