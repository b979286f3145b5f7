/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two interrupts are pending at one boundary: the LAPIC offers the one of the higher vector. The
 * other waits for the EOI of the first, whether it is of a lower class or of the same class.
 */
#include "stage/case.h"

#define LAPIC_PRIORITY                                                                             \
	"SDM 3A, Interrupt, Task, and Processor Priority; APM 2, Selecting and Handling Interrupts"

enum { TIMER_POLLS = 1 << 16 };

static void pend_both(u8 lower, u8 higher)
{
	scene(STI, NOP, L(NOP), NOP);
	pend_irq(lower);
	pend_irq(higher);
}

/* The handlers send EOI: after the first one's IRET the second is served at the same boundary. */
struct eoi_in_handler {
	u8 lower, higher;
};

static void eoi_in_handler(const struct eoi_in_handler *p)
{
	pend_both(p->lower, p->higher);
	the_scene()->eoi_in_handler = true;
	play();
	expect(IRQ(p->higher, AT(L), IF(1)), IRQ(p->lower, AT(L), IF(1)));
}

/* Nobody sends EOI: although the first handler lets interrupts in, the second one waits. */
struct eoi_later {
	u8 lower, higher;
};

static void eoi_later(const struct eoi_later *p)
{
	pend_both(p->lower, p->higher);
	gate_type_set(p->higher, TRAP_GATE);
	play();
	check(log_count() == 1, "%lu events came before the EOI of %#x", (u64)log_count(),
	      p->higher);
	check(lapic_irr(p->lower), "%#x did not stay in IRR", p->lower);
	lapic_eoi();
	play();
	expect(IRQ(p->higher, AT(L), IF(1)), IRQ(p->lower, AT(L), IF(1)));
}

TABLE(two_classes_eoi_in_handler, "J01",
      "of two pending interrupts the one of the higher class is served first; the other follows at the same boundary, after EOI and IRET",
      LAPIC_PRIORITY, eoi_in_handler, VEC_LOW, VEC_HIGH);
TABLE(two_classes_eoi_later, "J01",
      "an interrupt of a lower class waits for the EOI of the higher one, even if the handler of that one runs with IF=1",
      LAPIC_PRIORITY, eoi_later, VEC_LOW, VEC_HIGH);
TABLE(one_class_eoi_in_handler, "J02",
      "of two pending interrupts of one class the one of the higher vector is served first; the other follows after EOI and IRET",
      LAPIC_PRIORITY, eoi_in_handler, VEC, VEC_SAME_CLASS);
TABLE(one_class_eoi_later, "J02",
      "an interrupt waits for the EOI of a higher one of its own class, even if the handler of that one runs with IF=1",
      LAPIC_PRIORITY, eoi_later, VEC, VEC_SAME_CLASS);

static void send_again(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)frame;
	(void)entry;
	scene->on_delivery = NULL;
	lapic_self_ipi(VEC);
}

CASE(in_service_again, "J03",
     "an interrupt that is sent again while it is in service waits for its own EOI, even if its handler runs with IF=1",
     LAPIC_PRIORITY)
{
	struct scene *s = scene(STI, NOP, L(NOP), NOP);

	s->on_delivery = send_again;
	s->habits = HANDLERS_SEND_AGAIN;
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
     "EOI in a handler that runs with IF=1 lets a pending interrupt of a lower class in: it comes before the handler's IRET, or after it",
     LAPIC_PRIORITY)
{
	pend_both(VEC_LOW, VEC_HIGH);
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
     "a pending interrupt that the raised TPR holds back is not served after STI; it is served when the TPR is lowered",
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
     "an interrupt of the LAPIC timer that is in IRR is served although the timer's LVT entry has been masked since",
     LAPIC_PRIORITY
     "; SDM 3A, Local Vector Table; SDM 3A, Interrupt Acceptance for Fixed Interrupts")
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

CASE(sent_twice, "J08",
     "an interrupt that is sent twice before it is served is served once: IRR has one bit for it",
     LAPIC_PRIORITY "; SDM 3A, Interrupt Acceptance for Fixed Interrupts")
{
	scene(STI, NOP, L(NOP), NOP);
	pend_irq(VEC);
	pend_irq(VEC);
	play();
	check(!lapic_irr(VEC), "%#x is in IRR once more", VEC);
	lapic_eoi();
	play();
	expect(IRQ(VEC, AT(L), IF(1)));
}

static void send_twice(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	send_again(scene, frame, entry);
	lapic_self_ipi(VEC);
}

CASE(in_service_sent_twice, "J08",
     "an interrupt that is sent twice while it is in service is served once more: one in service, and one in IRR",
     LAPIC_PRIORITY "; SDM 3A, Interrupt Acceptance for Fixed Interrupts")
{
	struct scene *s = scene(STI, NOP, L(NOP), NOP);

	s->on_delivery = send_twice;
	s->habits = HANDLERS_SEND_AGAIN;
	pend_irq(VEC);
	play();
	lapic_eoi();
	play();
	lapic_eoi();
	check(!lapic_irr(VEC) && !lapic_isr(VEC), "%#x came a third time: IRR %d, ISR %d", VEC,
	      lapic_irr(VEC), lapic_isr(VEC));
	expect(IRQ(VEC, AT(L), IF(1)), IRQ(VEC, AT(L), IF(1)));
}

/* The lower one is in service, its handler is over, and nobody has sent EOI. */
CASE(ppr_of_nested, "J09",
     "while two interrupts are in service, PPR has the class of the higher one; EOI ends that one alone, and PPR falls to the class of the other",
     LAPIC_PRIORITY)
{
	u32 both, one, none;

	scene(STI, NOP, L(NOP), NOP);
	pend_irq(VEC_LOW);
	play();
	pend_irq(VEC_HIGH);
	play();
	both = lapic_read(LAPIC_PPR);
	check(lapic_isr(VEC_LOW) && lapic_isr(VEC_HIGH), "in service: %#x %d, %#x %d", VEC_LOW,
	      lapic_isr(VEC_LOW), VEC_HIGH, lapic_isr(VEC_HIGH));
	lapic_eoi();
	one = lapic_read(LAPIC_PPR);
	check(lapic_isr(VEC_LOW) && !lapic_isr(VEC_HIGH), "after EOI, in service: %#x %d, %#x %d",
	      VEC_LOW, lapic_isr(VEC_LOW), VEC_HIGH, lapic_isr(VEC_HIGH));
	lapic_eoi();
	none = lapic_read(LAPIC_PPR);
	check(both >> 4 == VEC_HIGH >> 4 && one >> 4 == VEC_LOW >> 4 && none == 0,
	      "PPR was %#x with both, %#x with one, %#x with none", both, one, none);
	expect(IRQ(VEC_LOW, AT(L), IF(1)), IRQ(VEC_HIGH, AT(L), IF(1)));
}
