/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug events around VMRUN and #VMEXIT. A #DB that exits has already written DR6, where VMX leaves
 * it alone; INT1 has an intercept of its own; single-stepping a guest traps after its first
 * instruction, and not at all if that instruction exits.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/controls.h"

CASE(db_writes_dr6, "S23", "a #DB that exits has already written DR6", "APM 2, #DB (Debug)")
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(NOP, L(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	v = hv_start();
	vcpu_intercept_exceptions(v, 1 << DB_VECTOR);
	run_to(v, EXIT_EXCEPTION, L);
	check(svm_dr6(v) & DR6_BS, "DR6 in the VMCB is %#lx, without BS", svm_dr6(v));
	vcpu_set(v, VCPU_RFLAGS, vcpu_get(v, VCPU_RFLAGS) & ~(u64)RFLAGS_TF);
	run_to_end(v);
	expect(EXIT(EXCEPTION, AT(L)), ENTRY(AT(L)));
}

CASE(icebp_is_no_db_intercept, "S24",
     "the intercept of #DB does not catch INT1, whose #DB is delivered to the guest",
     "APM 2, #DB (Debug)")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(INT1), NOP);
	v = hv_start();
	vcpu_intercept_exceptions(v, 1 << DB_VECTOR);
	run_to_end(v);
	expect(DB(AT(AFTER(L))));
}

CASE(icebp_intercept, "S24", "INT1 has an intercept of its own, which exits with RIP at INT1",
     "APM 2, Instruction Intercepts")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(INT1), M(NOP));
	v = hv_start();
	svm_intercept(v, SVM_INTERCEPT_ICEBP, true);
	run_to(v, EXIT_ICEBP, L);
	vcpu_set(v, VCPU_RIP, address_of(M));
	run_to_end(v);
	expect(EXIT(ICEBP, AT(L)), ENTRY(AT(M)));
}

CASE(int3_intercepted, "S25", "an INT3 that the intercept of #BP catches exits with RIP at INT3",
     "APM 2, #BP (Breakpoint)")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(INT3), M(NOP));
	v = hv_start();
	vcpu_intercept_exceptions(v, 1 << BP_VECTOR);
	run_to(v, EXIT_EXCEPTION, L);
	vcpu_set(v, VCPU_RIP, address_of(M));
	run_to_end(v);
	expect(EXIT(EXCEPTION, AT(L)), ENTRY(AT(M)));
}

CASE(tf_at_vmrun, "S26",
     "a guest that is entered with TF=1 traps after its first instruction, not before it",
     "APM 2, VMRUN and TF/RF Bits in EFLAGS")
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(NOP, L(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)));
}

CASE(tf_over_exit, "S28",
     "a single-stepped instruction that exits does not trap; the next one does",
     "APM 2, VMRUN and TF/RF Bits in EFLAGS")
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(RDMSR), M(NOP), T(NOP));
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	run_to(v, EXIT_RDMSR, L);
	vcpu_skip_instruction(v);
	run_to_end(v);
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(M)), DB(AT(T), TF(1), DR6(DR6_BS)));
}
