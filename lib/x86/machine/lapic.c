/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Register access, self-IPI, and the in-service and request registers. lapic_timer.c has the timer.
 */
#include "machine/lapic.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "machine/settle.h"

enum {
	SPURIOUS_APIC_ENABLE = 1 << 8,
	POLL_LIMIT = 1 << 16,
	X2APIC_REGISTER_SHIFT = 4,
	TPR_CLASS_SHIFT = 4,
	LVT_COUNT_SHIFT = 16, /* of the version register, and of AMD's extended features */
	LAST_BEFORE_CMCI = 5, /* the entry numbers of "APIC Version Register" */
	EXTENDED_SPACE = 1u << 31,
};

#define APIC_BASE_ADDRESS 0xffffff000ul

static u64 address; /* as MSR_APIC_BASE has it, which is slow to read */

u64 lapic_address(void)
{
	return address;
}

static volatile u32 *xapic_register(enum lapic_register reg)
{
	return (volatile u32 *)(lapic_address() + reg);
}

u32 lapic_read(enum lapic_register reg)
{
	if (this_cpu.lapic_mode == LAPIC_X2APIC)
		return (u32)rdmsr(MSR_X2APIC + (reg >> X2APIC_REGISTER_SHIFT));
	return *xapic_register(reg);
}

void lapic_write(enum lapic_register reg, u32 value)
{
	if (this_cpu.lapic_mode == LAPIC_X2APIC) {
		mfence_lfence();
		wrmsr(MSR_X2APIC + (reg >> X2APIC_REGISTER_SHIFT), value);
	} else {
		*xapic_register(reg) = value;
	}
}

/* AMD's own, of IBS and of thresholds: "Extended Interrupt [3:0] Local Vector Table Registers" of the
 * APM. */
static void mask_extended_vectors(void)
{
	unsigned int count;

	if (!cpu_is_amd() || !(lapic_read(LAPIC_VERSION) & EXTENDED_SPACE))
		return;
	count = lapic_read(LAPIC_EXTENDED_FEATURES) >> LVT_COUNT_SHIFT & 0xff;
	for (unsigned int i = 0; i < count; i++)
		lapic_write(LAPIC_EXTENDED_LVT + i * 0x10, LVT_MASKED);
}

static void mask_local_vectors(void)
{
	static const enum lapic_register always[] = { LAPIC_LVT_TIMER, LAPIC_LVT_LINT0,
						      LAPIC_LVT_LINT1, LAPIC_LVT_ERROR };
	unsigned int last_entry = lapic_read(LAPIC_VERSION) >> LVT_COUNT_SHIFT & 0xff;

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		lapic_write(always[i], LVT_MASKED);
	if (last_entry >= 4)
		lapic_write(LAPIC_LVT_PERFORMANCE, LVT_MASKED);
	if (last_entry >= LAST_BEFORE_CMCI)
		lapic_write(LAPIC_LVT_THERMAL, LVT_MASKED);
	if (last_entry > LAST_BEFORE_CMCI)
		lapic_write(LAPIC_LVT_CMCI, LVT_MASKED);
	mask_extended_vectors();
}

/* "x2APIC State Transitions": xAPIC is reached from x2APIC only through the disabled state. */
static void set_mode(bool x2apic)
{
	u64 base = rdmsr(MSR_APIC_BASE) | APIC_BASE_EN;

	address = base & APIC_BASE_ADDRESS;
	if (!x2apic && base & APIC_BASE_EXTD) {
		wrmsr(MSR_APIC_BASE, base & ~(u64)(APIC_BASE_EN | APIC_BASE_EXTD));
		base &= ~(u64)APIC_BASE_EXTD;
	}
	wrmsr(MSR_APIC_BASE, base);
	if (x2apic)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);
	this_cpu.lapic_mode = x2apic ? LAPIC_X2APIC : LAPIC_XAPIC;
}

void lapic_start(bool x2apic)
{
	set_mode(x2apic);
	lapic_write(LAPIC_SPURIOUS, SPURIOUS_APIC_ENABLE | SPURIOUS_VECTOR);
	mask_local_vectors();
	lapic_write(LAPIC_TPR, 0);
	this_cpu.lapic_id = lapic_read(LAPIC_ID);
	if (this_cpu.lapic_mode == LAPIC_XAPIC)
		this_cpu.lapic_id >>= XAPIC_ID_SHIFT;
}

const char *lapic_init(enum apic_choice choice)
{
	struct cpuid_regs features = cpuid(1, 0);
	bool can_x2apic = features.ecx & CPUID_1_ECX_X2APIC;

	if (!(features.edx & CPUID_1_EDX_APIC))
		return "no LAPIC (CPUID 1 EDX bit 9 is clear): enable it in the CPU model";
	if (choice == APIC_X2APIC && !can_x2apic)
		return "apic=x2apic, but no x2APIC (CPUID 1 ECX bit 21 is clear): use apic=xapic";
	lapic_start(can_x2apic && choice != APIC_XAPIC);
	return NULL;
}

const char *lapic_mode_name(void)
{
	return this_cpu.lapic_mode == LAPIC_X2APIC ? "x2apic" : "xapic";
}

/* Bit n: vector n. The fragments of scenes ask for 0x60 and 0x90 (order/fragments.def). */
static u64 asked[4] = { 0, 1ull << (0x60 - 0x40), 1ull << (0x90 - 0x80), 0 };

void lapic_ask(u8 vector)
{
	asked[vector / 64] |= 1ull << vector % 64;
}

bool lapic_asked(u8 vector)
{
	return asked[vector / 64] >> vector % 64 & 1;
}

int lapic_strange(void)
{
	for (int i = 7; i >= 0; i--) {
		u32 bits = lapic_read(LAPIC_IRR + i * 0x10) | lapic_read(LAPIC_ISR + i * 0x10);

		bits &= ~(u32)(asked[i / 2] >> 32 * (i % 2));
		if (bits)
			return i * 32 + 31 - __builtin_clz(bits);
	}
	return -1;
}

void lapic_send_stray(u8 vector)
{
	if (this_cpu.lapic_mode == LAPIC_X2APIC) {
		lapic_write(LAPIC_SELF_IPI, vector);
		return;
	}
	lapic_write(LAPIC_ICR_LOW, ICR_SHORTHAND_SELF | ICR_ASSERT | vector);
	for (int i = 0; i < POLL_LIMIT && lapic_read(LAPIC_ICR_LOW) & ICR_PENDING; i++)
		cpu_pause();
}

void lapic_self_ipi(u8 vector)
{
	lapic_ask(vector);
	lapic_send_stray(vector);
}

static bool vector_bit(enum lapic_register bank, u8 vector)
{
	return lapic_read(bank + (vector / 32) * 0x10) >> (vector % 32) & 1;
}

bool lapic_irr(u8 vector)
{
	return vector_bit(LAPIC_IRR, vector);
}

bool lapic_isr(u8 vector)
{
	return vector_bit(LAPIC_ISR, vector);
}

static int highest_in(enum lapic_register bank)
{
	for (int i = 7; i >= 0; i--) {
		u32 bits = lapic_read(bank + i * 0x10);

		if (bits)
			return i * 32 + 31 - __builtin_clz(bits);
	}
	return -1;
}

int lapic_highest_irr(void)
{
	return highest_in(LAPIC_IRR);
}

int lapic_highest_isr(void)
{
	return highest_in(LAPIC_ISR);
}

/*
 * A store to the xAPIC may take effect after later instructions (Intel's erratum Z47); a read after
 * it is the documented remedy.
 */
static void write_in_order(u32 reg, u32 value)
{
	lapic_write(reg, value);
	(void)lapic_read(LAPIC_PPR);
}

void lapic_eoi(void)
{
	write_in_order(LAPIC_EOI, 0);
	settle_lapic();
}

void lapic_set_tpr_class(unsigned int class)
{
	write_in_order(LAPIC_TPR, class << TPR_CLASS_SHIFT);
	settle_lapic();
}
