/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The runner learns how the guest ended from the line with "EXIT" alone.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "console.h"
#include "ending.h"

void (*ending_of_play)(const char *text);

_Noreturn void finish(const char *kind, int status, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (ending_of_play)
		ending_of_play(text);
	console_end_line();
	console_mark("EXIT %s %d %s", kind, status, text);
	if (!console_tag && strcmp(kind, "exit"))
		fprintf(stderr, "launcher: %s\n", text);
	exit(status);
}
