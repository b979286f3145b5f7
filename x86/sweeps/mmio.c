/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer interrupt moved across CMPXCHG on a device's register, which a hypervisor carries out in
 * pieces: read, compare, write. It is done once, and as a whole: done a second time it would find
 * its own value, and say that the comparison failed. The register is the destination in an I/O APIC
 * entry that nobody uses.
 */
#include "base/text.h"
#include "sweep/sweep.h"

#define IOAPIC_ADDRESS 0xfec00000ul

enum {
	IOAPIC_WINDOW = 0x10,
	IOAPIC_VERSION = 1,
	LAST_ENTRY_SHIFT = 16,
	IOAPIC_ENTRY = 0x10, /* two words for each pin */
	SPARE_VALUE = 0,     /* where on_delivery keeps the register */
};

#define OLD_VALUE 0x55000000u
#define NEW_VALUE 0xaa000000u

enum where { BEFORE, AT_IT, AFTER_IT, LATER, WHERE_COUNT };

static volatile u32 *const ioapic_select = (volatile u32 *)IOAPIC_ADDRESS;
static volatile u32 *const ioapic_window = (volatile u32 *)(IOAPIC_ADDRESS + IOAPIC_WINDOW);

static void keep_value(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)frame;
	entry->spare[SPARE_VALUE] = *ioapic_window;
}

/* Selects the destination word of the last entry. */
static void require_register(void)
{
	u32 last;

	*ioapic_select = IOAPIC_VERSION;
	last = *ioapic_window >> LAST_ENTRY_SHIFT & 0xff;
	*ioapic_select = IOAPIC_ENTRY + 2 * last + 1;
	*ioapic_window = OLD_VALUE;
	if (*ioapic_window != OLD_VALUE)
		skip("no I/O APIC at %#lx keeps what is written to its entry %u", IOAPIC_ADDRESS,
		     last);
}

static void lay_out(const void *argument)
{
	struct scene *s;

	(void)argument;
	require_register();
	s = scene(STI, NOP, NOP, NOP, L(CMPXCHG_MMIO), PUSHF, POP_RAX, NOP, NOP);
	s->in.rbx = (u64)ioapic_window;
	s->in.rax = OLD_VALUE;
	s->in.rcx = NEW_VALUE;
	s->on_delivery = keep_value;
}

static void play_cmpxchg(const void *argument, u32 ticks)
{
	(void)argument;
	*ioapic_window = OLD_VALUE;
	lapic_timer_arm(ticks);
	play();
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct want irq = IRQ(VEC, IF(1));
	u64 at = layout_address(layout, L);
	const struct log_entry *event;

	(void)argument;
	*reason = "the comparison failed: the instruction was done a second time";
	if (!(the_scene()->out.rax & RFLAGS_ZF))
		return -1;
	*reason = "the register does not hold what was written";
	if (*ioapic_window != NEW_VALUE)
		return -1;
	if (!trace->count)
		return LATER;
	*reason = "there is another event than one interrupt with IF=1";
	event = trace->events[0].entry;
	if (trace->count > 1 || want_mismatch(&irq, layout, &trace->events[0]))
		return -1;
	*reason = "the interrupt's RIP and the register do not fit together";
	if (event->spare[SPARE_VALUE] != (event->rip > at ? NEW_VALUE : OLD_VALUE))
		return -1;
	if (event->rip == at)
		return AT_IT;
	return event->rip < at ? BEFORE : AFTER_IT;
}

static const char *const names[WHERE_COUNT] = {
	[BEFORE] = "IRQ(%v)@before CMPXCHG",
	[AT_IT] = "IRQ(%v)@CMPXCHG",
	[AFTER_IT] = "IRQ(%v)@after CMPXCHG",
	[LATER] = "IRQ(%v)@later",
};

CASE(cmpxchg, "X09",
     "a timer interrupt is moved across CMPXCHG on a device's register: the instruction is executed once, and as a whole",
     "SDM 2A, CMPXCHG; " PRIORITY_TABLE)
{
	const struct sweep sweep = {
		.reaching = "at CMPXCHG or before",
		.orders = WHERE_COUNT,
		.reach = { BEFORE, AT_IT },
		.lay_out = lay_out,
		.play = play_cmpxchg,
		.classify = classify,
		.names = names,
	};

	sweep_run(&sweep, NULL);
}
