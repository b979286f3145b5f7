/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log that docs/results.md describes: protocol lines, their CRCs, counts, and the verdicts.
 */
#ifndef ORDEAL_REPORT_H
#define ORDEAL_REPORT_H

#include "base/types.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_SKIP,
	VERDICT_ERROR,
	VERDICT_COUNT,
};

/* "ORDEAL 1 ...", then nothing but protocol lines until report_end(). */
void report_begin(const char *suite, const char *nonce);

/* One protocol line, without its LF. It must begin with one of the grammar's words. */
void report_line(const char *format, ...) PRINTF(1, 2);

void report_plan(size_t cases);
void report_case_begin(const char *name);

/* @reason: NULL for PASS. For SKIP it stands alone; after FAIL and ERROR
 * it follows the sentence. */
void report_case_end(enum verdict verdict, const char *name, const char *sentence,
		     const char *reason);

/* Prints SUMMARY and END, and ends the boot. */
NORETURN void report_end(void);

/* suite.c: name of the image, "native" for example. */
extern const char suite_name[];

#endif
