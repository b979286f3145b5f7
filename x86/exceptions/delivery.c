/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery that faults. An interrupt is acknowledged before its gate is looked at: if gate or stack
 * are not there, the fault is raised at the interrupt's boundary, with EXT=1, and the interrupt is
 * in service although its handler never runs. A fault in the delivery of a benign exception is
 * simply delivered; in that of a contributory exception or #PF it may make #DF.
 */
#include "stage/case.h"

#define ERROR_CODE "SDM 3A, Error Code; APM 2, Error Codes"
#define LAPIC_PRIORITY                                                                             \
	"SDM 3A, Interrupt Acceptance for Fixed Interrupts; APM 2, Selecting and Handling Interrupts"

#define IDT_ERROR(vector, flags) ((vector)*8 | ERROR_IDT | (flags))

/* --- Of an interrupt --- */

static void interrupt_is_lost(struct want fault)
{
	scene(STI, NOP, L(NOP), NOP);
	pend_irq(VEC);
	play();
	check(lapic_isr(VEC) && !lapic_irr(VEC), "%#x: ISR %d, IRR %d, not in service", VEC,
	      lapic_isr(VEC), lapic_irr(VEC));
	expect(fault);
}

CASE(irq_gate_not_present, "I01",
     "an interrupt whose gate is not present raises #NP with EXT=1, and is in service although its handler never runs",
     ERROR_CODE "; " LAPIC_PRIORITY)
{
	gate_remove(VEC);
	interrupt_is_lost(NP(IDT_ERROR(VEC, ERROR_EXT), AT(L), IF(1)));
}

CASE(irq_beyond_idt, "I02",
     "an interrupt whose gate lies beyond the limit of the IDT raises #GP with EXT=1, and is in service although its handler never runs",
     ERROR_CODE "; " LAPIC_PRIORITY)
{
	idt_truncate(VEC);
	interrupt_is_lost(GP(IDT_ERROR(VEC, ERROR_EXT), AT(L), IF(1)));
}

CASE(irq_stack_not_present, "I04",
     "an interrupt whose stack is not present raises #PF, and is in service although its handler never runs",
     PAGE_FAULT "; " LAPIC_PRIORITY)
{
	gate_stack_set(VEC, IST_ABSENT);
	interrupt_is_lost(PF(PF_WRITE, AT(L), IF(1), CR2_PAGE(PLAY_NOT_PRESENT)));
}

CASE(higher_irq_lost, "I12",
     "an interrupt that is lost to #NP holds a lower one back until EOI, even if the handler of #NP runs with IF=1",
     LAPIC_PRIORITY)
{
	scene(STI, NOP, L(NOP), NOP);
	gate_remove(VEC_HIGH);
	gate_type_set(NP_VECTOR, TRAP_GATE);
	pend_irq(VEC_LOW);
	pend_irq(VEC_HIGH);
	play();
	check(log_count() == 1 && lapic_isr(VEC_HIGH) && lapic_irr(VEC_LOW),
	      "after %lu events %#x has ISR %d, %#x has IRR %d", (u64)log_count(), VEC_HIGH,
	      lapic_isr(VEC_HIGH), VEC_LOW, lapic_irr(VEC_LOW));
	lapic_eoi();
	play();
	expect(NP(IDT_ERROR(VEC_HIGH, ERROR_EXT), AT(L)), IRQ(VEC_LOW, AT(L), IF(1)));
}

CASE(lower_irq_lost, "I12",
     "a pending interrupt of a higher class is served before the #NP of one of a lower class whose gate is not present",
     LAPIC_PRIORITY)
{
	struct scene *s = scene(STI, NOP, L(NOP), NOP);

	gate_remove(VEC_LOW);
	s->eoi_in_handler = true;
	pend_irq(VEC_LOW);
	pend_irq(VEC_HIGH);
	play();
	expect(IRQ(VEC_HIGH, AT(L), IF(1)), NP(IDT_ERROR(VEC_LOW, ERROR_EXT), AT(L), IF(1)));
}

/* --- Of INT n --- */

CASE(int_n_gate_not_present, "I03",
     "an INT n whose gate is not present raises #NP with EXT=0; the saved RIP is that of INT n",
     ERROR_CODE)
{
	scene(L(INT_50), NOP);
	gate_remove(VEC_SOFT);
	play();
	expect(NP(IDT_ERROR(VEC_SOFT, 0), AT(L)));
}

CASE(int_n_beyond_idt, "I03",
     "an INT n whose gate lies beyond the limit of the IDT raises #GP with EXT=0; the saved RIP is that of INT n",
     ERROR_CODE)
{
	scene(L(INT_50), NOP);
	idt_truncate(VEC_SOFT);
	play();
	expect(GP(IDT_ERROR(VEC_SOFT, 0), AT(L)));
}

CASE_BOTH_GATES(int_n_fault_in_shadow, "I15",
		"the #NP of an INT n in the shadow of STI is delivered before a pending interrupt",
		AFTER_IRET_OF("#NP"), AT_HANDLER_OF("#NP"), STI_PAGE)
{
	const struct want fault = NP(IDT_ERROR(VEC_SOFT, 0), AT(L), IF(1));
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", fault,
		      IRQ(VEC, AT(first_open(gate, NP_VECTOR)), IF(1))),
		LEGAL("the shadow outlived the delivery", fault, IRQ(VEC, IF(1))),
	};

	scene(STI, L(INT_50), NOP);
	gate_remove(VEC_SOFT);
	gate_type_set(NP_VECTOR, gate);
	pend_irq(VEC);
	play();
	expect_order(legal, orders_after_shadow(gate));
}

/* --- Of an exception --- */

static void double_fault(u16 instruction)
{
	struct scene *s = scene(L(instruction));

	s->expect_abort = true;
	s->in.rdi = PLAY_BEYOND;
	play();
}

CASE(gp_gate_not_present, "I05", "a #GP whose gate is not present makes #DF", DOUBLE_FAULT)
{
	gate_remove(GP_VECTOR);
	double_fault(LOAD_NONCANONICAL);
	expect(DF());
}

CASE(pf_gate_not_present, "I07", "a #PF whose gate is not present makes #DF", DOUBLE_FAULT)
{
	gate_remove(PF_VECTOR);
	double_fault(LOAD_NOT_PRESENT);
	expect(DF(CR2(PLAY_BEYOND)));
}

CASE(pf_stack_not_present, "I08",
     "a #PF whose stack is not present makes #DF, and CR2 is the stack's address",
     DOUBLE_FAULT "; " PAGE_FAULT)
{
	gate_stack_set(PF_VECTOR, IST_ABSENT);
	double_fault(LOAD_NOT_PRESENT);
	expect(DF(CR2_PAGE(PLAY_NOT_PRESENT)));
}

static void mend_stack(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)frame;
	gate_stack_set(GP_VECTOR, IST_NONE);
	scene->faults = entry->vector == PF_VECTOR ? FAULTS_RETRY : FAULTS_RESUME_AT_LANDING;
}

CASE(gp_stack_not_present, "I06",
     "a #GP whose stack is not present makes #PF and no #DF; the restarted instruction raises #GP again, once there is a stack",
     DOUBLE_FAULT)
{
	struct scene *s = scene(L(LOAD_NONCANONICAL));

	gate_stack_set(GP_VECTOR, IST_ABSENT);
	s->on_delivery = mend_stack;
	s->habits = HANDLERS_MEND_STACK;
	play();
	expect(PF(PF_WRITE, AT(L), CR2_PAGE(PLAY_NOT_PRESENT)), GP(0, AT(L)));
}

CASE(de_gate_not_present, "I16",
     "a #DE, which is contributory, whose gate is not present makes #DF", DOUBLE_FAULT)
{
	gate_remove(DE_VECTOR);
	double_fault(DIV);
	expect(DF());
}

CASE(np_gate_not_present, "I16",
     "the #NP of an INT n whose gate is not present, and whose own gate is not present either, makes #DF",
     DOUBLE_FAULT)
{
	gate_remove(VEC_SOFT);
	gate_remove(NP_VECTOR);
	double_fault(INT_50);
	expect(DF());
}

/*
 * EXT tells events external to the program: for Intel an earlier exception is one, too; the APM
 * says external to the processor.
 */
static void benign_lost(u8 vector)
{
	if (cpu_is_amd())
		expect_one_of(LEGAL("EXT=1", NP(IDT_ERROR(vector, ERROR_EXT), AT(L))),
			      LEGAL("EXT=0", NP(IDT_ERROR(vector, 0), AT(L))));
	else
		expect(NP(IDT_ERROR(vector, ERROR_EXT), AT(L)));
}

CASE(ud_gate_not_present, "I09",
     "a #UD, which is benign, whose gate is not present makes #NP and no #DF", DOUBLE_FAULT)
{
	scene(L(UD2));
	gate_remove(UD_VECTOR);
	play();
	benign_lost(UD_VECTOR);
}

static u64 dr6_at_fault;

static void note_dr6(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)frame;
	(void)entry;
	dr6_at_fault = read_dr6();
	write_dr6(DR6_RESET);
}

CASE(db_gate_not_present, "I10",
     "a single-step trap whose gate is not present makes #NP; the #DB is lost, but DR6.BS is set",
     DOUBLE_FAULT "; " SINGLE_STEP_SDM)
{
	struct scene *s = scene(NOP, L(NOP), NOP);

	gate_remove(DB_VECTOR);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = note_dr6;
	s->habits = HANDLERS_LOOK;
	play();
	check(dr6_at_fault & DR6_BS, "DR6 is %#lx: BS=0", dr6_at_fault);
	benign_lost(DB_VECTOR);
}

CASE(db_stack_not_present, "I13",
     "a single-stepped IRETQ whose #DB has no stack makes #PF; the NMI that IRETQ unblocked comes at the first instruction of the handler of #PF",
     DOUBLE_FAULT "; " PRIORITY_TABLE)
{
	scene(PUSH_IRET_FRAME_IF0, PUSH_FLAGS_TF, POPF, IRETQ, UD2, T(NOP), NOP);
	gate_stack_set(DB_VECTOR, IST_ABSENT);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(PF(PF_WRITE, AT(T), CR2_PAGE(PLAY_NOT_PRESENT)), NMI(AT(ENTRY_OF(PF_VECTOR))));
}
