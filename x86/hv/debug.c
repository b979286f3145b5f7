/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions at VM entry. An injected event is delivered with TF=0 and takes pending debug
 * exceptions with it, unless blocking by MOV SS keeps them for the handler. Without an injection a
 * pending debug trap (class 4) comes before NMI and interrupt, and a code breakpoint (class 7)
 * after them; blocking by STI does not hold a debug exception back, blocking by MOV SS does, by one
 * instruction.
 */
#define FAMILY "debug"
#include "stage/case.h"
#include "stage/citations.h"
#include "hv/hv.h"
#include "vmx/controls.h"

#define PENDING_DEBUG "SDM 3C, Delivery of Pending Debug Exceptions after VM Entry"
#define DB_ENTRY      ENTRY_OF(DB_VECTOR)

/* A guest that enters at L with IF=1 and these flags; #DB behind a trap gate. */
static struct vcpu *start_with(u64 rflags)
{
	scene(L(NOP), M(NOP), NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	the_scene()->in_rflags |= rflags;
	the_scene()->on_delivery = step_once;
	return start_with_interrupts_on();
}

CASE(injected_under_tf, "V12,S08",
     "an injected #GP saves TF=1, and its handler runs with TF=0: no single-step trap at its first instruction",
     EVENT_INJECTION)
{
	struct vcpu *v = start_with(RFLAGS_TF);

	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), TF(1)));
}

CASE(injection_drops_pending, "V13",
     "an injected hardware exception is delivered alone: a pending debug exception is lost with it",
     PENDING_DEBUG)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	v = start_with(RFLAGS_TF);
	vmx_set_pending_debug(v, PENDING_BS);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), TF(1)));
}

CASE(pending_before_nmi_and_irq, "V26",
     "a pending single-step trap is delivered at entry, before a pending NMI and a pending interrupt",
     PENDING_DEBUG)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	v = start_with(RFLAGS_TF);
	vmx_set_pending_debug(v, PENDING_BS);
	pend_irq(VEC);
	pend_nmi();
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), NMI(AT(DB_ENTRY)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(pending_before_irq, "V26",
     "a pending single-step trap is delivered at entry, before a pending interrupt", PENDING_DEBUG)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	v = start_with(RFLAGS_TF);
	vmx_set_pending_debug(v, PENDING_BS);
	pend_irq(VEC);
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(pending_under_sti, "V27",
     "blocking by STI does not hold a pending debug exception back, and ends with its delivery",
     PENDING_DEBUG)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	v = start_with(RFLAGS_TF);
	vmx_set_pending_debug(v, PENDING_BS);
	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	pend_irq(VEC);
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(pending_under_mov_ss, "V28",
     "blocking by MOV SS holds a pending breakpoint back for one instruction; then it comes before the interrupt",
     PENDING_DEBUG)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	v = start_with(0);
	vmx_set_pending_debug(v, PENDING_B0 | PENDING_ENABLED_BREAKPOINT);
	vcpu_set_state(v, STATE_BLOCKED_BY_MOV_SS);
	pend_irq(VEC);
	run_to_end(v);
	expect(DB(AT(M), DR6(DR6_B0)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(injected_bp_under_mov_ss, "V14",
     "an injected #BP under blocking by MOV SS keeps the pending breakpoint for its handler's first instruction",
     PENDING_DEBUG)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(INT3), M(NOP), NOP);
	v = start_with_interrupts_on();
	vmx_set_pending_debug(v, PENDING_B0 | PENDING_ENABLED_BREAKPOINT);
	vcpu_set_state(v, STATE_BLOCKED_BY_MOV_SS);
	vcpu_inject_software(v, event_make(EVENT_SOFT_EXCEPTION, BP_VECTOR), 1);
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(event_make(EVENT_SOFT_EXCEPTION, BP_VECTOR))), BP(AT(M)),
	       DB(AT(ENTRY_OF(BP_VECTOR)), DR6(DR6_B0)));
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
     "an interrupt pending at entry is served before the code breakpoint on the guest's first instruction",
     "SDM 3A, Priority Among Concurrent Events; APM 2, Priorities")
{
	struct vcpu *v = start_with(0);

	the_scene()->on_delivery = resume_past_breakpoint;
	break_at(v, L);
	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)), DB(AT(L), DR6(DR6_B0)));
}

CASE(rf_suppresses_breakpoint, "V30",
     "a guest entered with RF=1 does not meet the breakpoint on its first instruction; an interrupt there saves RF=1, so nor does its IRET",
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
     "a code breakpoint on RDMSR comes before its exit, and the exit comes when the handler returns with RF=1",
     FAULTS_VS_EXITS)
{
	struct vcpu *v;

	scene(NOP, L(RDMSR), NOP);
	the_scene()->on_delivery = resume_past_breakpoint;
	v = hv_start();
	break_at(v, L);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(DB(AT(L), DR6(DR6_B0)), EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))),
	       GP(0, AT(L)));
}

CASE(step_before_exit, "V84,S32",
     "the single-step trap of an instruction comes before the exit of the next", FAULTS_VS_EXITS)
{
	struct vcpu *v;

	scene(NOP, L(RDMSR), NOP);
	the_scene()->on_delivery = step_once;
	the_scene()->in_rflags |= RFLAGS_TF;
	v = hv_start();
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))),
	       GP(0, AT(L), TF(0)));
}
