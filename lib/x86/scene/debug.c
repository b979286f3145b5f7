/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was written is remembered, so that nothing here reads a debug register: with DR7.GD set,
 * that would raise #DB.
 */
#include "scene/debug.h"
#include "base/mutate.h"
#include "machine/desc.h"
#include "machine/entry.h"
#include "machine/processor.h"
#include "machine/settle.h"
#include "model/situation.h"
#include "report/panic.h"
#include "scene/scene.h"

enum {
	BREAKPOINTS = 4,
	DR7_KIND_SHIFT = 16,
	DR7_LENGTH_SHIFT = 18,
	DR7_FIELD_BITS = 4,
};

static struct {
	u64 dr7;
	u64 address[BREAKPOINTS];
	enum watch_kind kind[BREAKPOINTS];
} debug = { .dr7 = DR7_RESET };

static void write_address(unsigned int n, u64 address)
{
	switch (n) {
	case 0:
		asm volatile("mov %0, %%dr0" ::"r"(address));
		break;
	case 1:
		asm volatile("mov %0, %%dr1" ::"r"(address));
		break;
	case 2:
		asm volatile("mov %0, %%dr2" ::"r"(address));
		break;
	default:
		asm volatile("mov %0, %%dr3" ::"r"(address));
	}
}

/* "Debug Control Register (DR7)": 1, 2, 4 and 8 bytes are 0, 1, 3 and 2. */
static u64 length_field(unsigned int bytes)
{
	return bytes == 8 ? 2 : bytes - 1;
}

void watch(unsigned int n, enum watch_kind kind, u64 address, unsigned int bytes)
{
	u64 field = (u64)kind | length_field(bytes) << (DR7_LENGTH_SHIFT - DR7_KIND_SHIFT);

	ASSERT(n < BREAKPOINTS && !(address & (bytes - 1)));
	debug.address[n] = address;
	debug.kind[n] = kind;
	debug.dr7 |= field << (DR7_KIND_SHIFT + DR7_FIELD_BITS * n) | 2ul << 2 * n;
	if (kind == WATCH_IO)
		write_cr4(read_cr4() | CR4_DE);
	write_address(n, address);
	write_dr6(DR6_RESET);
	if (!mutated(MUTATE_NO_BREAKPOINT))
		write_dr7(debug.dr7);
}

void debug_guard(void)
{
	write_dr6(DR6_RESET);
	write_dr7(debug_guard_of_guest());
}

u64 debug_guard_of_guest(void)
{
	debug.dr7 |= DR7_GD;
	return debug.dr7;
}

void step_once(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	frame->rflags &= ~(u64)RFLAGS_TF;
}

/* debug_flush.S */
void debug_flush(void);
extern const u8 debug_dismiss[];

/* Breakpoint @n as DR7 has it: its kind and length, and its enable bits. */
static u64 dr7_bits_of(unsigned int n)
{
	return 0xful << (DR7_KIND_SHIFT + DR7_FIELD_BITS * n) | 3ul << 2 * n;
}

static bool watches_data(void)
{
	for (unsigned int n = 0; n < BREAKPOINTS; n++)
		if (debug.dr7 >> 2 * n & 3 && debug.kind[n] != WATCH_EXECUTE)
			return true;
	return false;
}

/*
 * QEMU remembers a data breakpoint that it met until the next #DB, also if it never reports it, and
 * gives up at the next one that it meets then. So this raises one #DB before the watch ends. Under
 * a hypervisor on QEMU the watch may have ended already, and this #DB would end QEMU.
 */
static void report_what_was_met(void)
{
	unsigned int n = BREAKPOINTS - 1;

	gate_set_target(DB_VECTOR, (u64)debug_dismiss, 0);
	write_address(n, (u64)debug_flush);
	write_dr7((debug.dr7 & ~dr7_bits_of(n)) | 2ul << 2 * n);
	debug_flush();
}

void debug_reset(void)
{
	if (settles_exactly() && watches_data() && !debug_guarded())
		report_what_was_met();
	if (debug.dr7 != DR7_RESET) {
		debug.dr7 = DR7_RESET;
		write_dr7(debug.dr7);
	}
	for (unsigned int n = 0; n < BREAKPOINTS; n++)
		write_address(n, 0); /* else DR6 may report them though disabled */
	write_dr6(DR6_RESET);
}

struct breakpoint debug_breakpoint(unsigned int n)
{
	static const u8 bytes[] = { 1, 2, 8, 4 }; /* by the length field of DR7 */

	return (struct breakpoint){
		.armed = debug.dr7 >> (2 * n + 1) & 1,
		.kind = (u8)debug.kind[n],
		.bytes = bytes[debug.dr7 >> (DR7_LENGTH_SHIFT + DR7_FIELD_BITS * n) & 3],
		.address = debug.address[n],
	};
}

bool debug_guarded(void)
{
	return debug.dr7 & DR7_GD;
}

static bool breakpoint_hit(const struct log_entry *entry)
{
	for (unsigned int n = 0; n < BREAKPOINTS; n++)
		if (entry->dr6 >> n & debug.dr7 >> (2 * n + 1) & 1 &&
		    debug.kind[n] == WATCH_EXECUTE && debug.address[n] == entry->rip)
			return true;
	return false;
}

void debug_delivered(const struct scene *scene, struct frame *frame, const struct log_entry *entry)
{
	write_dr6(DR6_RESET);
	if (!(entry->dr6 & DR6_BS) && breakpoint_hit(entry))
		frame->rflags |= RFLAGS_RF;
	if (entry->rip >= scene->layout.landing && entry->rip <= scene_leave_address(scene))
		frame->rflags &= ~(u64)RFLAGS_TF;
}
