/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs (class 5 of the priority table) against maskable interrupts (6), and what blocks NMIs: from
 * the delivery of one until the next IRET, whoever executes it and whatever becomes of it. NMIs
 * have no pending bit: each is sent while NMIs are blocked, and an IRET unblocks them. At most one
 * is remembered.
 */
#include "stage/case.h"

#define MULTIPLE "SDM 3A, Handling Multiple NMIs; APM 2, NMI-Non-Maskable-Interrupt Exception"

CASE(before_irq, "D01",
     "after an IRETQ that lets in a pending NMI and a pending interrupt, the NMI is served first and the interrupt after the NMI's IRET, both at the target of IRETQ",
     PRIORITY)
{
	struct scene *s = scene(L(NOP), NOP);

	s->in_rflags |= RFLAGS_IF;
	pend_irq(VEC);
	pend_blocked_nmi();
	play();
	expect(NMI(AT(L), IF(1)), IRQ(VEC, AT(L), IF(1)));
}

/*
 * NMI blocking holds back NMIs only, so the boundary after the delivery should be open; but no
 * manual says that interrupts are looked at there once more, and neither QEMU nor Bochs does so.
 */
CASE(before_irq_trap_gate, "D02",
     "after an IRETQ that lets in a pending NMI and a pending interrupt, the NMI is served first; its handler is entered with IF=1, and the interrupt comes in the handler or after it",
     PRIORITY)
{
	struct scene *s = scene(L(NOP), NOP);

	s->in_rflags |= RFLAGS_IF;
	pend_irq(VEC);
	pend_blocked_nmi();
	gate_type_set(NMI_VECTOR, TRAP_GATE);
	play();
	expect_one_of(LEGAL("the interrupt at the handler's first instruction", NMI(AT(L), IF(1)),
			    IRQ(VEC, AT(ENTRY_OF(NMI_VECTOR)), IF(1))),
		      LEGAL("the interrupt after the handler's IRET", NMI(AT(L), IF(1)),
			    IRQ(VEC, AT(L), IF(1))),
		      LEGAL("the interrupt later in the handler", NMI(AT(L), IF(1)),
			    IRQ(VEC, IF(1))));
}

CASE(three, "D03", "of three NMIs that are sent while NMIs are blocked, one is delivered",
     MULTIPLE "; SDM 3C, NMI Handling While in SMM")
{
	scene(L(NOP), NOP, NOP);
	pend_blocked_nmi();
	nmi_send_self();
	nmi_send_self();
	play();
	expect(NMI(AT(L)));
}

static void send_another(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)frame;
	(void)entry;
	scene->on_delivery = NULL;
	nmi_send_self();
}

CASE(sent_in_handler, "D03",
     "an NMI that the handler of an NMI sends is held back until that handler's IRET", MULTIPLE)
{
	struct scene *s = scene(L(NOP), NOP, NOP);

	s->on_delivery = send_another;
	s->habits = HANDLERS_SEND_AGAIN;
	pend_blocked_nmi();
	play();
	expect(NMI(AT(L)), NMI(AT(L)));
}

CASE(iret_of_int3, "D04",
     "any IRET unblocks NMIs: a pending NMI comes where the handler of INT3 returns to", MULTIPLE)
{
	scene(NOP, INT3, L(NOP), NOP);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(BP(AT(L)), NMI(AT(L)));
}

CASE(iret_of_irq, "D10",
     "an interrupt is served while NMIs are blocked, and its IRET unblocks them: a pending NMI comes where its handler returns to",
     MULTIPLE)
{
	scene(STI, NOP, L(NOP), NOP);
	pend_irq(VEC);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(IRQ(VEC, AT(L), IF(1)), NMI(AT(L), IF(1)));
}

/* Intel: "even if the IRET faults". The APM speaks of the completion of IRET. */
CASE(iret_faults, "D05",
     "an IRETQ that faults unblocks NMIs (Intel; AMD may wait for an IRETQ that completes)",
     MULTIPLE)
{
	scene(PUSH_IRET_FRAME_BAD, L(IRETQ), UD2);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	if (cpu_is_amd())
		expect_one_of(LEGAL("unblocked by the IRETQ that faults", GP(SEL_BEYOND, AT(L)),
				    NMI(AT(ENTRY_OF(GP_VECTOR)))),
			      LEGAL("unblocked by the IRETQ of #GP", GP(SEL_BEYOND, AT(L)),
				    NMI(AT(AFTER_IRET))));
	else
		expect(GP(SEL_BEYOND, AT(L)), NMI(AT(ENTRY_OF(GP_VECTOR))));
}

CASE(iret_faults_irq, "D05",
     "of an NMI and an interrupt that wait for an IRETQ that faults, the NMI comes first (AMD: it may wait for the next IRETQ)",
     MULTIPLE)
{
	const struct want fault = GP(SEL_BEYOND, AT(L), IF(1), TF(0));
	const struct want irq = IRQ(VEC, AT(AFTER_IRET), IF(1));

	scene(PUSH_IRET_FRAME_BAD, STI, L(IRETQ), UD2);
	pend_irq(VEC);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	if (cpu_is_amd())
		expect_one_of(LEGAL("unblocked by the IRETQ that faults", fault,
				    NMI(AT(ENTRY_OF(GP_VECTOR))), irq),
			      LEGAL("and the shadow of STI outlives #GP's delivery", fault,
				    NMI(IF(0)), irq),
			      LEGAL("unblocked by the IRETQ of #GP", fault, NMI(AT(AFTER_IRET)),
				    irq));
	else
		expect(fault, NMI(AT(ENTRY_OF(GP_VECTOR))), irq);
}

/* --- The delivery of an NMI faults --- */

static void next_nmi(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)frame;
	if (entry->vector == NMI_VECTOR)
		return;
	gate_set(NMI_VECTOR, INTERRUPT_GATE, IST_NMI, 0);
	nmi_send_self();
}

/* The fault is certain; whether NMIs are blocked in its handler no manual says. */
static void delivery_faults(struct want fault)
{
	the_scene()->on_delivery = next_nmi;
	the_scene()->habits = HANDLERS_SEND_NMI;
	play();
	expect_one_of(LEGAL("NMIs stay blocked until the fault's IRET", fault, NMI(AT(AFTER_IRET))),
		      LEGAL("NMIs are not blocked in the fault's handler", fault, NMI()));
}

CASE(gate_not_present, "D09",
     "an NMI whose gate is not present raises #NP with EXT=1 at the boundary of the NMI; the next NMI is delivered once",
     "SDM 3A, Error Code; SDM 3A, Segment Not Present")
{
	scene(L(NOP), NOP);
	pend_blocked_nmi();
	gate_remove(NMI_VECTOR);
	delivery_faults(NP(NMI_VECTOR * 8 | ERROR_IDT | ERROR_EXT, AT(L)));
}

CASE(stack_not_present, "I14",
     "an NMI whose stack is not present raises #PF at the boundary of the NMI; the next NMI is delivered once",
     PAGE_FAULT)
{
	scene(L(NOP), NOP);
	pend_blocked_nmi();
	gate_stack_set(NMI_VECTOR, IST_ABSENT);
	delivery_faults(PF(PF_WRITE, AT(L), CR2_PAGE(PLAY_NOT_PRESENT)));
}
