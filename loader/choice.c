/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pure: tests/c/choice.c tries words.
 */
#include "loader/choice.h"
#include "base/string.h"
#include "report/console.h"

struct word {
	const char *at;
	size_t length;
};

static bool next_word(const char **text, struct word *word)
{
	while (**text == ' ')
		++*text;
	word->at = *text;
	while (**text && **text != ' ')
		++*text;
	word->length = (size_t)(*text - word->at);
	return word->length > 0;
}

/* How many characters stand before @sign; all of them if it is not there. */
static size_t before(const struct word *word, char sign)
{
	size_t n = 0;

	while (n < word->length && word->at[n] != sign)
		n++;
	return n;
}

static bool is_argument(const struct word *word)
{
	return before(word, '=') < word->length;
}

static bool names(const struct word *word, const char *line)
{
	size_t n = before(word, '/');

	for (size_t i = 0; i < n; i++)
		if (line[i] != word->at[i])
			return false;
	return !line[n] || line[n] == ' ';
}

bool choice_from_wide(char *to, size_t size, const uint16_t *from, size_t n)
{
	to[0] = '\0';
	while (n > 0 && !from[n - 1])
		n--;
	if (n >= size)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (from[i] < ' ' || from[i] > '~') {
			to[0] = '\0';
			return false;
		}
		to[i] = (char)from[i];
		to[i + 1] = '\0';
	}
	return true;
}

const char *choice_words(const char *text)
{
	const char *rest = text;
	struct word word;

	if (next_word(&rest, &word) && word.length > 4 &&
	    (!memcmp(word.at + word.length - 4, ".efi", 4) ||
	     !memcmp(word.at + word.length - 4, ".EFI", 4)))
		return rest;
	return text;
}

bool choice_takes(const char *words, const char *line)
{
	bool all = true;
	struct word word;

	while (next_word(&words, &word)) {
		if (is_argument(&word))
			continue;
		if (names(&word, line))
			return true;
		all = false;
	}
	return all;
}

static void add(struct text *to, const char *from, size_t n)
{
	text_char(to, ' ');
	while (n--)
		text_char(to, *from++);
}

void choice_add(struct text *to, const char *words, const char *line)
{
	struct word word;

	while (next_word(&words, &word)) {
		size_t suite = before(&word, '/');

		if (is_argument(&word))
			add(to, word.at, word.length);
		else if (names(&word, line) && suite + 1 < word.length)
			add(to, word.at + suite + 1, word.length - suite - 1);
	}
}

bool choice_next_suite(const char **words, char *name, size_t size)
{
	struct word word;

	while (next_word(words, &word)) {
		size_t n = before(&word, '/');

		if (is_argument(&word))
			continue;
		n = n < size ? n : size - 1;
		memcpy(name, word.at, n);
		name[n] = '\0';
		return true;
	}
	return false;
}

u16 choice_port(const char *words)
{
	static const char key[] = "console=";
	char value[16];
	struct word word;
	u64 port;

	while (next_word(&words, &word)) {
		size_t n = word.length - (sizeof(key) - 1);

		if (word.length <= sizeof(key) - 1 || n >= sizeof(value) ||
		    memcmp(word.at, key, sizeof(key) - 1))
			continue;
		memcpy(value, word.at + sizeof(key) - 1, n);
		value[n] = '\0';
		if (n == 4 && !memcmp(value, "com2", n))
			return CONSOLE_COM2;
		if (parse_number(value, &port) && port && port <= 0xfff8)
			return (u16)port;
	}
	return CONSOLE_COM1;
}
