/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers as in report/console.c; every wait is bounded, because there may be no UART.
 */
#include "loader/serial.h"
#include "report/console.h"
#include "machine/processor.h"

enum {
	INTERRUPT_ENABLE = 1,
	LINE_CONTROL = 3,
	LINE_STATUS = 5,
	DIVISOR_LATCH_8N1 = 0x83,
	ONLY_8N1 = 0x03,
	EMPTY = 0x20,
	ALL_EMPTY = 0x60,
	POLL_LIMIT = 1 << 20,
};

static u16 uart = CONSOLE_COM1;

static void wait_for(u8 status)
{
	for (u32 i = 0; i < POLL_LIMIT; i++)
		if ((inb(uart + LINE_STATUS) & status) == status)
			return;
}

void serial_init(u16 port)
{
	uart = port;
	outb(uart + INTERRUPT_ENABLE, 0);
	outb(uart + LINE_CONTROL, DIVISOR_LATCH_8N1);
	outb(uart, 1); /* 115200 baud */
	outb(uart + INTERRUPT_ENABLE, 0);
	outb(uart + LINE_CONTROL, ONLY_8N1);
}

void serial_write(const char *text)
{
	for (; *text; text++) {
		wait_for(EMPTY);
		outb(uart, *text);
	}
}

void serial_number(u32 number)
{
	char digits[11];
	char *p = digits + sizeof(digits) - 1;

	*p = '\0';
	do
		*--p = (char)('0' + number % 10);
	while (number /= 10);
	serial_write(p);
}

/* report/power.c calls this. */
void console_drain(void)
{
	wait_for(ALL_EMPTY);
}
