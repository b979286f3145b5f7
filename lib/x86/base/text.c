/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting, globbing and CRC: pure functions on bytes, also built and tested on the host.
 */
#include "base/text.h"
#include "base/string.h"

/* Appends @n bytes, as many as fit. */
static void add_bytes(struct text *t, const char *bytes, size_t n)
{
	size_t room = t->length + 1 < t->capacity ? t->capacity - 1 - t->length : 0;
	size_t fits = n < room ? n : room;

	t->lost += n - fits;
	if (!fits)
		return;
	memcpy(t->buffer + t->length, bytes, fits);
	t->length += fits;
	t->buffer[t->length] = '\0';
}

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
	int n;

	if (!s)
		s = "(null)";
	n = (int)strlen(s);
	if (!c || !c->width) {
		add_bytes(t, s, n);
		return;
	}
	if (!c->left)
		pad(t, c->width - n, ' ');
	add_bytes(t, s, n);
	if (c->left)
		pad(t, c->width - n, ' ');
}

static void add_number(struct text *t, u64 value, unsigned int base, bool negative,
		       const struct conversion *c)
{
	const char *sign = negative ? "-" : c->prefix && base == 16 ? "0x" : "";
	char digits[24], *first = digits + sizeof(digits);
	int n, spare = c->width;

	do {
		*--first = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	n = (int)(digits + sizeof(digits) - first);
	spare -= n;
	for (const char *p = sign; *p; p++)
		spare--;
	if (!c->left && !c->zero_pad)
		pad(t, spare, ' ');
	while (*sign)
		text_char(t, *sign++);
	if (!c->left && c->zero_pad)
		pad(t, spare, '0');
	add_bytes(t, first, n);
	if (c->left)
		pad(t, spare, ' ');
}

static const char *parse_conversion(const char *f, struct conversion *c)
{
	c->zero_pad = c->prefix = c->left = false;
	c->width = c->longs = 0;
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
		const char *plain = f;

		while (*f && *f != '%')
			f++;
		if (f > plain)
			add_bytes(t, plain, f - plain);
		if (!*f)
			return;
		f++;
		if (*f == 's') { /* most conversions are bare */
			add_string(t, va_arg(args, const char *), NULL);
			continue;
		}
		f = parse_conversion(f, &c);
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

/* Remainders of the reflected polynomial 0xedb88320: of a byte, and of one before 1 to 3 zeros. */
static u32 remainders[4][256];

static void make_remainders(void)
{
	for (u32 byte = 0; byte < 256; byte++) {
		u32 crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		remainders[0][byte] = crc;
	}
	for (u32 byte = 0; byte < 256; byte++)
		for (int zeros = 1; zeros < 4; zeros++) {
			u32 crc = remainders[zeros - 1][byte];

			remainders[zeros][byte] = crc >> 8 ^ remainders[0][crc & 255];
		}
}

u32 crc32(u32 crc, const char *bytes, size_t n)
{
	if (!remainders[0][1])
		make_remainders();
	crc = ~crc;
	for (; n >= 4; n -= 4, bytes += 4) {
		u32 four;

		__builtin_memcpy(&four, bytes, sizeof(four));
		four ^= crc;
		crc = remainders[3][four & 255] ^ remainders[2][four >> 8 & 255] ^
		      remainders[1][four >> 16 & 255] ^ remainders[0][four >> 24];
	}
	for (; n; n--, bytes++)
		crc = crc >> 8 ^ remainders[0][(crc ^ *bytes) & 255];
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
