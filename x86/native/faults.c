/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A maskable interrupt against the faults of executing an instruction (class 6 against 9 and 10 of
 * the priority table). Pending at the boundary before the instruction, the interrupt is served
 * first, with nothing of the fault to be seen yet (CR2, the MSR, the stack); when its handler
 * returns, the instruction is executed and faults. In the shadow of STI it is the other way round.
 */
#include "stage/irq_before.h"

#define CR2_POISON 0x5a5a5a5a5000ul

static void set_task_switched(void)
{
	write_cr0(read_cr0() | CR0_TS);
}

static void poison_cr2(void)
{
	write_cr2(CR2_POISON);
}

static void use_interrupt_stacks(void)
{
	gate_set(VEC, INTERRUPT_GATE, IST_IRQ, 0);
	gate_set(SS_VECTOR, INTERRUPT_GATE, IST_FAULT, 0);
	gate_set(GP_VECTOR, INTERRUPT_GATE, IST_FAULT, 0);
}

TABLE(irq_before_ud, "A03", "a pending interrupt is served before the #UD of the next UD2",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = UD2, .irq = IRQ_AT_L,
      .fault = UD(AT(L)));
TABLE(irq_before_de, "A04", "a pending interrupt is served before the #DE of the next DIV",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = DIV, .irq = IRQ_AT_L,
      .fault = DE(AT(L)));
TABLE(irq_before_gp_of_load, "A07",
      "a pending interrupt is served before the #GP of a load from a non-canonical address",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = LOAD_NONCANONICAL, .irq = IRQ_AT_L,
      .fault = GP(0, AT(L)));
TABLE(irq_before_nm, "A10",
      "a pending interrupt is served before the #NM of an x87 instruction while CR0.TS is 1",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = FNOP, .prepare = set_task_switched,
      .irq = IRQ_AT_L, .fault = NM(AT(L)));
TABLE(irq_before_pf_of_load, "A05",
      "a pending interrupt is served before the #PF of a load, and CR2 is still untouched in its handler",
      PRIORITY, irq_before_fault, .irq = IRQ(VEC, AT(L), IF(1), CR2(CR2_POISON)), .setup = NOP,
      .instruction = LOAD_NOT_PRESENT, .prepare = poison_cr2,
      .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)));
TABLE(irq_before_pf_of_store, "A06",
      "a pending interrupt is served before the #PF of a store to a read-only page", PRIORITY,
      irq_before_fault, .irq = IRQ(VEC, AT(L), IF(1), CR2(CR2_POISON)), .setup = NOP,
      .instruction = STORE_READ_ONLY, .prepare = poison_cr2,
      .fault = PF(PF_PRESENT | PF_WRITE, AT(L), CR2(PLAY_READ_ONLY)));
TABLE(irq_before_ss, "A08",
      "a pending interrupt is served, on a stack of its own, before the #SS of a PUSH through a non-canonical RSP",
      PRIORITY, irq_before_fault, .irq = IRQ(VEC, AT(L), IF(1), ON_IST(IST_IRQ)),
      .setup = LOAD_NONCANONICAL_RSP, .instruction = PUSH, .prepare = use_interrupt_stacks,
      .fault = SS(0, AT(L), ON_IST(IST_FAULT)));

CASE(irq_before_gp_of_lstar, "A02",
     "a pending interrupt is served before the #GP of a WRMSR that would load LSTAR with a non-canonical address; LSTAR stays as it was",
     PRIORITY)
{
	u64 before = rdmsr(MSR_LSTAR), after;

	scene(LOAD_NONCANONICAL_LSTAR, STI, NOP, L(WRMSR));
	pend_irq(VEC);
	play();
	after = rdmsr(MSR_LSTAR);
	wrmsr(MSR_LSTAR, before);
	check(after == before, "LSTAR was %#lx and became %#lx", before, after);
	expect(IRQ(VEC, AT(L), IF(1)), GP(0, AT(L)));
}

CASE(irq_before_gp_of_efer, "A02",
     "a pending interrupt is served before the #GP of a WRMSR that would set a reserved bit of EFER; the bit stays 0",
     PRIORITY)
{
	u64 before = rdmsr(MSR_EFER), after;

	scene(LOAD_RESERVED_EFER, STI, NOP, L(WRMSR));
	pend_irq(VEC);
	play();
	after = rdmsr(MSR_EFER);
	check(after == before, "EFER was %#lx and became %#lx", before, after);
	expect(IRQ(VEC, AT(L), IF(1)), GP(0, AT(L)));
}

/* --- In the shadow of STI: the fault first --- */

struct fault_in_shadow {
	u16 instruction;
	void (*prepare)(void);
	struct want fault;
};

static void fault_in_shadow(const struct fault_in_shadow *f, enum gate_type gate)
{
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", f->fault,
		      IRQ(VEC, AT(first_open(gate, f->fault.vector)), IF(1))),
		LEGAL("the shadow outlived the delivery", f->fault, IRQ(VEC, IF(1))),
	};

	scene(NOP, STI, L(f->instruction));
	if (f->prepare)
		f->prepare();
	gate_type_set(f->fault.vector, gate);
	pend_irq(VEC);
	play();
	expect_order(legal, orders_after_shadow(gate));
}

TABLE_BOTH_GATES(shadow_ud, "A22",
		 "in the shadow of STI the #UD of an instruction is delivered first",
		 AFTER_IRET_OF("#UD"), AT_HANDLER_OF("#UD"), STI_SHADOW, fault_in_shadow,
		 .instruction = UD2, .fault = UD(AT(L)));
TABLE_BOTH_GATES(shadow_pf, "A22",
		 "in the shadow of STI the #PF of an instruction is delivered first",
		 AFTER_IRET_OF("#PF"), AT_HANDLER_OF("#PF"), STI_SHADOW, fault_in_shadow,
		 .instruction = LOAD_NOT_PRESENT, .prepare = poison_cr2,
		 .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)));
TABLE_BOTH_GATES(shadow_de, "A22",
		 "in the shadow of STI the #DE of an instruction is delivered first",
		 AFTER_IRET_OF("#DE"), AT_HANDLER_OF("#DE"), STI_SHADOW, fault_in_shadow,
		 .instruction = DIV, .fault = DE(AT(L)));
TABLE_BOTH_GATES(shadow_nm, "A22",
		 "in the shadow of STI the #NM of an instruction is delivered first",
		 AFTER_IRET_OF("#NM"), AT_HANDLER_OF("#NM"), STI_SHADOW, fault_in_shadow,
		 .instruction = FNOP, .prepare = set_task_switched, .fault = NM(AT(L)));
TABLE_BOTH_GATES(shadow_gp, "A22",
		 "in the shadow of STI the #GP of an instruction is delivered first",
		 AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), STI_SHADOW, fault_in_shadow,
		 .instruction = LOAD_NONCANONICAL, .fault = GP(0, AT(L)));
