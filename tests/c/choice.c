/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a person writes behind the file's name, and what the suites are told of it.
 */
#include "check.h"

#include "loader/choice.h"
#include "report/console.h"

static const char *told(const char *words, const char *line)
{
	static char buffer[128];
	struct text t = TEXT(buffer);

	choice_add(&t, words, line);
	return text_seal(&t);
}

static void selection(void)
{
	const char *words = "native hv/stories.* exit=halt";
	char name[8];

	CHECK(choice_takes("", "native nonce=1"));
	CHECK(choice_takes("console=com2", "native"));
	CHECK(choice_takes(words, "native nonce=1"));
	CHECK(choice_takes(words, "hv"));
	CHECK(!choice_takes(words, "nativ"));
	CHECK(!choice_takes(words, "natives"));
	CHECK(!choice_takes(words, "debug"));
	CHECK(choice_next_suite(&words, name, sizeof(name)));
	CHECK_TEXT(name, "native");
	CHECK(choice_next_suite(&words, name, sizeof(name)));
	CHECK_TEXT(name, "hv");
	CHECK(!choice_next_suite(&words, name, sizeof(name)));
	words = "longer_than_it";
	CHECK(choice_next_suite(&words, name, sizeof(name)));
	CHECK_TEXT(name, "longer_");
}

static void arguments(void)
{
	CHECK_TEXT(told("", "hv"), "");
	CHECK_TEXT(told("hv native", "hv"), "");
	CHECK_TEXT(told(" hv/a.* hv/b  native/c exit=halt hv/", "hv x=1"), " a.* b exit=halt");
	CHECK_TEXT(told("exclude=a/b", "hv"), " exclude=a/b");
}

static void file_name(void)
{
	CHECK_TEXT(choice_words("BOOTX64.EFI native"), " native");
	CHECK_TEXT(choice_words("fs0:\\a\\ordeal.efi"), "");
	CHECK_TEXT(choice_words("native ordeal.efi"), "native ordeal.efi");
	CHECK_TEXT(choice_words(".efi"), ".efi");
	CHECK_TEXT(choice_words(""), "");
}

static void ports(void)
{
	CHECK_INT(choice_port(""), CONSOLE_COM1);
	CHECK_INT(choice_port("hv console=com2"), CONSOLE_COM2);
	CHECK_INT(choice_port("console=0x3e8 hv"), 0x3e8);
	CHECK_INT(choice_port("console=none"), CONSOLE_COM1);
	CHECK_INT(choice_port("console="), CONSOLE_COM1);
	CHECK_INT(choice_port("console=0x111111111111111111"), CONSOLE_COM1);
}

static void wide(void)
{
	static const uint16_t text[] = { 'h', 'v', 0, 0 }, junk[] = { 'h', 0x1234, 0 };
	char to[4];

	CHECK(choice_from_wide(to, sizeof(to), text, 4));
	CHECK_TEXT(to, "hv");
	CHECK(!choice_from_wide(to, sizeof(to), junk, 3));
	CHECK_TEXT(to, "");
	CHECK(!choice_from_wide(to, 2, text, 4));
	CHECK(choice_from_wide(to, sizeof(to), text, 0));
	CHECK_TEXT(to, "");
}

int main(void)
{
	selection();
	arguments();
	file_name();
	ports();
	wide();
	return checks_done("choice");
}
