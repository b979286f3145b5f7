/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.c: formatting into bounded buffers, globs, CRC-32, numbers.
 */
#include "check.h"

static const char *formatted(const char *format, ...) PRINTF(1, 2);
static const char *formatted(const char *format, ...)
{
	static char buffer[128];
	struct text t = TEXT(buffer);
	va_list args;

	va_start(args, format);
	text_vadd(&t, format, args);
	va_end(args);
	return text_seal(&t);
}

static void conversions(void)
{
	CHECK_TEXT(formatted("plain"), "plain");
	CHECK_TEXT(formatted("%s and %s", "a", "b"), "a and b");
	CHECK_TEXT(formatted("%c%%%c", 'x', 'y'), "x%y");
	CHECK_TEXT(formatted("%d %d %d", 0, -1, 2147483647), "0 -1 2147483647");
	CHECK_TEXT(formatted("%ld", -9223372036854775807l - 1), "-9223372036854775808");
	CHECK_TEXT(formatted("%u", 4294967295u), "4294967295");
	CHECK_TEXT(formatted("%lu", ~0ul), "18446744073709551615");
	CHECK_TEXT(formatted("%zu", sizeof(u64)), "8");
	CHECK_TEXT(formatted("%x %#x", 0xabu, 0xabu), "ab 0xab");
	CHECK_TEXT(formatted("%lx %#lx", 1ul << 63, 0ul), "8000000000000000 0x0");
	CHECK_TEXT(formatted("%p", (void *)0x1000), "0x1000");
	CHECK_TEXT(formatted("[%s]", ""), "[]");
}

static void widths(void)
{
	CHECK_TEXT(formatted("[%4s][%-4s]", "ab", "ab"), "[  ab][ab  ]");
	CHECK_TEXT(formatted("[%2s]", "abc"), "[abc]");
	CHECK_TEXT(formatted("[%3d][%-3d][%03d]", 7, 7, 7), "[  7][7  ][007]");
	CHECK_TEXT(formatted("[%08x]", 0xcafeu), "[0000cafe]");
	CHECK_TEXT(formatted("[%04d]", -7), "[-007]");
	CHECK_TEXT(formatted("[%#06x]", 0xabu), "[0x00ab]");
	CHECK_TEXT(formatted("[%4d]", -7), "[  -7]");
	CHECK_TEXT(formatted("[%-12s|%2lu]", "name", 5ul), "[name        | 5]");
}

static void cuts(void)
{
	char room[16], small[4], none[1];
	struct text t = TEXT(room), s = TEXT(small), n = TEXT(none), nothing = { 0 };

	text_add(&t, "%s", "123456789012345");
	CHECK_INT(t.lost, 0);
	CHECK_TEXT(text_seal(&t), "123456789012345");
	text_add(&t, "%s", "67");
	CHECK_INT(t.lost, 2);
	CHECK_TEXT(text_seal(&t), "1234567...(cut)");
	CHECK_INT(t.length, 15);

	text_add(&s, "%s", "abcdef");
	CHECK_TEXT(text_seal(&s), "abc");
	CHECK_INT(s.lost, 3);

	text_add(&n, "%s", "x");
	CHECK_TEXT(text_seal(&n), "");
	text_char(&nothing, 'x');
	CHECK_INT(nothing.lost, 1);
	CHECK_TEXT(text_seal(&nothing), "");
}

static void seals_empty(void)
{
	char room[8] = "junk";
	struct text t = TEXT(room);

	CHECK_TEXT(text_seal(&t), "");
}

static void globs(void)
{
	CHECK(glob_match("", ""));
	CHECK(!glob_match("", "a"));
	CHECK(glob_match("*", ""));
	CHECK(glob_match("*", "anything"));
	CHECK(glob_match("stories.*", "stories.x"));
	CHECK(!glob_match("stories.*", "storiesx"));
	CHECK(glob_match("*gate", "irq_trap_gate"));
	CHECK(!glob_match("*gate", "irq_trap_gates"));
	CHECK(glob_match("a*b*c", "aXbbYc"));
	CHECK(!glob_match("a*b*c", "aXbbYcd"));
	CHECK(glob_match("a?c", "abc"));
	CHECK(!glob_match("a?c", "ac"));
	CHECK(!glob_match("a?", "a"));
	CHECK(glob_match("**", "x"));
	CHECK(glob_match("*ab", "aaab"));
	CHECK(glob_match("*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
	CHECK(!glob_match("*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	CHECK(!glob_match("ABC", "abc"));
}

static void crcs(void)
{
	const char *check = "123456789";

	CHECK_INT(crc32(0, "", 0), 0);
	CHECK_INT(crc32(0, check, 9), 0xcbf43926); /* the check value of CRC-32/ISO-HDLC */
	CHECK_INT(crc32(0, "a", 1), 0xe8b7be43);
	CHECK_INT(crc32(0, "\0\0\0\0", 4), 0x2144df1c);
	CHECK_INT(crc32(0, "\xff\xff\xff\xff", 4), 0xffffffff);
	for (size_t cut = 0; cut <= 9; cut++)
		CHECK_INT(crc32(crc32(0, check, cut), check + cut, 9 - cut), 0xcbf43926);
}

static void parses(const char *s, u64 wanted)
{
	u64 value = 42;

	check_that(parse_number(s, &value) && value == wanted, __FILE__, __LINE__,
		   "\"%s\" gave %#lx, not %#lx", s, value, wanted);
}

static void refuses(const char *s)
{
	u64 value = 42;

	check_that(!parse_number(s, &value) && value == 42, __FILE__, __LINE__,
		   "\"%s\" was taken as %#lx", s, value);
}

static void numbers(void)
{
	parses("0", 0);
	parses("007", 7);
	parses("1000", 1000);
	parses("0x2F8", 0x2f8);
	parses("0Xab", 0xab);
	parses("18446744073709551615", ~0ul);
	parses("0xffffffffffffffff", ~0ul);
	refuses("");
	refuses("0x");
	refuses("18446744073709551616");
	refuses("0x10000000000000000");
	refuses("12a");
	refuses("0xg");
	refuses("-1");
	refuses("+1");
	refuses(" 1");
	refuses("1 ");
}

int main(void)
{
	conversions();
	widths();
	cuts();
	seals_empty();
	globs();
	crcs();
	numbers();
	return checks_done("text");
}
