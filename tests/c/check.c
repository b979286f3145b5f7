/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See check.h.
 */
#include "check.h"

unsigned int checks_made, checks_failed;

void check_that(int holds, const char *file, int line, const char *format, ...)
{
	va_list args;

	checks_made++;
	if (holds)
		return;
	checks_failed++;
	printf("%s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

int checks_done(const char *program)
{
	printf("%s: %u checks, %u failed\n", program, checks_made, checks_failed);
	return checks_failed || !checks_made;
}
