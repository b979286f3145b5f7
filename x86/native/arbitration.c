/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two interrupts pending at one boundary: the LAPIC offers the one of higher vector. The other
 * waits until it is the highest of its kind: a lower class until the first one's EOI, the same
 * class too.
 */
#define FAMILY "arbitration"
#include "case.h"

#define LAPIC_PRIORITY                                                                             \
	"SDM 3A, Interrupt, Task, and Processor Priority; APM 2, Interrupt Priority (local APIC)"

struct pair {
	u8 lower, higher;
};

static const struct pair two_classes = { VEC_LOW, VEC_HIGH };
static const struct pair one_class = { VEC, VEC_SAME_CLASS };

static void pend_both(const struct pair *p)
{
	scene(STI, NOP, L(NOP), NOP);
	pend_irq(p->lower);
	pend_irq(p->higher);
}

/* The handlers send EOI: after the first one's IRET the second is served at the same boundary. */
static void eoi_in_handler(const void *argument)
{
	const struct pair *p = argument;

	pend_both(p);
	the_scene()->eoi_in_handler = true;
	play();
	expect(IRQ(p->higher, AT(L), IF(1)), IRQ(p->lower, AT(L), IF(1)));
}

/* Nobody sends EOI: although the first handler lets interrupts in, the second one waits. */
static void eoi_later(const void *argument)
{
	const struct pair *p = argument;

	pend_both(p);
	gate_type_set(p->higher, TRAP_GATE);
	play();
	check(log_count() == 1, "%lu events came before the EOI of %#x", (u64)log_count(),
	      p->higher);
	check(lapic_irr(p->lower), "%#x did not stay in IRR", p->lower);
	lapic_eoi();
	play();
	expect(IRQ(p->higher, AT(L), IF(1)), IRQ(p->lower, AT(L), IF(1)));
}

CASE_OF(two_classes_eoi_in_handler, "J01",
	"of two pending interrupts the higher class is served first; the other follows its EOI and "
	"IRET, at the same boundary",
	LAPIC_PRIORITY, eoi_in_handler, &two_classes);
CASE_OF(two_classes_eoi_later, "J01",
	"a lower class waits for the EOI of the higher one, even behind a trap gate",
	LAPIC_PRIORITY, eoi_later, &two_classes);
CASE_OF(one_class_eoi_in_handler, "J02",
	"of two pending interrupts of one class the higher vector is served first; the other "
	"follows "
	"its EOI and IRET",
	LAPIC_PRIORITY, eoi_in_handler, &one_class);
CASE_OF(one_class_eoi_later, "J02",
	"an interrupt of the same class waits for the EOI of the first, even behind a trap gate",
	LAPIC_PRIORITY, eoi_later, &one_class);
