/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two interrupts pending at one boundary: the LAPIC offers the one of higher vector. The other
 * waits until it is the highest of its kind: a lower class until the first one's EOI, the same
 * class too.
 */
#define FAMILY "arbitration"
#include "stage/case.h"

#define LAPIC_PRIORITY                                                                             \
	"SDM 3A, Interrupt, Task, and Processor Priority; APM 2, Selecting and Handling Interrupts"

enum { TIMER_POLLS = 1 << 16 };

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
	"of two pending interrupts the higher class is served first; the other follows its EOI and IRET, at the same boundary",
	LAPIC_PRIORITY, eoi_in_handler, &two_classes);
CASE_OF(two_classes_eoi_later, "J01",
	"a lower class waits for the EOI of the higher one, even behind a trap gate",
	LAPIC_PRIORITY, eoi_later, &two_classes);
CASE_OF(one_class_eoi_in_handler, "J02",
	"of two pending interrupts of one class the higher vector is served first; the other follows its EOI and IRET",
	LAPIC_PRIORITY, eoi_in_handler, &one_class);
CASE_OF(one_class_eoi_later, "J02",
	"an interrupt of the same class waits for the EOI of the first, even behind a trap gate",
	LAPIC_PRIORITY, eoi_later, &one_class);

static void send_again(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)frame;
	(void)entry;
	scene->on_delivery = NULL;
	lapic_self_ipi(VEC);
}

CASE(in_service_again, "J03",
     "an interrupt that is sent again while in service waits for its own EOI, even behind a trap gate",
     LAPIC_PRIORITY)
{
	scene(STI, NOP, L(NOP), NOP);
	the_scene()->on_delivery = send_again;
	gate_type_set(VEC, TRAP_GATE);
	pend_irq(VEC);
	play();
	check(log_count() == 1 && lapic_isr(VEC) && lapic_irr(VEC),
	      "after %lu events: ISR %d, IRR %d", (u64)log_count(), lapic_isr(VEC), lapic_irr(VEC));
	lapic_eoi();
	play();
	expect(IRQ(VEC, AT(L), IF(1)), IRQ(VEC, AT(L), IF(1)));
}

/* How soon after the write of EOI is left open. */
CASE(eoi_opens_nested, "J04",
     "EOI in a handler behind a trap gate lets the lower class in: it comes before that handler's IRET, or after it",
     LAPIC_PRIORITY)
{
	pend_both(&two_classes);
	gate_type_set(VEC_HIGH, TRAP_GATE);
	the_scene()->eoi_in_handler = true;
	play();
	expect_one_of(LEGAL("after the IRET", IRQ(VEC_HIGH, AT(L), IF(1)),
			    IRQ(VEC_LOW, AT(L), IF(1))),
		      LEGAL("before the IRET", IRQ(VEC_HIGH, AT(L), IF(1)), IRQ(VEC_LOW, IF(1))));
}

/*
 * "Spurious Interrupt": if INTR was asserted already, raising the TPR may make the spurious vector.
 */
CASE(tpr_raised, "J05",
     "raising the TPR holds a pending interrupt back, whatever STI opens, until the TPR is lowered",
     LAPIC_PRIORITY "; SDM 3A, Spurious Interrupt")
{
	scene(STI, NOP, L(NOP), NOP, NOP, NOP);
	pend_irq(VEC);
	lapic_set_tpr_class(VEC >> 4);
	play();
	check(lapic_irr(VEC) && !lapic_isr(VEC), "IRR %d, ISR %d: it did not wait", lapic_irr(VEC),
	      lapic_isr(VEC));
	lapic_set_tpr_class(0);
	play();
	expect_one_of(LEGAL("no spurious interrupt", IRQ(VEC, AT(L), IF(1))),
		      LEGAL("a spurious interrupt first", INTN(SPURIOUS_VECTOR),
			    IRQ(VEC, AT(L), IF(1))));
}

CASE(timer_masked, "J06",
     "masking the timer's LVT entry does not take back an interrupt that is in IRR", LAPIC_PRIORITY)
{
	scene(STI, NOP, L(NOP), NOP);
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	lapic_timer_arm(1);
	for (int i = 0; i < TIMER_POLLS && !lapic_irr(VEC); i++)
		cpu_pause();
	lapic_timer_stop();
	play();
	expect(IRQ(VEC, AT(L), IF(1)));
}
