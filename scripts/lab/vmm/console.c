/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every line is written with one call, because each call is an exit of the lab's own machine.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/io.h>
#include <unistd.h>
#include "../ports.h"
#include "console.h"
#include "ending.h"

enum {
	CONSOLE_SIZE = 4096,
};

static struct {
	char bytes[CONSOLE_SIZE];
	size_t used;
	unsigned short port;
} console;

const char *console_tag;

int console_use_port(unsigned short port)
{
	console.port = port;
	return ioperm(port, 1, 1);
}

static void flush(void)
{
	size_t done = 0;

	if (console.port)
		write_bytes(console.port, console.bytes, console.used);
	while (!console.port && done < console.used) {
		ssize_t n = write(STDOUT_FILENO, console.bytes + done, console.used - done);

		if (n < 0 && errno != EINTR)
			_exit(STATUS_FAILED);
		done += n > 0 ? n : 0;
	}
	console.used = 0;
}

void console_byte(char byte)
{
	console.bytes[console.used++] = byte;
	if (byte == '\n' || console.used == CONSOLE_SIZE)
		flush();
}

void console_text(const char *text)
{
	while (*text)
		console_byte(*text++);
}

void console_end_line(void)
{
	if (console.used)
		console_byte('\n');
}

void console_mark(const char *format, ...)
{
	char line[CONSOLE_SIZE];
	va_list args;

	if (!console_tag)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	console_text(console_tag);
	console_byte(' ');
	console_text(line);
	console_byte('\n');
}
