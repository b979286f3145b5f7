/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial console: a 16550 UART, by polling. Bochs and real UARTs drop a byte that is written
 * while the transmit holding register is full, so every byte waits for THRE, with a bound. Some
 * VMMs (scripts/lab/launcher.c is one) exit to user space on every port access; two exits a byte
 * would dominate the run. There CONSOLE_BLOCK passes a whole line with one OUT.
 */
#ifndef ORDEAL_CONSOLE_H
#define ORDEAL_CONSOLE_H

#include "base/types.h"

enum {
	CONSOLE_NONE = 0,
	CONSOLE_COM1 = 0x3f8,
	CONSOLE_COM2 = 0x2f8,
	CONSOLE_BLOCK =
		0xe8, /* no UART: a doubleword OUT of the physical address of a console_block */
};

struct console_block {
	u64 address, length;
};

/* @port: I/O port of the UART's first register, or CONSOLE_NONE for silence. */
void console_init(u16 port);
void console_write(const char *bytes, size_t n);

/* Formatted text, not counted as a protocol line (report.h has those). */
void print(const char *format, ...) PRINTF(1, 2);

/* Waits until the last byte has left the UART. */
void console_drain(void);

#endif
