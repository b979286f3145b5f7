/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions of a guest, under either vendor. An injected event is delivered with TF=0, so
 * that its handler is not stepped. An instruction breakpoint (class 7) on the first instruction
 * comes after a pending interrupt, and RF suppresses it. The debug exception of an instruction that
 * would exit comes before its exit.
 */
#include "stage/case.h"
#include "hv/hv.h"

/* A guest that enters at L with IF=1 and these flags; #DB is delivered through a trap gate. */
static struct vcpu *start_with(u64 rflags)
{
	struct scene *s = scene(L(NOP), M(NOP), NOP);

	gate_type_set(DB_VECTOR, TRAP_GATE);
	s->in_rflags |= rflags;
	s->on_delivery = step_once;
	return start_with_interrupts_on();
}

CASE(injected_under_tf, "V12,S08",
     "an injected #GP saves TF=1, and its handler runs with TF=0: there is no single-step trap at its first instruction",
     EVENT_INJECTION)
{
	struct vcpu *v = start_with(RFLAGS_TF);

	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), TF(1)));
}

/* Breakpoint 0 on the instruction at @place; the registers are the guest's and root's alike. */
static void break_at(struct vcpu *v, int place)
{
	write_dr0(address_of(place));
	vcpu_set(v, VCPU_DR7, DR7_RESET | DR7_G0 | DR7_GE);
}

static void resume_past_breakpoint(struct scene *scene, struct frame *frame,
				   struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	if (frame->vector == DB_VECTOR)
		frame->rflags |= RFLAGS_RF;
}

CASE(irq_before_breakpoint, "V30",
     "an interrupt that is pending at VM entry is served before the instruction breakpoint on the guest's first instruction",
     PRIORITY)
{
	struct vcpu *v = start_with(0);

	the_scene()->on_delivery = resume_past_breakpoint;
	break_at(v, L);
	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)), DB(AT(L), DR6(DR6_B0)));
}

CASE(rf_suppresses_breakpoint, "V30",
     "a guest that is entered with RF=1 does not meet the breakpoint on its first instruction; an interrupt there saves RF=1, so that its IRET does not lead to the breakpoint, either",
     "SDM 3B, Instruction-Breakpoint Exception Condition")
{
	struct vcpu *v = start_with(RFLAGS_RF);

	the_scene()->on_delivery = resume_past_breakpoint;
	break_at(v, L);
	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1), RF(1)));
}

CASE(breakpoint_before_exit, "V83,S32",
     "an instruction breakpoint on RDMSR comes before the exit of RDMSR, which follows when the handler returns with RF=1",
     FAULTS_VS_EXITS)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(NOP, L(RDMSR), NOP);
	s->on_delivery = resume_past_breakpoint;
	v = hv_start();
	break_at(v, L);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(DB(AT(L), DR6(DR6_B0)), EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))),
	       GP(0, AT(L)));
}

CASE(step_before_exit, "V84,S32",
     "the single-step trap of an instruction comes before the exit of the next instruction",
     FAULTS_VS_EXITS)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(NOP, L(RDMSR), NOP);
	s->on_delivery = step_once;
	s->in_rflags |= RFLAGS_TF;
	v = hv_start();
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))),
	       GP(0, AT(L), TF(0)));
}
