/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting, globbing and CRC: pure functions on bytes, also built and tested on the host.
 */
#include "base/text.h"

void text_char(struct text *t, char c)
{
	if (t->length + 1 >= t->capacity) {
		t->lost++;
		return;
	}
	t->buffer[t->length++] = c;
	t->buffer[t->length] = '\0';
}

struct conversion {
	bool zero_pad, prefix, left;
	int width;
	int longs;
};

static void pad(struct text *t, int n, char c)
{
	while (n-- > 0)
		text_char(t, c);
}

static void add_string(struct text *t, const char *s, const struct conversion *c)
{
	int n = 0;

	if (!s)
		s = "(null)";
	while (s[n])
		n++;
	if (!c->left)
		pad(t, c->width - n, ' ');
	for (const char *p = s; *p; p++)
		text_char(t, *p);
	if (c->left)
		pad(t, c->width - n, ' ');
}

static void add_number(struct text *t, u64 value, unsigned int base, bool negative,
		       const struct conversion *c)
{
	const char *sign = negative ? "-" : c->prefix && base == 16 ? "0x" : "";
	char digits[24];
	int n = 0, spare = c->width;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	spare -= n;
	for (const char *p = sign; *p; p++)
		spare--;
	if (!c->left && !c->zero_pad)
		pad(t, spare, ' ');
	while (*sign)
		text_char(t, *sign++);
	if (!c->left && c->zero_pad)
		pad(t, spare, '0');
	while (n > 0)
		text_char(t, digits[--n]);
	if (c->left)
		pad(t, spare, ' ');
}

static const char *parse_conversion(const char *f, struct conversion *c)
{
	*c = (struct conversion){ 0 };
	for (;; f++) {
		if (*f == '0')
			c->zero_pad = true;
		else if (*f == '#')
			c->prefix = true;
		else if (*f == '-')
			c->left = true;
		else
			break;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		c->width = c->width * 10 + *f - '0';
	for (; *f == 'l' || *f == 'z'; f++)
		c->longs++;
	return f;
}

void text_vadd(struct text *t, const char *f, va_list args)
{
	struct conversion c;

	for (; *f; f++) {
		if (*f != '%') {
			text_char(t, *f);
			continue;
		}
		f = parse_conversion(f + 1, &c);
		switch (*f) {
		case 's':
			add_string(t, va_arg(args, const char *), &c);
			break;
		case 'c':
			text_char(t, (char)va_arg(args, int));
			break;
		case 'd': {
			long v = c.longs ? va_arg(args, long) : va_arg(args, int);

			add_number(t, v < 0 ? -(u64)v : (u64)v, 10, v < 0, &c);
			break;
		}
		case 'u':
			add_number(t, c.longs ? va_arg(args, u64) : va_arg(args, u32), 10, false,
				   &c);
			break;
		case 'p':
			c.prefix = true;
			c.longs = 1;
			/* fall through */
		case 'x':
			add_number(t, c.longs ? va_arg(args, u64) : va_arg(args, u32), 16, false,
				   &c);
			break;
		case '\0':
			return;
		default:
			text_char(t, *f);
		}
	}
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vadd(t, format, args);
	va_end(args);
}

const char *text_seal(struct text *t)
{
	static const char mark[] = "...(cut)";

	if (!t->capacity)
		return "";
	if (!t->length)
		t->buffer[0] = '\0';
	if (t->lost && t->capacity > sizeof(mark)) {
		t->length = t->capacity - sizeof(mark);
		for (size_t i = 0; i < sizeof(mark); i++)
			t->buffer[t->length + i] = mark[i];
		t->length += sizeof(mark) - 1;
	}
	return t->buffer;
}

bool glob_match(const char *pattern, const char *s)
{
	const char *retry_pattern = NULL, *retry_s = NULL;

	while (*s) {
		if (*pattern == '*') {
			retry_pattern = ++pattern;
			retry_s = s;
		} else if (*pattern == '?' || *pattern == *s) {
			pattern++;
			s++;
		} else if (retry_pattern) {
			pattern = retry_pattern;
			s = ++retry_s;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

u32 crc32(u32 crc, const char *bytes, size_t n)
{
	/* The reflected polynomial 0xedb88320, four bits at a time. */
	static const u32 table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= (u8)bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

bool parse_number(const char *s, u64 *value)
{
	unsigned int base = 10;
	u64 v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int digit;

		if (*s >= '0' && *s <= '9')
			digit = *s - '0';
		else if ((*s | 32) >= 'a' && (*s | 32) <= 'f')
			digit = (*s | 32) - 'a' + 10;
		else
			return false;
		if (digit >= base || v > (~0ull - digit) / base)
			return false;
		v = v * base + digit;
	}
	*value = v;
	return true;
}
