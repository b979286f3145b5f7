/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks for the host tests: each failed one prints a line and is counted; main() returns
 * checks_done(). Includes the C library before lib/x86's headers, whose short names are macros.
 */
#ifndef ORDEAL_TESTS_CHECK_H
#define ORDEAL_TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

extern unsigned int checks_made, checks_failed;

#define CHECK(condition) check_that(!!(condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_INT(got, wanted)                                                                     \
	do {                                                                                       \
		long got_ = (long)(got), wanted_ = (long)(wanted);                                 \
		check_that(got_ == wanted_, __FILE__, __LINE__, "%s is %ld, not %ld", #got, got_,  \
			   wanted_);                                                               \
	} while (0)
#define CHECK_TEXT(got, wanted)                                                                    \
	do {                                                                                       \
		const char *got_ = (got), *wanted_ = (wanted);                                     \
		check_that(!strcmp(got_, wanted_), __FILE__, __LINE__,                             \
			   "%s is\n\t\"%s\", not\n\t\"%s\"", #got, got_, wanted_);                 \
	} while (0)

void check_that(int holds, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Prints how many checks @program made; the exit status. */
int checks_done(const char *program);

#endif
