/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where this program writes: standard output, or an I/O port of the machine (a debug console).
 */
#ifndef ORDEAL_VMM_CONSOLE_H
#define ORDEAL_VMM_CONSOLE_H

#include <stddef.h>

/* Writes to this port from now on. Returns 0, or -1 with errno if the port is refused. */
int console_use_port(unsigned short port);

/* Lines are written whole: a byte stays here until its line ends. */
void console_byte(char byte);
void console_text(const char *text);

/* Writes what is left of a line that the guest did not end. */
void console_end_line(void);

/* What stands before each line of this program about the guest, or NULL for none. */
extern const char *console_tag;

/* One line of this program: "TAG WORD...", or nothing without a tag. */
void console_mark(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
