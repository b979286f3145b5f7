/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART is set to 115200 baud, 8N1, without FIFOs or interrupts. Register names are the 16550's.
 */
#include "report/console.h"
#include "machine/processor.h"
#include "machine/profile.h"
#include "base/text.h"

enum uart_register {
	UART_DATA = 0,
	UART_DIVISOR_LOW = 0,
	UART_DIVISOR_HIGH = 1,
	UART_INTERRUPT_ENABLE = 1,
	UART_FIFO_CONTROL = 2,
	UART_LINE_CONTROL = 3,
	UART_MODEM_CONTROL = 4,
	UART_LINE_STATUS = 5,
};

enum {
	LINE_8N1 = 0x03,
	LINE_DIVISOR_LATCH = 0x80,
	MODEM_DTR_RTS = 0x03,
	STATUS_THRE = 0x20, /* transmit holding register empty */
	STATUS_TEMT = 0x40, /* and the shift register too */
	DIVISOR_115200 = 1,
	POLL_LIMIT = 1 << 20,
};

static u16 console_port = CONSOLE_COM1;

void console_init(u16 port)
{
	console_port = port;
	if (!port || port == CONSOLE_BLOCK)
		return;
	outb(port + UART_INTERRUPT_ENABLE, 0);
	outb(port + UART_LINE_CONTROL, LINE_DIVISOR_LATCH);
	outb(port + UART_DIVISOR_LOW, DIVISOR_115200);
	outb(port + UART_DIVISOR_HIGH, 0);
	outb(port + UART_LINE_CONTROL, LINE_8N1);
	outb(port + UART_FIFO_CONTROL, 0);
	outb(port + UART_MODEM_CONTROL, MODEM_DTR_RTS);
}

static void wait_for(u8 status)
{
	for (u32 i = 0; i < POLL_LIMIT; i++)
		if ((inb(console_port + UART_LINE_STATUS) & status) == status)
			return;
}

static void write_block(const char *bytes, size_t n)
{
	const struct console_block block = { (u64)bytes, n };

	asm volatile("outl %0, %1" : : "a"((u32)(u64)&block), "Nd"((u16)CONSOLE_BLOCK) : "memory");
}

static void write_bytes(const char *bytes, size_t n)
{
	if (console_port == CONSOLE_BLOCK) {
		write_block(bytes, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		wait_for(STATUS_THRE);
		outb(console_port + UART_DATA, bytes[i]);
	}
}

void console_write(const char *bytes, size_t n)
{
	enum profile_section before = profile_enter(PROFILE_CONSOLE);

	if (console_port)
		write_bytes(bytes, n);
	profile_leave(before);
}

void console_drain(void)
{
	if (console_port && console_port != CONSOLE_BLOCK)
		wait_for(STATUS_THRE | STATUS_TEMT);
}

void print(const char *format, ...)
{
	char buffer[512];
	struct text t = TEXT(buffer);
	va_list args;

	va_start(args, format);
	text_vadd(&t, format, args);
	va_end(args);
	console_write(text_seal(&t), t.length);
}
