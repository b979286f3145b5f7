/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPL 3: interrupts against faults that only occur there, and the window that STI opens where IOPL,
 * or virtual interrupts, let it. The handlers run at CPL 0, on the stack of the TSS.
 */
#include "model/cpu.h"
#include "stage/irq_before.h"

#define IRQ_OF_CPL3	IRQ(VEC, AT(L), IF(1), CPL(3))
#define CPUID_1_EDX_VME (1 << 1)

static void check_alignment(void)
{
	write_cr0(read_cr0() | CR0_AM);
	the_scene()->in_rflags |= RFLAGS_AC;
}

static void enable_virtual_interrupts(void)
{
	require(cpuid(1, 0).edx & CPUID_1_EDX_VME, "VME and PVI (CPUID 1 EDX bit 1)");
	write_cr4(read_cr4() | CR4_PVI);
}

static void pend_virtual_interrupt(void)
{
	enable_virtual_interrupts();
	the_scene()->in_rflags |= RFLAGS_VIP;
}

TABLE(irq_before_ac, "A13",
      "in CPL 3, a pending interrupt is served before the #AC of a load from an odd address",
      PRIORITY, irq_before_user_fault, .instruction = LOAD_UNALIGNED, .prepare = check_alignment,
      .irq = IRQ_OF_CPL3, .fault = AC(AT(L), CPL(3)));
TABLE(irq_before_gp_of_cli, "A14",
      "in CPL 3 with IOPL 0, a pending interrupt is served before the #GP of CLI", PRIORITY,
      irq_before_user_fault, .instruction = CLI, .irq = IRQ_OF_CPL3, .fault = GP(0, AT(L), CPL(3)));
TABLE(irq_before_gp_of_hlt, "A14", "in CPL 3, a pending interrupt is served before the #GP of HLT",
      PRIORITY, irq_before_user_fault, .instruction = HLT, .irq = IRQ_OF_CPL3,
      .fault = GP(0, AT(L), CPL(3)));
TABLE(irq_before_gp_of_in, "A14",
      "in CPL 3 with IOPL 0, a pending interrupt is served before the #GP of IN", PRIORITY,
      irq_before_user_fault, .instruction = IN, .irq = IRQ_OF_CPL3, .fault = GP(0, AT(L), CPL(3)));
TABLE(irq_before_gp_of_sti, "E24",
      "in CPL 3 with CR4.PVI=1, a pending interrupt is served before the #GP of STI with VIP=1",
      PRIORITY, irq_before_user_fault, .instruction = STI, .prepare = pend_virtual_interrupt,
      .irq = IRQ_OF_CPL3, .fault = GP(0, AT(L), CPL(3)));

/* Without this case the #GP above could just as well be that of IOPL 0. */
CASE(sti_sets_vif, "E24",
     "in CPL 3 with CR4.PVI=1 and VIP=0, STI sets VIF and raises no #GP; a pending interrupt is served before it",
     STI_SHADOW)
{
	struct scene *s = scene(L(STI), PUSHF, POP_RAX, M(HLT));

	s->in_rflags |= RFLAGS_IF;
	enable_virtual_interrupts();
	pend_irq(VEC);
	play_at_cpl3();
	check(s->out.rax & RFLAGS_VIF, "RFLAGS after STI was %#lx: VIF=0", s->out.rax);
	expect(IRQ(VEC, AT(L), IF(1), CPL(3)), GP(0, AT(M), CPL(3)));
}

/* Neither manual ranks the two. */
CASE(guard, "C17",
     "in CPL 3, a MOV DR while DR7.GD is 1 raises the #GP of its privilege; perhaps it raises the #DB before",
     PRIORITY "; SDM 3B, General-Detect Exception Condition")
{
	struct scene *s = scene(L(MOV_FROM_DR7), NOP);

	s->settled = 1 + CHOICE_RF_OF_GENERAL_DETECT;
	s->settled_answer = 0;
	debug_guard();
	play_at_cpl3();
	expect_one_of(LEGAL("#GP comes first", GP(0, AT(L), CPL(3))),
		      LEGAL("#DB comes first", DB(AT(L), DR6(DR6_BD), CPL(3), RF(0)),
			    GP(0, AT(L), CPL(3))));
}

CASE(sti, "E23",
     "in CPL 3 with IOPL 3, STI holds a pending interrupt back over one NOP, and no further",
     STI_SHADOW)
{
	struct scene *s = scene(STI, NOP, L(NOP), NOP);

	s->in_rflags |= RFLAGS_IOPL3;
	pend_irq(VEC);
	play_at_cpl3();
	expect(IRQ(VEC, AT(L), IF(1), CPL(3)));
}

TABLE(irq_before_gp_of_wbinvd, "A14",
      "in CPL 3, a pending interrupt is served before the #GP of WBINVD", PRIORITY,
      irq_before_user_fault, .instruction = WBINVD, .irq = IRQ_OF_CPL3,
      .fault = GP(0, AT(L), CPL(3)));

CASE(lock_rdmsr, "B07",
     "in CPL 3, LOCK RDMSR raises the #UD of its decoding, not the #GP of its execution", PRIORITY)
{
	scene(L(LOCK_RDMSR));
	play_at_cpl3();
	expect(UD(AT(L), CPL(3)));
}

/* The gates have DPL 0. INT1 does not ask for it. */
struct gate_dpl {
	u16 instruction;
	struct want wanted;
};

static void gate_dpl(const struct gate_dpl *g)
{
	struct scene *s = scene(L(g->instruction), NOP);

	s->in_rflags |= RFLAGS_IOPL3;
	play_at_cpl3();
	expect(g->wanted);
}

#define GATE_DPL                                                                                   \
	"SDM 3A, Protection of Exception- and Interrupt-Handler Procedures; APM 2, Privilege Checks"

TABLE(int_n_gate_dpl, "I03",
      "in CPL 3, an INT n whose gate has DPL 0 raises #GP with its vector and EXT=0, at INT n",
      GATE_DPL, gate_dpl, .instruction = INT_50,
      .wanted = GP(VEC_SOFT * 8 | ERROR_IDT, AT(L), CPL(3)));
TABLE(int3_gate_dpl, "I03",
      "in CPL 3, an INT3 whose gate has DPL 0 raises #GP with its vector and EXT=0, at INT3",
      GATE_DPL, gate_dpl, .instruction = INT3,
      .wanted = GP(BP_VECTOR * 8 | ERROR_IDT, AT(L), CPL(3)));
TABLE(int_3_gate_dpl, "I03",
      "in CPL 3, an INT n with n=3 whose gate has DPL 0 raises #GP with its vector and EXT=0, at INT n",
      GATE_DPL, gate_dpl, .instruction = INT_3,
      .wanted = GP(BP_VECTOR * 8 | ERROR_IDT, AT(L), CPL(3)));
TABLE(int1_gate_dpl, "I03", "in CPL 3, an INT1 whose gate has DPL 0 raises #DB", GATE_DPL, gate_dpl,
      .instruction = INT1, .wanted = DB(AT(AFTER(L)), CPL(3)));
