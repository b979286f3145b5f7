/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions that are pending at VM entry, without an injection. A debug trap (class 4) comes
 * before NMI and interrupt; blocking by STI does not hold it back, blocking by MOV SS does, for one
 * instruction.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"

#define DB_ENTRY ENTRY_OF(DB_VECTOR)

/* A guest that enters at L with IF=1 and these flags; #DB is delivered through a trap gate. */
static struct vcpu *start_with(u64 rflags)
{
	struct scene *s;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(L(NOP), M(NOP), NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	s->in_rflags |= rflags;
	s->on_delivery = step_once;
	return start_with_interrupts_on();
}

CASE(pending_before_nmi_and_irq, "V26",
     "a single-step trap that is pending at VM entry is delivered before a pending NMI and a pending interrupt",
     PENDING_DEBUG)
{
	struct vcpu *v = start_with(RFLAGS_TF);

	vmx_set_pending_debug(v, PENDING_BS);
	pend_irq(VEC);
	pend_nmi();
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), NMI(AT(DB_ENTRY)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(pending_before_irq, "V26",
     "a single-step trap that is pending at VM entry is delivered before a pending interrupt",
     PENDING_DEBUG)
{
	struct vcpu *v = start_with(RFLAGS_TF);

	vmx_set_pending_debug(v, PENDING_BS);
	pend_irq(VEC);
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(pending_under_sti, "V27",
     "blocking by STI does not hold a pending debug exception back, and ends with the delivery of that exception",
     PENDING_DEBUG)
{
	struct vcpu *v = start_with(RFLAGS_TF);

	vmx_set_pending_debug(v, PENDING_BS);
	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	pend_irq(VEC);
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(pending_under_mov_ss, "V28",
     "blocking by MOV SS holds a pending breakpoint back for one instruction; then the breakpoint comes before a pending interrupt",
     PENDING_DEBUG)
{
	struct vcpu *v = start_with(0);

	vmx_set_pending_debug(v, PENDING_B0 | PENDING_ENABLED_BREAKPOINT);
	vcpu_set_state(v, STATE_BLOCKED_BY_MOV_SS);
	pend_irq(VEC);
	run_to_end(v);
	expect(DB(AT(M), DR6(DR6_B0)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}
