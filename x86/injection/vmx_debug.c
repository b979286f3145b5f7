/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions and an injected event. An injected event takes a pending debug exception with
 * it, which is lost, unless blocking by MOV SS keeps it: then it outlives an injected software
 * event, and comes at its handler's first instruction. A breakpoint on that instruction comes after
 * an interrupt that is pending there.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"

CASE(injection_drops_pending, "V13",
     "an injected #GP is delivered alone: a single-step trap that is pending is lost with it",
     PENDING_DEBUG)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(L(NOP), M(NOP), NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = start_with_interrupts_on();
	vmx_set_pending_debug(v, PENDING_BS);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), TF(1)));
}

/* Enters at L with a breakpoint's debug exception pending under blocking by MOV SS. */
static struct vcpu *inject_under_mov_ss(u16 instruction, u64 event, u32 length)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(instruction), M(NOP), NOP);
	v = start_with_interrupts_on();
	vmx_set_pending_debug(v, PENDING_B0 | PENDING_ENABLED_BREAKPOINT);
	vcpu_set_state(v, STATE_BLOCKED_BY_MOV_SS);
	vcpu_inject_software(v, event, length);
	run_to_end(v);
	return v;
}

CASE(injected_bp_under_mov_ss, "V14",
     "a #BP that is injected as a software exception under blocking by MOV SS keeps a pending breakpoint for its handler's first instruction",
     PENDING_DEBUG)
{
	const u64 event = event_make(EVENT_SOFT_EXCEPTION, BP_VECTOR);

	inject_under_mov_ss(INT3, event, 1);
	expect(ENTRY(AT(L), INJECT(event)), BP(AT(M)), DB(AT(ENTRY_OF(BP_VECTOR)), DR6(DR6_B0)));
}

CASE(int_n, "V15",
     "an INT n that is injected under blocking by MOV SS keeps a pending breakpoint for its handler's first instruction",
     PENDING_DEBUG)
{
	const u64 event = event_make(EVENT_SOFT_INT, VEC_SOFT);

	inject_under_mov_ss(INT_50, event, 2);
	expect(ENTRY(AT(L), INJECT(event)), INTN(VEC_SOFT, AT(M)),
	       DB(AT(ENTRY_OF(VEC_SOFT)), DR6(DR6_B0)));
}

CASE(int1, "V15",
     "an INT1 that is injected under blocking by MOV SS may keep a pending breakpoint or lose it",
     PENDING_DEBUG)
{
	const u64 event = event_make(EVENT_PRIVILEGED_SOFT_EXCEPTION, DB_VECTOR);

	inject_under_mov_ss(INT1, event, 1);
	expect_one_of(LEGAL("lost", ENTRY(AT(L), INJECT(event)), DB(AT(M))),
		      LEGAL("kept", ENTRY(AT(L), INJECT(event)), DB(AT(M)),
			    DB(AT(ENTRY_OF(DB_VECTOR)), DR6(DR6_B0))));
}

CASE(breakpoint_on_handler, "V16",
     "an interrupt that is pending when #GP is injected is served at the first instruction of the handler of #GP, before the instruction breakpoint there",
     PRIORITY_TABLE)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	gate_type_set(GP_VECTOR, TRAP_GATE);
	break_on(0, ENTRY_OF(GP_VECTOR));
	v = start_with_interrupts_on();
	pend_irq(VEC);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)), IRQ(VEC, AT(ENTRY_OF(GP_VECTOR)), IF(1)),
	       DB(AT(ENTRY_OF(GP_VECTOR)), DR6(DR6_B0)));
}
