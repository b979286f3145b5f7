/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line is read when it is whole; one that is too long is kept as far as it fits.
 */
#include <stdio.h>
#include <string.h>
#include "case_log.h"

struct case_log case_log;

static struct {
	char bytes[CASE_SEEN_SIZE];
	size_t used;
} line;

/* The rest of the line, if it begins with this word and a colon. */
static const char *after(const char *word)
{
	size_t n = strlen(word);

	return !strncmp(line.bytes, word, n) && !strncmp(line.bytes + n, ": ", 2)
		       ? line.bytes + n + 2
		       : NULL;
}

static void keep(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text);
}

static void read_verdict(const char *word, const char *rest)
{
	keep(case_log.verdict, sizeof(case_log.verdict), word);
	keep(case_log.reason, sizeof(case_log.reason), rest);
}

static void read_line(void)
{
	static const char *const verdicts[] = { "PASS", "FAIL", "SKIP", "ERROR" };
	const char *rest;

	if ((rest = after("CASE"))) {
		memset(&case_log, 0, sizeof(case_log));
		keep(case_log.name, sizeof(case_log.name), rest);
		case_log.begun = true;
	}
	if (!case_log.begun)
		return;
	if ((rest = after("SEEN")) && strstr(rest, ": "))
		keep(case_log.seen, sizeof(case_log.seen), strstr(rest, ": ") + 2);
	if (after("SWEEP"))
		case_log.sweep = true;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if ((rest = after(verdicts[i])))
			read_verdict(verdicts[i], rest);
	/* A guest that gives up says so, and nothing more. */
	if ((rest = after("ABORT")))
		read_verdict("ABORT", rest);
	case_log.over = case_log.over || after("DONE") || after("ABORT");
}

void case_log_byte(char byte)
{
	if (byte == '\n') {
		line.bytes[line.used] = '\0';
		read_line();
		line.used = 0;
	} else if (line.used < sizeof(line.bytes) - 1) {
		line.bytes[line.used++] = byte;
	}
}

const char *case_log_difference(const struct case_log *one, const struct case_log *other)
{
	if (one->sweep && strcmp(one->verdict, "PASS"))
		return NULL;
	if (strcmp(one->verdict, other->verdict))
		return "verdict";
	if (!one->sweep && strcmp(one->seen, other->seen))
		return "trace";
	return NULL;
}
