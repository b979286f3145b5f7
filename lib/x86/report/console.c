/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART is set to 115200 baud, 8N1, without interrupts. Register names are the 16550's.
 */
#include "report/console.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "machine/profile.h"
#include "report/virtio.h"
#include "base/text.h"

enum uart_register {
	UART_DATA = 0,
	UART_DIVISOR_LOW = 0,
	UART_DIVISOR_HIGH = 1,
	UART_INTERRUPT_ENABLE = 1,
	UART_FIFO_CONTROL = 2,		   /* written */
	UART_INTERRUPT_IDENTIFICATION = 2, /* read */
	UART_LINE_CONTROL = 3,
	UART_MODEM_CONTROL = 4,
	UART_LINE_STATUS = 5,
};

enum {
	LINE_8N1 = 0x03,
	LINE_DIVISOR_LATCH = 0x80,
	MODEM_DTR_RTS = 0x03,
	FIFO_OFF = 0,
	FIFO_ON_AND_CLEAR = 0x07,
	FIFO_IS_ON = 0xc0, /* both bits: a 16550A; one of them: a 16550, whose FIFO does not work */
	FIFO_SIZE = 16,
	STATUS_THRE = 0x20, /* transmit holding register empty */
	STATUS_TEMT = 0x40, /* and the shift register too */
	DIVISOR_115200 = 1,
	POLL_LIMIT = 1 << 20,
};

_Static_assert(offsetof(struct percpu, first_began) ==
			       offsetof(struct percpu, playing) + sizeof(u64) &&
		       offsetof(struct percpu, latest_ended) ==
			       offsetof(struct percpu, playing) + 2 * sizeof(u64),
	       "a VMM reads three words in a row");

static u16 console_port = CONSOLE_COM1;
static size_t burst = 1; /* bytes that the UART takes when THRE says that it is empty */

/* "FIFO Control Register", "Interrupt Identification Register" of the PC16550D data sheet. */
static void uart_init(u16 port)
{
	bool fifo;

	outb(port + UART_INTERRUPT_ENABLE, 0);
	outb(port + UART_LINE_CONTROL, LINE_DIVISOR_LATCH);
	outb(port + UART_DIVISOR_LOW, DIVISOR_115200);
	outb(port + UART_DIVISOR_HIGH, 0);
	outb(port + UART_LINE_CONTROL, LINE_8N1);
	outb(port + UART_FIFO_CONTROL, FIFO_ON_AND_CLEAR);
	fifo = (inb(port + UART_INTERRUPT_IDENTIFICATION) & FIFO_IS_ON) == FIFO_IS_ON;
	burst = fifo ? FIFO_SIZE : 1;
	if (!fifo)
		outb(port + UART_FIFO_CONTROL, FIFO_OFF);
	outb(port + UART_MODEM_CONTROL, MODEM_DTR_RTS);
}

static bool is_beside_com1(u16 port)
{
	return port == CONSOLE_E9 || port == CONSOLE_VIRTIO;
}

static bool is_uart(u16 port)
{
	return port != CONSOLE_NONE && port != CONSOLE_BLOCK && !is_beside_com1(port);
}

const char *console_init(u16 port)
{
	const char *problem = NULL;

	if (port == CONSOLE_E9 && inb(CONSOLE_E9) != CONSOLE_E9)
		problem = "port 0xe9 does not read as 0xe9, so no debug console is there";
	if (port == CONSOLE_VIRTIO)
		problem = virtio_init();
	if (problem)
		port = CONSOLE_COM1;
	console_port = port;
	if (is_uart(port))
		uart_init(port);
	return problem;
}

static void wait_for(u8 status)
{
	for (u32 i = 0; i < POLL_LIMIT; i++)
		if ((inb(console_port + UART_LINE_STATUS) & status) == status)
			return;
}

static void write_uart(const char *bytes, size_t n)
{
	while (n > 0) {
		size_t now = n < burst ? n : burst;

		wait_for(STATUS_THRE);
		outsb(console_port + UART_DATA, bytes, now);
		bytes += now;
		n -= now;
	}
}

static void write_block(const char *bytes, size_t n)
{
	const struct console_block block = { (u64)bytes, n, (u64)&this_cpu.playing };

	asm volatile("outl %0, %1" : : "a"((u32)(u64)&block), "Nd"((u16)CONSOLE_BLOCK) : "memory");
}

static void write_bytes(const char *bytes, size_t n)
{
	if (console_port == CONSOLE_BLOCK)
		write_block(bytes, n);
	else if (console_port == CONSOLE_E9)
		outsb(CONSOLE_E9, bytes, n);
	else if (console_port == CONSOLE_VIRTIO)
		virtio_write(bytes, n);
	else if (is_uart(console_port))
		write_uart(bytes, n);
}

void console_write(const char *bytes, size_t n)
{
	enum profile_section before = profile_enter(PROFILE_CONSOLE);

	write_bytes(bytes, n);
	profile_leave(before);
}

void console_drain(void)
{
	if (is_uart(console_port))
		wait_for(STATUS_THRE | STATUS_TEMT);
}

u16 console_borrow_uart(void)
{
	console_drain();
	if (is_beside_com1(console_port)) {
		uart_init(CONSOLE_COM1); /* nobody has set it up */
		return CONSOLE_COM1;
	}
	return is_uart(console_port) ? console_port : CONSOLE_NONE;
}

void console_return_uart(void)
{
	uart_init(is_beside_com1(console_port) ? CONSOLE_COM1 : console_port);
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
