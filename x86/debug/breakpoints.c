/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instruction breakpoints (class 7 of the priority table) against what else may come at the
 * boundary before their instruction. NMIs and maskable interrupts come first, with RF as it was, so
 * that the breakpoint is still there for the IRET; faults of fetching, decoding and executing come
 * after.
 */
#include "model/cpu.h"
#include "stage/case.h"

#define BREAKPOINTS                                                                                \
	"SDM 3B, Instruction-Breakpoint Exception Condition; APM 2, Instruction Breakpoints"

CASE(irq_first, "C01",
     "a pending interrupt is served before an instruction breakpoint; when its handler returns, the breakpoint stops the instruction",
     PRIORITY)
{
	scene(STI, NOP, L(NOP), NOP);
	break_on(0, L);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), IF(1)), DB(AT(L), DR6(DR6_B0), RF(0)));
}

CASE(nmi_first, "C02",
     "a pending NMI is served before an instruction breakpoint; when its handler returns, the breakpoint stops the instruction",
     PRIORITY)
{
	scene(L(NOP), NOP);
	break_on(0, L);
	pend_blocked_nmi();
	play();
	expect(NMI(AT(L)), DB(AT(L), DR6(DR6_B0), RF(0)));
}

CASE(resumed_with_irq, "C03",
     "a pending interrupt that is served where IRETQ with RF=1 leads to, at an instruction breakpoint, saves RF=1: there is no #DB after its handler, either",
     BREAKPOINTS)
{
	struct scene *s = scene(L(NOP), NOP);

	break_on(0, L);
	s->in_rflags |= RFLAGS_RF | RFLAGS_IF;
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), IF(1), RF(1)));
}

CASE(resumed_with_nmi, "C03",
     "an NMI that the IRETQ of a breakpoint's handler unblocks saves the RF=1 that this IRETQ has loaded: the breakpoint is not met again after its handler, either",
     BREAKPOINTS)
{
	scene(L(NOP), NOP);
	break_on(0, L);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(DB(AT(L), DR6(DR6_B0)), NMI(AT(L), RF(1)));
}

CASE(resumed_port, "F06",
     "an IN that begins with RF=1 clears it, so that the breakpoint on the next instruction stops",
     BREAKPOINTS)
{
	struct scene *s = scene(L(IN), M(NOP), NOP);

	break_on(0, M);
	s->in_rflags |= RFLAGS_RF;
	play();
	expect(DB(AT(M), DR6(DR6_B0), RF(0)));
}

CASE(resumed, "F06",
     "RF=1 lets one instruction pass its breakpoint, and the breakpoint on the next instruction stops",
     BREAKPOINTS)
{
	struct scene *s = scene(L(NOP), M(NOP), NOP);

	break_on(0, L);
	break_on(1, M);
	s->in_rflags |= RFLAGS_RF;
	play();
	expect(DB(AT(M), DR6(DR6_B1), RF(0)));
}

CASE(popf, "F14", "POPF does not load RF: the breakpoint on the next instruction stops",
     "SDM 2B, POPF/POPFD/POPFQ; APM 3, POPF; " BREAKPOINTS)
{
	scene(PUSH_FLAGS_RF, POPF, L(NOP), NOP);
	break_on(0, L);
	play();
	expect(DB(AT(L), DR6(DR6_B0), RF(0)));
}

static void mend_address(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	if (entry->vector == PF_VECTOR)
		frame->gprs.rdi = PLAY_WRITABLE;
}

CASE(resumed_into_fault, "F07",
     "RF=1 outlasts a fault of its instruction: #PF saves RF=1, and the restarted instruction passes its breakpoint",
     BREAKPOINTS)
{
	struct scene *s = scene(L(LOAD_NOT_PRESENT), NOP);

	break_on(0, L);
	s->in_rflags |= RFLAGS_RF;
	s->faults = FAULTS_RETRY;
	s->on_delivery = mend_address;
	s->habits = HANDLERS_MEND_RDI;
	play();
	expect(PF(0, AT(L), RF(1)));
}

/* --- Before faults --- */

struct breakpoint_before_fault {
	u16 instruction;
	struct want fault;
};

static void breakpoint_before_fault(const struct breakpoint_before_fault *f)
{
	scene(NOP, L(f->instruction));
	break_on(0, L);
	play();
	expect(DB(AT(L), DR6(DR6_B0), RF(0)), f->fault);
}

TABLE(before_ud, "C05", "an instruction breakpoint stops before the #UD of its instruction",
      PRIORITY, breakpoint_before_fault, .instruction = UD2, .fault = UD(AT(L)));
TABLE(before_too_long, "C05",
      "an instruction breakpoint stops before the #GP of its instruction, which is longer than 15 bytes",
      PRIORITY, breakpoint_before_fault, .instruction = TOO_LONG, .fault = GP(0, AT(L)));
TABLE(before_gp, "C06", "an instruction breakpoint stops before the #GP of its load", PRIORITY,
      breakpoint_before_fault, .instruction = LOAD_NONCANONICAL, .fault = GP(0, AT(L)));
TABLE(before_pf, "C06", "an instruction breakpoint stops before the #PF of its load", PRIORITY,
      breakpoint_before_fault, .instruction = LOAD_NOT_PRESENT,
      .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)));
TABLE(before_gp_of_rdmsr, "C06", "an instruction breakpoint stops before the #GP of its RDMSR",
      PRIORITY, breakpoint_before_fault, .instruction = RDMSR, .fault = GP(0, AT(L)));

/*
 * Class 7 against 8 of Intel's table; AMD has both in one class, within which any order is legal.
 */
CASE(before_fetch_fault, "C04",
     "an instruction breakpoint on a page that is not present stops before the #PF of fetching the instruction",
     PRIORITY)
{
	struct scene *s;
	struct want fetch = PF(0, AT(ELSEWHERE), CR2(PLAY_NOT_PRESENT));

	s = scene(L(JMP_ELSEWHERE));
	scene_go_elsewhere(s, PLAY_NOT_PRESENT, FRAGMENT_NONE);
	break_on(0, ELSEWHERE);
	fetch.check_error = false; /* bit I/D is set only with EFER.NXE or CR4.SMEP */
	play();
	if (cpu_is_amd())
		expect_one_of(LEGAL("the breakpoint first", DB(AT(ELSEWHERE), DR6(DR6_B0)), fetch),
			      LEGAL("the fetch's fault, and no breakpoint", fetch));
	else
		expect(DB(AT(ELSEWHERE), DR6(DR6_B0)), fetch);
}

/* --- At one boundary with a single-step trap --- */

/*
 * Whether the first #DB reports the breakpoint, too, is left open. The APM has RF=1 in the image of
 * every exception but that of the breakpoint ("RFLAGS Register"): then the IRET passes it.
 */
CASE(after_step, "C07",
     "the single-step trap comes before the instruction breakpoint of the next instruction",
     PRIORITY)
{
	struct scene *s = scene(NOP, L(NOP), NOP);

	break_on(0, L);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	play();
	observed("DR6 of the single-step trap: %#lx", event_log.entries[0].dr6);
	if (cpu_is_amd())
		expect_one_of(LEGAL("the trap saves RF as it is", DB(AT(L), DR6(DR6_BS), RF(0)),
				    DB(AT(L), DR6(DR6_B0), NO_DR6(DR6_BS))),
			      LEGAL("the trap saves RF=1, and its IRET passes the breakpoint",
				    DB(AT(L), DR6(DR6_BS), RF(1))));
	else
		expect(DB(AT(L), DR6(DR6_BS), RF(0)), DB(AT(L), DR6(DR6_B0), NO_DR6(DR6_BS)));
}

/* --- MOV DR while DR7.GD is set: a fault, but with the RF of a trap --- */

CASE(guard, "C17",
     "a pending interrupt is served before the #DB of a MOV DR while DR7.GD is 1; #DB clears GD, and MOV DR is restarted",
     PRIORITY
     "; SDM 3B, General-Detect Exception Condition; Linux, KVM's x86.c: the saved RF of processors")
{
	struct scene *s = scene(STI, NOP, L(MOV_FROM_DR7), NOP);

	s->settled = 1 + CHOICE_RF_OF_GENERAL_DETECT;
	s->settled_answer = 0;
	pend_irq(VEC);
	debug_guard();
	play();
	check(!(s->out.rax & DR7_GD), "the restarted MOV DR read %#lx: GD=1", s->out.rax);
	/*
	 * Both manuals read as if this fault set RF in its image; no processor does (Linux, KVM's
	 * x86.c).
	 */
	expect(IRQ(VEC, AT(L), IF(1)), DB(AT(L), DR6(DR6_BD), RF(0)));
}

/* It has not been executed. */
CASE(guard_int1, "C17", "the #DB of INT1 clears DR7.GD, too, so that its handler may read DR6",
     "SDM 3B, General-Detect Exception Condition; APM 2, General-Detect")
{
	struct scene *s = scene(L(INT1), M(MOV_FROM_DR7), NOP);

	debug_guard();
	play();
	check(!(s->out.rax & DR7_GD), "MOV DR read %#lx: GD=1", s->out.rax);
	expect(DB(AT(M), NO_DR6(DR6_BD)));
}

CASE(guard_stepped, "C31",
     "a MOV DR that is single-stepped while DR7.GD is 1 raises the #DB of GD, and that of the step only when it has been restarted",
     "SDM 3B, General-Detect Exception Condition; SDM 3B, Single-Step Exception Condition")
{
	struct scene *s = scene(L(MOV_FROM_DR7), NOP);

	s->settled = 1 + CHOICE_RF_OF_GENERAL_DETECT;
	s->settled_answer = 0;
	s->in_rflags |= RFLAGS_TF;
	debug_guard();
	play();
	expect(DB(AT(L), DR6(DR6_BD), NO_DR6(DR6_BS)), DB(AT(AFTER(L)), DR6(DR6_BS)),
	       DB(AT(LANDING), DR6(DR6_BS)));
}

CASE(guard_ended, "C17",
     "the #DB of an instruction breakpoint clears DR7.GD, too: the MOV DR on which it came raises no other",
     "SDM 3B, General-Detect Exception Condition; APM 2, General-Detect")
{
	struct scene *s = scene(L(MOV_FROM_DR7), NOP);

	break_on(0, L);
	debug_guard();
	play();
	check(!(s->out.rax & DR7_GD), "MOV DR read %#lx: GD=1", s->out.rax);
	check(s->out.rax & DR7_G0, "MOV DR read %#lx: breakpoint 0 is not enabled", s->out.rax);
	expect(DB(AT(L), DR6(DR6_B0), RF(0)));
}

/* --- In the shadow of STI, which holds no fault back --- */

static void breakpoint_in_shadow(enum gate_type gate, struct want fault)
{
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", fault,
		      IRQ(VEC, AT(first_open_returning(gate, DB_VECTOR, L)), IF(1))),
		LEGAL("the shadow outlived the delivery", fault, IRQ(VEC, IF(1))),
	};

	gate_type_set(DB_VECTOR, gate);
	pend_irq(VEC);
	play();
	expect_order(legal, orders_after_shadow(gate));
}

CASE_BOTH_GATES(shadow, "C35",
		"an instruction breakpoint in the shadow of STI stops before a pending interrupt",
		AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), STI_SHADOW)
{
	scene(STI, L(NOP), NOP);
	break_on(0, L);
	breakpoint_in_shadow(gate, DB(AT(L), DR6(DR6_B0), IF(1)));
}

CASE_BOTH_GATES(
	guard_in_shadow, "C36",
	"the #DB of a MOV DR in the shadow of STI while DR7.GD is 1 is delivered before a pending interrupt",
	AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"),
	STI_SHADOW "; SDM 3B, General-Detect Exception Condition")
{
	scene(STI, L(MOV_FROM_DR7), NOP);
	debug_guard();
	breakpoint_in_shadow(gate, DB(AT(L), DR6(DR6_BD), IF(1)));
}

/* --- On the first instruction of a handler --- */

/* A shadow that outlives the delivery of #UD (AMD) has the breakpoint come first. */
CASE(on_handler, "C37",
     "an interrupt that is pending at the first instruction of the handler of #UD is served before the instruction breakpoint there",
     PRIORITY "; " STI_SHADOW)
{
	const struct want fault = UD(AT(L), IF(1));
	const struct want breakpoint = DB(AT(ENTRY_OF(UD_VECTOR)), DR6(DR6_B0));
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", fault, IRQ(VEC, AT(ENTRY_OF(UD_VECTOR)), IF(1)),
		      breakpoint),
		LEGAL("the shadow outlived the delivery", fault, breakpoint, IRQ(VEC, IF(1))),
	};

	scene(STI, L(UD2), NOP);
	gate_type_set(UD_VECTOR, TRAP_GATE);
	break_on(0, ENTRY_OF(UD_VECTOR));
	pend_irq(VEC);
	play();
	expect_order(legal, orders_after_shadow(TRAP_GATE));
}
