/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PIT's mode 0 raises its output once, at the end of the count: an edge, hence one NMI.
 */
#include "sweep/nmi_timer.h"
#include "stage/case.h"
#include "stage/stage.h"
#include "base/mutate.h"
#include "machine/ioapic.h"
#include "machine/nmi.h"
#include "machine/processor.h"

enum {
	PIT_CHANNEL_0 = 0x40,
	PIT_CONTROL = 0x43,
	PIT_ONE_SHOT = 0x30, /* channel 0, low byte then high byte, mode 0 */
	TRIAL_LOOPS = 1 << 22,
	SHORTEST_COUNT = 16,
	LONGEST_COUNT = 1 << 14,
	FAR_ENOUGH = 4096, /* instructions: longer than the way into a scene takes */
	LOOP_INSTRUCTIONS = 4,
};

/* The pin of IRQ 0: a PC's, and that of an I/O APIC whose wiring has not been changed (KVM's). */
static const u32 pit_pins[] = { 2, 0 };
static u32 pit_pin;

void nmi_timer_record(void)
{
	gate_set(NMI_VECTOR, INTERRUPT_GATE, IST_NMI, 0);
}

void nmi_timer_arm(u16 count)
{
	if (mutated(MUTATE_NO_EVENT))
		return;
	nmi_timer_record();
	outb(PIT_CONTROL, PIT_ONE_SHOT);
	outb(PIT_CHANNEL_0, (u8)count);
	outb(PIT_CHANNEL_0, (u8)(count >> 8));
}

void nmi_timer_disarm(void)
{
	nmi_dismiss_all();
	outb(PIT_CONTROL, PIT_ONE_SHOT); /* the 8254 does not count before it has a count */
}

/* Disarms the timer, and masks the I/O APIC's entry. */
static void nmi_timer_stop(void)
{
	nmi_timer_disarm();
	ioapic_set_pin(IOAPIC_ADDRESS, pit_pin, 0, IOAPIC_MASKED);
}

/* Instructions from arming to the NMI's entry in the log; 0 if none came. */
static u64 measure(u16 count)
{
	u64 left = TRIAL_LOOPS;

	log_clear();
	this_cpu.playing = the_scene();
	nmi_timer_arm(count);
	asm volatile("1: dec %0; jz 2f; cmpl $0, %1; je 1b; 2:"
		     : "+r"(left)
		     : "m"(event_log.count)
		     : "memory", "cc");
	this_cpu.playing = NULL;
	if (!log_count() || event_log.entries[0].vector != NMI_VECTOR)
		left = TRIAL_LOOPS;
	nmi_timer_disarm();
	log_clear();
	return (TRIAL_LOOPS - left) * LOOP_INSTRUCTIONS;
}

/* The middle of three measurements, because under a kernel whose tick comes in between, one may be
 * a thousand times too long; 0 if the first NMI did not come. */
static u64 measure_well(u16 count)
{
	u64 a = measure(count), b, c;

	if (!a)
		return 0;
	b = measure(count);
	c = measure(count);
	if (a > b) {
		u64 larger = a;

		a = b;
		b = larger;
	}
	return c < a ? a : c < b ? c : b;
}

static void lead_pit_here(u32 pin)
{
	pit_pin = pin;
	stage_at_end(nmi_timer_stop);
	outb(PIT_CONTROL, PIT_ONE_SHOT);
	nmi_told();
	ioapic_set_pin(IOAPIC_ADDRESS, pin, this_cpu.lapic_id << IOAPIC_DESTINATION_SHIFT,
		       IOAPIC_NMI);
}

static struct nmi_distance try_pin(u32 pin)
{
	struct nmi_distance d = { .count = SHORTEST_COUNT };

	lead_pit_here(pin);
	do
		d.instructions = measure_well(d.count *= 2);
	while (d.instructions && d.instructions < FAR_ENOUGH && d.count < LONGEST_COUNT);
	if (!d.instructions)
		nmi_timer_stop();
	return d;
}

struct nmi_distance require_nmi_timer(void)
{
	struct nmi_distance d = { 0 };

	for (size_t i = 0;
	     ioapic_exists(IOAPIC_ADDRESS) && i < ARRAY_SIZE(pit_pins) && !d.instructions; i++)
		d = try_pin(pit_pins[i]);
	if (!d.instructions)
		skip("no NMI comes from the PIT through the I/O APIC");
	return d;
}
