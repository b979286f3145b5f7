/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions and an injected event. What is pending under blocking by MOV SS outlives an
 * injected software interrupt, and comes at its handler's first instruction; a breakpoint on that
 * instruction comes behind an interrupt that is pending there.
 */
#define FAMILY "kept"
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"

#define PENDING_DEBUG "SDM 3C, Delivery of Pending Debug Exceptions after VM Entry"

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

CASE(int_n, "V15",
     "an injected INT n under blocking by MOV SS keeps the pending breakpoint for its handler's first instruction",
     PENDING_DEBUG)
{
	const u64 event = event_make(EVENT_SOFT_INT, VEC_SOFT);

	inject_under_mov_ss(INT_50, event, 2);
	expect(ENTRY(AT(L), INJECT(event)), INTN(VEC_SOFT, AT(M)),
	       DB(AT(ENTRY_OF(VEC_SOFT)), DR6(DR6_B0)));
}

CASE(int1, "V15",
     "an injected INT1 under blocking by MOV SS may keep the pending breakpoint or lose it",
     PENDING_DEBUG)
{
	const u64 event = event_make(EVENT_PRIVILEGED_SOFT_EXCEPTION, DB_VECTOR);

	inject_under_mov_ss(INT1, event, 1);
	expect_one_of(LEGAL("lost", ENTRY(AT(L), INJECT(event)), DB(AT(M))),
		      LEGAL("kept", ENTRY(AT(L), INJECT(event)), DB(AT(M)),
			    DB(AT(ENTRY_OF(DB_VECTOR)), DR6(DR6_B0))));
}

CASE(breakpoint_on_handler, "V16",
     "an interrupt pending behind an injected #GP is served at its handler's first instruction before the code breakpoint there",
     "SDM 3A, Priority Among Concurrent Events")
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
