/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four functions to which a freestanding compiler may emit calls, and the two others we need.
 * An emulator counts each iteration of a repeated string instruction, so they go by eight bytes.
 */
#include "base/string.h"

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;
	size_t words = n / sizeof(u64), rest = n % sizeof(u64);

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest)::"memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	u8 *d = to;
	const u8 *s = from;

	if (d <= s || d >= s + n)
		return memcpy(to, from, n);
	while (n--)
		asm volatile("movb %1, %0" : "=m"(d[n]) : "q"(s[n]));
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *start = to;
	u64 bytes = (u8)byte * 0x0101010101010101ull;
	size_t words = n / sizeof(u64), rest = n % sizeof(u64);

	asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(bytes) : "memory");
	asm volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(bytes) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

size_t strlen(const char *s)
{
	const char *end = s;
	size_t left = ~0ul;

	asm volatile("repne scasb" : "+D"(end), "+c"(left) : "a"(0) : "cc", "memory");
	return ~left - 1;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}
