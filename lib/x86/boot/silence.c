/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware and loader may leave devices that interrupt: pins of an I/O APIC open, lines asserted, a
 * message-signalled interrupt in IRR. What is in IRR when we begin is theirs, and is taken and
 * forgotten; what comes after all sources were masked would come in the middle of cases.
 */
#include "boot/silence.h"
#include "boot/bootinfo.h"
#include "machine/desc.h"
#include "machine/ioapic.h"
#include "machine/lapic.h"
#include "machine/nmi.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "machine/settle.h"
#include "machine/tsc.h"
#include "report/power.h"

enum {
	MOST_IOAPICS = 16,
	VECTORS = 256,
	MOST_LEFT = 2 * VECTORS, /* each is taken, and sent EOI */
	US_ON_HARDWARE = 10000,
	US_UNDER_HYPERVISORS = 2000,
};

void silence_devices(void)
{
	u64 addresses[MOST_IOAPICS];
	size_t n = acpi_ioapics(this_cpu.boot->rsdp, addresses, MOST_IOAPICS);

	if (!n)
		addresses[n++] = IOAPIC_ADDRESS;
	for (size_t i = 0; i < n; i++)
		if (ioapic_exists(addresses[i]))
			ioapic_mask_all(addresses[i]);
}

static int requested(void)
{
	int irr = lapic_highest_irr(), isr = lapic_highest_isr();

	return irr > isr ? irr : isr;
}

/* Not by our handlers, for which an interrupt outside scenes is the end. */
static void take_what_is_left(void)
{
	nmi_dismiss_all();
	for (unsigned int vector = FIRST_IRQ_VECTOR; vector < VECTORS; vector++)
		gate_set_target((u8)vector, (u64)nmi_dismiss, 0);
	for (int i = 0; i < MOST_LEFT && requested() >= 0; i++) {
		if (lapic_highest_isr() >= 0)
			lapic_eoi();
		else
			asm volatile("sti; nop; nop; nop; cli" ::: "memory");
	}
	desc_reset();
}

static u64 watch_ticks(void)
{
	bool hypervisor = cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR;
	u32 mhz = settle_mhz() ? settle_mhz() : TSC_FASTEST_MHZ;
	u64 us = hypervisor ? US_UNDER_HYPERVISORS : US_ON_HARDWARE;

	return longer_than_stalls(us * mhz);
}

int silence_lapic(void)
{
	u64 ticks = watch_ticks(), start;
	int vector;

	take_what_is_left();
	start = rdtsc();
	do
		vector = requested();
	while (vector < 0 && rdtsc() - start < ticks);
	return vector;
}
