/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IDT has a page of its own, so that the shim can take it away from a guest; every gate leads
 * to its vector's stub until a case changes it. Layouts: "Segment Descriptors", "64-Bit Task State
 * Segment", "64-Bit Mode IDT" of the Intel SDM.
 */
#include "machine/desc.h"
#include "machine/entry.h"
#include "base/mutate.h"
#include "machine/paging.h"
#include "base/string.h"

enum {
	IST_STACK_SIZE = 8192, /* for four handlers, and more than they need */
	RING0_STACK_SIZE = 4096,
	HANDLER_STACK = 1024, /* bytes: more than a handler needs below its frame */
	GATE_PRESENT = 0x80,
	DPL_SHIFT = 5,
	TSS_AVAILABLE = 0x89,
	IO_MAP_PORTS = 256,
};

struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};

_Static_assert(DB_VECTOR * sizeof(struct gate) + offsetof(struct gate, ist) == DB_GATE_IST,
	       "log_layout.h");

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 io_map_base;
	u8 io_map[IO_MAP_PORTS / 8 + 1]; /* "I/O Permission Bit Map": one byte more, all ones */
} __attribute__((packed));

_Static_assert(sizeof(struct gate) == 16, "64-Bit Mode IDT");
_Static_assert(offsetof(struct tss, ist) == 36, "64-Bit Task State Segment");
_Static_assert(offsetof(struct tss, io_map) == 104, "64-Bit Task State Segment");

/* A page of its own, so that the shim can take it away from a guest. */
static struct gate idt[256] PAGE_ALIGNED;
static u64 gates_changed[256 / 64]; /* bit n: gate n may differ from what desc_reset() makes it */
static bool idt_truncated, io_map_changed;
static u8 stacks_moved; /* bit n: interrupt stack n may not begin at its top */
static struct tss tss;
static u8 interrupt_stacks[IST_COUNT + 1][IST_STACK_SIZE] PAGE_ALIGNED; /* IST_NONE has one, too */
static u8 ring0_stack[RING0_STACK_SIZE] __attribute__((aligned(16)));

/* Flat segments, accessed bit set; the TSS takes two slots and is filled in at run time. */
static u64 gdt[] = {
	[SEL_CODE64 / 8] = 0x00af9b000000ffff,
	[SEL_DATA / 8] = 0x00cf93000000ffff,
	[SEL_CODE32 / 8] = 0x00cf9b000000ffff,
	[SEL_USER_CODE32 / 8] = 0x00cffb000000ffff,
	[SEL_USER_DATA / 8] = 0x00cff3000000ffff,
	[SEL_USER_CODE64 / 8] = 0x00affb000000ffff,
	[SEL_TSS / 8] = 0,
	[SEL_TSS / 8 + 1] = 0,
	[SEL_NOT_PRESENT / 8] = 0x00cf13000000ffff,
};

_Static_assert(SEL_BEYOND >= sizeof(gdt), "SEL_BEYOND");

extern u8 boot_stack_guard[], boot_stack_top[];

static u64 handler_entry(u8 vector)
{
	return (u64)entry_stubs + (u64)vector * ENTRY_STUB_SIZE;
}

/* A gate that may be changed; desc_reset() puts it back. */
static struct gate *gate_to_change(u8 vector)
{
	gates_changed[vector / 64] |= BIT(vector % 64);
	return &idt[vector];
}

static void gate_write(u8 vector, u64 target, enum gate_type type, unsigned int ist,
		       unsigned int dpl)
{
	*gate_to_change(vector) = (struct gate){
		.offset_low = (u16)target,
		.selector = SEL_CODE64,
		.ist = (u8)ist,
		.type = (u8)(GATE_PRESENT | dpl << DPL_SHIFT | type),
		.offset_middle = (u16)(target >> 16),
		.offset_high = (u32)(target >> 32),
	};
}

void gate_set(u8 vector, enum gate_type type, unsigned int ist, unsigned int dpl)
{
	gate_write(vector, handler_entry(vector), type, ist, dpl);
}

void gate_set_target(u8 vector, u64 target, unsigned int dpl)
{
	gate_write(vector, target, INTERRUPT_GATE, IST_NONE, dpl);
}

void gate_unusable(u8 vector)
{
	gate_to_change(vector)->type = GATE_PRESENT;
}

void gate_type_set(u8 vector, enum gate_type type)
{
	struct gate *gate = gate_to_change(vector);

	if (mutated(MUTATE_OTHER_GATE))
		type = type == TRAP_GATE ? INTERRUPT_GATE : TRAP_GATE;
	gate->type = (u8)((gate->type & ~0xf) | type);
}

void gate_stack_set(u8 vector, unsigned int ist)
{
	gate_to_change(vector)->ist = (u8)ist;
}

void gate_remove(u8 vector)
{
	gate_to_change(vector)->type &= (u8)~GATE_PRESENT;
}

static void idt_load(unsigned int vectors)
{
	struct descriptor_pointer idtr = { (u16)(vectors * sizeof(struct gate) - 1), (u64)idt };

	asm volatile("lidt %0" ::"m"(idtr));
	idt_truncated = vectors != ARRAY_SIZE(idt);
}

void idt_truncate(u8 vector)
{
	idt_load(vector);
}

void tss_allow_port(u8 port)
{
	io_map_changed = true;
	tss.io_map[port / 8] &= (u8) ~(1 << port % 8);
}

static unsigned int usual_stack(u8 vector)
{
	switch (vector) {
	case NMI_VECTOR:
		return IST_NMI;
	case DB_VECTOR:
		return IST_DB;
	case DF_VECTOR:
		return IST_DF;
	case MC_VECTOR:
		return IST_MC;
	default:
		return IST_NONE;
	}
}

static void reset_gates(u64 *changed, u8 first)
{
	while (*changed) {
		u8 vector = (u8)(first + __builtin_ctzll(*changed));

		gate_write(vector, handler_entry(vector),
			   mutated(MUTATE_OTHER_GATE) && usual_stack(vector) == IST_NONE
				   ? TRAP_GATE
				   : INTERRUPT_GATE,
			   usual_stack(vector), 0);
		*changed &= *changed - 1;
	}
}

void desc_reset(void)
{
	if (io_map_changed)
		memset(tss.io_map, 0xff, sizeof(tss.io_map));
	io_map_changed = false;
	if (idt_truncated)
		idt_load(ARRAY_SIZE(idt));
	for (size_t i = 0; i < ARRAY_SIZE(gates_changed); i++)
		reset_gates(&gates_changed[i], (u8)(64 * i));
}

static void reset_all(void)
{
	io_map_changed = true;
	memset(gates_changed, 0xff, sizeof(gates_changed));
	desc_reset();
}

void desc_init(void)
{
	struct descriptor_pointer gdtr = { sizeof(gdt) - 1, (u64)gdt };
	u64 base = (u64)&tss;

	reset_all();
	tss.rsp[0] = (u64)ring0_stack + sizeof(ring0_stack);
	stacks_moved = (u8)~0;
	interrupt_stacks_empty();
	tss.ist[IST_ABSENT - 1] = PLAY_NOT_PRESENT + PAGE_SIZE;
	tss.io_map_base = offsetof(struct tss, io_map);
	gdt[SEL_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | (u64)TSS_AVAILABLE << 40 |
			   (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;
	asm volatile("lgdt %0" ::"m"(gdtr));
	idt_load(ARRAY_SIZE(idt));
	asm volatile("ltr %w0" ::"r"(SEL_TSS));
}

u64 idt_page(void)
{
	_Static_assert(sizeof(idt) == PAGE_SIZE, "a page of its own");
	return (u64)idt;
}

u64 interrupt_stack_page(unsigned int ist)
{
	_Static_assert(IST_STACK_SIZE % PAGE_SIZE == 0, "a page of its own");
	return (u64)interrupt_stacks[ist] + IST_STACK_SIZE - PAGE_SIZE;
}

/* An empty stack's RSP is where the next one begins. */
unsigned int interrupt_stack_of(u64 rsp)
{
	u64 offset = rsp - 1 - (u64)interrupt_stacks;

	return offset < sizeof(interrupt_stacks) ? (unsigned int)(offset / IST_STACK_SIZE) : 0;
}

static u64 interrupt_stack_top(unsigned int ist)
{
	return (u64)interrupt_stacks[ist] + IST_STACK_SIZE;
}

u64 interrupt_stack_begins(unsigned int ist)
{
	return ist ? tss.ist[ist - 1] : 0;
}

bool interrupt_stack_keep(unsigned int ist, u64 frame)
{
	u64 next = (frame - HANDLER_STACK) & ~15ull;

	if (ist == IST_NONE || ist == IST_DB || tss.ist[ist - 1] <= next)
		return true;
	if (next < (u64)interrupt_stacks[ist] + HANDLER_STACK)
		return false;
	tss.ist[ist - 1] = next;
	stacks_moved |= (u8)(1u << ist);
	return true;
}

void interrupt_stack_return(unsigned int ist, u64 began, u64 end)
{
	if (ist == IST_NONE || began != end)
		return;
	tss.ist[ist - 1] = end;
	if (end == interrupt_stack_top(ist))
		stacks_moved &= (u8) ~(1u << ist);
}

/* A timer may be running: what the handlers of the scene before have done must make no
 * difference. */
void interrupt_stacks_empty(void)
{
	for (unsigned int i = 1; i <= IST_COUNT && stacks_moved; i++)
		tss.ist[i - 1] = interrupt_stack_top(i);
	stacks_moved = 0;
}

const char *stack_name(u64 rsp)
{
	static const char *const names[IST_COUNT + 1] = {
		[IST_NMI] = "NMI", [IST_DB] = "#DB",  [IST_DF] = "#DF",
		[IST_MC] = "#MC",  [IST_IRQ] = "IRQ", [IST_FAULT] = "fault",
	};

	if (rsp >= (u64)boot_stack_guard && rsp <= (u64)boot_stack_top)
		return "main";
	return names[interrupt_stack_of(rsp)];
}

bool is_stack_guard(u64 address)
{
	return address >= (u64)boot_stack_guard && address < (u64)boot_stack_guard + PAGE_SIZE;
}
