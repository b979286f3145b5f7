/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the log goes: a 16550 UART, by polling, with its FIFO if it has one; or, if the argument
 * console= says so, a port that takes bytes at once. Bochs and real UARTs drop a byte that is
 * written while the transmit holding register (or the FIFO) is full, so the UART is asked before
 * each byte (or before each 16), with a bound. Some VMMs (scripts/lab/vmm is one) exit to
 * user space on every port access; two exits a byte would dominate the run. There CONSOLE_BLOCK
 * passes a whole line with one OUT.
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
	CONSOLE_VIRTIO = 0xffff, /* no UART, and not a port: report/virtio.h */
	CONSOLE_E9 = 0xe9, /* no UART: Bochs' port_e9_hack, QEMU's isa-debugcon; reads as 0xe9 */
};

/* @stage: the address of three u64: this_cpu.playing, first_began and latest_ended. */
struct console_block {
	u64 address, length, stage;
};

/*
 * @port: one of the above, or the I/O port of a UART's first register. Returns NULL, or why there
 * is no such console; then the log goes to COM1, because somebody has to be told.
 */
const char *console_init(u16 port);
void console_write(const char *bytes, size_t n);

/* Formatted text, not counted as a protocol line (report.h has those). */
void print(const char *format, ...) PRINTF(1, 2);

/* Waits until the last byte has left the UART. */
void console_drain(void);

/*
 * The port of a UART that a case may use while nothing is printed: the console's, or COM1 beside
 * CONSOLE_E9 and CONSOLE_VIRTIO; CONSOLE_NONE beside the others. The console is drained.
 * console_return_uart() sets the UART up again.
 */
u16 console_borrow_uart(void);
void console_return_uart(void);

#endif
