/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer interrupt moved across REP INSB and REP OUTSB, whose other end counts: the FIFO of the
 * console's UART, or of COM1, looped back. A byte that is read is gone from it, and one that is
 * written is in it; so an interrupt between two iterations, or a hypervisor that emulates many of
 * them at once, must neither lose nor repeat one. RCX, RSI and RDI say at any time how many were
 * done.
 */
#include "base/text.h"
#include "report/console.h"
#include "sweep/sweep.h"

#define STRING_IO                                                                                  \
	"SDM 2A, INS/INSB/INSW/INSD; SDM 2B, OUTS/OUTSB/OUTSW/OUTSD; SDM 2B, "                     \
	"REP/REPE/REPZ/REPNE/REPNZ"

/* 16550 */
enum {
	UART_DATA = 0,
	UART_FIFO_CONTROL = 2,
	UART_MODEM_CONTROL = 4,
	UART_LINE_STATUS = 5,
	FIFO_ON_AND_EMPTY = 0x07,
	MODEM_DTR_RTS = 0x03,
	MODEM_LOOP = 0x10,
	STATUS_DATA_READY = 0x01,
	STATUS_TRANSMITTER_EMPTY = 0x40,
	FIFO_SIZE = 16,
	POLLS = 1 << 16,
	UNTOUCHED = 0xee,
};

enum where { BEFORE, FIRST, BETWEEN, DONE, AFTER_IT, LATER, WHERE_COUNT };
enum { SPARE_RCX, SPARE_POINTER };

struct port_io {
	u16 instruction;
	bool in;
};

static u8 *const memory = (u8 *)PLAY_WRITABLE;
static u8 left_in_fifo; /* STATUS_DATA_READY after the sample */
static bool reads;	/* the sample's instruction is REP INSB */

static u16 port; /* of the UART */

static void loop_back(void)
{
	port = console_borrow_uart();
	outb(port + UART_FIFO_CONTROL, FIFO_ON_AND_EMPTY);
	outb(port + UART_MODEM_CONTROL, MODEM_DTR_RTS | MODEM_LOOP);
}

static void wait_until_sent(void)
{
	for (int i = 0; i < POLLS; i++)
		if (inb(port + UART_LINE_STATUS) & STATUS_TRANSMITTER_EMPTY)
			return;
}

static void fill_fifo(void)
{
	for (u8 i = 0; i < FIFO_SIZE; i++)
		outb(port + UART_DATA, i + 1);
	wait_until_sent();
}

static void empty_fifo(u8 *bytes)
{
	wait_until_sent();
	for (size_t i = 0; i < FIFO_SIZE; i++)
		bytes[i] = inb(port + UART_DATA);
}

static bool are_all_there(const u8 *bytes)
{
	for (size_t i = 0; i < FIFO_SIZE; i++)
		if (bytes[i] != i + 1)
			return false;
	return true;
}

static void require_loop(void)
{
	u8 bytes[FIFO_SIZE] = { 0 };

	if (console_borrow_uart() == CONSOLE_NONE)
		skip("the console is no UART: console=com1 or com2");
	loop_back();
	fill_fifo();
	empty_fifo(bytes);
	console_return_uart();
	if (!are_all_there(bytes))
		skip("the UART at %#x does not loop back 16 bytes", port);
}

static void keep_registers(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	entry->spare[SPARE_RCX] = frame->gprs.rcx;
	entry->spare[SPARE_POINTER] = reads ? frame->gprs.rdi : frame->gprs.rsi;
}

static void lay_out(const void *argument)
{
	struct scene *s;
	const struct port_io *io = argument;

	require_loop();
	reads = io->in;
	s = scene(STI, NOP, NOP, NOP, L(io->instruction), NOP, NOP, NOP);
	s->in.rdx = port;
	s->in.rcx = FIFO_SIZE;
	s->in.rsi = s->in.rdi = PLAY_WRITABLE;
	s->on_delivery = keep_registers;
}

static void play_io(const void *argument, u32 ticks)
{
	(void)argument;
	for (size_t i = 0; i <= FIFO_SIZE; i++)
		memory[i] = reads || i == FIFO_SIZE ? UNTOUCHED : (u8)(i + 1);
	loop_back();
	if (reads)
		fill_fifo();
	lapic_timer_arm(ticks);
	play();
	if (!reads)
		empty_fifo(memory);
	left_in_fifo = inb(port + UART_LINE_STATUS) & STATUS_DATA_READY;
	console_return_uart();
}

static int where_of(const struct layout *layout, const struct log_entry *irq, const char **reason)
{
	u64 at = layout_address(layout, L), done = FIFO_SIZE - irq->spare[SPARE_RCX];

	*reason = "RCX and the pointer do not tell of the same number of iterations";
	if (done > FIFO_SIZE || irq->spare[SPARE_POINTER] != PLAY_WRITABLE + done)
		return -1;
	*reason = "it came before an instruction that was begun, or after one that was not done";
	if ((irq->rip < at && done) || (irq->rip > at && done != FIFO_SIZE))
		return -1;
	if (irq->rip != at)
		return irq->rip < at ? BEFORE : AFTER_IT;
	if (!done)
		return FIRST;
	return done == FIFO_SIZE ? DONE : BETWEEN;
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct want irq = IRQ(VEC);

	(void)argument;
	*reason = "a byte was lost or came twice";
	if (!are_all_there(memory) || memory[FIFO_SIZE] != UNTOUCHED || left_in_fifo)
		return -1;
	if (!trace->count)
		return LATER;
	*reason = "there is another event than one interrupt";
	if (trace->count > 1 || want_mismatch(&irq, layout, &trace->events[0]))
		return -1;
	return where_of(layout, trace->events[0].entry, reason);
}

static const char *const names[WHERE_COUNT] = {
	[BEFORE] = "IRQ(%v)@before %i",
	[FIRST] = "IRQ(%v)@%i, no iteration done",
	[BETWEEN] = "IRQ(%v)@%i, between iterations",
	[DONE] = "IRQ(%v)@%i, all iterations done",
	[AFTER_IT] = "IRQ(%v)@after %i",
	[LATER] = "IRQ(%v)@later",
};

static void port_io(const struct port_io *io)
{
	const struct sweep sweep = {
		.reaching = "at the instruction or before",
		.orders = WHERE_COUNT,
		.reach = { BEFORE, DONE },
		.lay_out = lay_out,
		.play = play_io,
		.classify = classify,
		.names = names,
		.instruction = io->instruction,
	};

	sweep_run(&sweep, io);
}

TABLE(insb, "H06",
      "a timer interrupt is moved across REP INSB from a FIFO: each byte is read once, and stored once",
      STRING_IO, port_io, .instruction = REP_INSB, .in = true);
TABLE(outsb, "H06",
      "a timer interrupt is moved across REP OUTSB to a FIFO: each byte is written once", STRING_IO,
      port_io, .instruction = REP_OUTSB);
