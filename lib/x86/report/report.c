/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each line goes into two CRCs, of the boot and of the case; docs/results.md has the grammar.
 */
#include "report/report.h"
#include "report/console.h"
#include "report/power.h"
#include "base/string.h"
#include "base/text.h"
#include "machine/profile.h"

enum {
	LOG_VERSION = 1,
	LINE_SIZE = 4096,
};

static struct {
	const char *suite, *nonce;
	u32 boot_crc, case_crc;
	size_t counts[VERDICT_COUNT];
} report;

static const char *const verdict_words[VERDICT_COUNT] = {
	[VERDICT_PASS] = "PASS",
	[VERDICT_FAIL] = "FAIL",
	[VERDICT_SKIP] = "SKIP",
	[VERDICT_ERROR] = "ERROR",
};

void report_line(const char *format, ...)
{
	static char buffer[LINE_SIZE];
	struct text t = TEXT(buffer);
	enum profile_section before = profile_enter(PROFILE_FORMAT);
	va_list args;

	va_start(args, format);
	text_vadd(&t, format, args);
	va_end(args);
	text_seal(&t);
	t.buffer[t.length++] = '\n'; /* in the place of the NUL */
	profile_enter(PROFILE_CHECKSUM);
	report.boot_crc = crc32(report.boot_crc, t.buffer, t.length);
	report.case_crc = crc32(report.case_crc, t.buffer, t.length);
	console_write(t.buffer, t.length);
	profile_leave(before);
}

void report_begin(const char *suite, const char *nonce)
{
	report.suite = suite;
	report.nonce = nonce;
	report_line("ORDEAL %d suite=%s nonce=%s", LOG_VERSION, suite, nonce);
}

void report_plan(size_t cases)
{
	report_line("PLAN: %lu", (u64)cases);
}

void report_case_begin(const char *name)
{
	report.case_crc = crc32(0, report.nonce, strlen(report.nonce));
	report.case_crc = crc32(report.case_crc, "\n", 1);
	report_line("CASE: %s", name);
}

void report_case_end(enum verdict verdict, const char *name, const char *sentence,
		     const char *reason)
{
	u32 crc;

	if (verdict == VERDICT_SKIP)
		sentence = reason;
	report_line("%s: %s: %s: %s%s%s", verdict_words[verdict], report.suite, name, sentence,
		    verdict == VERDICT_FAIL || verdict == VERDICT_ERROR ? " -- " : "",
		    verdict == VERDICT_FAIL || verdict == VERDICT_ERROR ? reason : "");
	report.counts[verdict]++;
	crc = report.case_crc;
	report_line("DONE: %s crc=%08x", name, crc);
}

static enum exit_code exit_code(size_t total, size_t bad)
{
	if (bad || !total)
		return EXIT_CODE_FAIL;
	return report.counts[VERDICT_SKIP] == total ? EXIT_CODE_SKIPPED : EXIT_CODE_PASS;
}

/* Not protocol lines: the judge skips them, and the stored log keeps them. */
static void print_profile(void)
{
	const struct profile_line *lines = profile_stop();

	for (size_t i = 0; lines && i < PROFILE_COUNT; i++)
		print("PROFILE %s: ticks=%lu entered=%u\n", lines[i].name, lines[i].ticks,
		      lines[i].entered);
}

void report_end(void)
{
	size_t bad = report.counts[VERDICT_FAIL] + report.counts[VERDICT_ERROR];
	size_t total = bad + report.counts[VERDICT_PASS] + report.counts[VERDICT_SKIP];
	char extras[96] = "";
	struct text t = TEXT(extras);

	if (bad)
		text_add(&t, ", %lu unexpected failures", (u64)bad);
	if (report.counts[VERDICT_SKIP])
		text_add(&t, ", %lu skipped", (u64)report.counts[VERDICT_SKIP]);
	print_profile();
	report_line("SUMMARY: %lu tests%s", (u64)total, text_seal(&t));
	print("END %s cases=%lu pass=%lu fail=%lu skip=%lu error=%lu crc=%08x\n", report.nonce,
	      (u64)total, (u64)report.counts[VERDICT_PASS], (u64)report.counts[VERDICT_FAIL],
	      (u64)report.counts[VERDICT_SKIP], (u64)report.counts[VERDICT_ERROR], report.boot_crc);
	power_exit(exit_code(total, bad));
}
