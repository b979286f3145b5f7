/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An exception in the delivery of another. If it exits, it does so as what it is, before the two
 * make #DF, and the exit names the first as the interrupted event. A #DF that exits stands for
 * both: VMX then names no interrupted event. An exception in the delivery of #DF makes a triple
 * fault.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/controls.h"

/* --- VMX: the first exception is injected --- */

/* Delivering #NP meets an unusable gate; the guest exits on @vector, the exception that follows. */
static u64 exit_on_fault_of_delivery(u8 vector)
{
	const u64 np = fault(NP_VECTOR, 0x48);
	struct exit_details d;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	gate_unusable(NP_VECTOR);
	v = start_with_interrupts_on();
	vcpu_intercept_exceptions(v, 1 << vector);
	vcpu_inject(v, np);
	run_to(v, EXIT_EXCEPTION, vector == DF_VECTOR ? PLACE_ANY : L); /* #DF: RIP is undefined */
	d = vcpu_details(v);
	check(EVENT_VECTOR(d.interruption) == vector, "the exception that exits is %u",
	      EVENT_VECTOR(d.interruption));
	vcpu_set(v, VCPU_RIP, address_of(L));
	run_to_end(v);
	return np;
}

CASE(vmx_second_exception, "V91",
     "VMX: a #GP that is raised in the delivery of #NP exits as #GP, before the two make #DF, and the exit names #NP as the interrupted event",
     IDT_VECTORING)
{
	u64 np = exit_on_fault_of_delivery(GP_VECTOR);

	expect(ENTRY(AT(L), INJECT(np)), EXIT(EXCEPTION, AT(L), DURING(np)), ENTRY(AT(L)));
}

CASE(vmx_double_fault, "V91",
     "VMX: a #GP that is raised in the delivery of #NP exits as #DF if only #DF is intercepted, and the exit names no interrupted event",
     IDT_VECTORING)
{
	u64 np = exit_on_fault_of_delivery(DF_VECTOR);

	expect(ENTRY(AT(L), INJECT(np)), EXIT(EXCEPTION, NO_EVENT), ENTRY(AT(L)));
}

CASE(vmx_triple_fault, "V92", "VMX: a triple fault exits, and the exit names no interrupted event",
     IDT_VECTORING)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	gate_unusable(GP_VECTOR);
	gate_unusable(DF_VECTOR);
	v = start_with_interrupts_on();
	vcpu_inject(v, gp(0));
	run_to(v, EXIT_TRIPLE_FAULT, PLACE_ANY);
	expect(ENTRY(AT(L), INJECT(gp(0))), EXIT(TRIPLE_FAULT, NO_EVENT));
}

/* --- SVM: the first exception is the guest's own --- */

/* #NP of MOV DS, whose gate raises #GP: together they make #DF. */
static struct vcpu *start_np_then_gp(u32 intercepted)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(MOV_DS), M(NOP), NOP);
	s->in.r11 = SEL_NOT_PRESENT;
	s->expect_abort = true;
	gate_unusable(NP_VECTOR);
	v = hv_start();
	vcpu_intercept_exceptions(v, intercepted);
	return v;
}

static void check_vector(const struct guest_exit *exit, u8 vector)
{
	check(exit->raw == SVM_EXIT_EXCEPTION_FIRST + vector, "the exit is %#lx, not by vector %u",
	      exit->raw, vector);
}

CASE(svm_second_exception, "S37",
     "SVM: a #GP that is raised in the delivery of #NP exits as #GP, before the two make #DF, and the exit names #NP as the interrupted event",
     "APM 2, Exception Intercepts")
{
	u64 np = fault(NP_VECTOR, SEL_NOT_PRESENT);
	struct vcpu *v = start_np_then_gp(BIT(GP_VECTOR) | BIT(DF_VECTOR));

	check_vector(run_to(v, EXIT_EXCEPTION, L), GP_VECTOR);
	gate_set(NP_VECTOR, INTERRUPT_GATE, IST_NONE, 0);
	vcpu_inject(v, np);
	run_to_end(v);
	expect(EXIT(EXCEPTION, AT(L), DURING(np)), ENTRY(AT(L), INJECT(np)),
	       NP(SEL_NOT_PRESENT, AT(L)));
}

CASE(svm_double_fault, "S37",
     "SVM: a #GP that is raised in the delivery of #NP exits as #DF if only #DF is intercepted",
     "APM 2, Exception Intercepts")
{
	struct vcpu *v = start_np_then_gp(BIT(DF_VECTOR));

	check_vector(run_to(v, EXIT_EXCEPTION, PLACE_ANY), DF_VECTOR); /* RIP is undefined */
	vcpu_set(v, VCPU_RIP, address_of(M));
	run_to_end(v);
	expect(EXIT(EXCEPTION), ENTRY(AT(M)));
}

/* The APM's own example: #GP whose delivery raises #NP makes #DF, whose delivery raises #PF. */
CASE(svm_page_fault_in_double_fault, "S37",
     "SVM: a #PF that is raised in the delivery of #DF exits, and the exit names #DF, into which the exceptions before it have merged, as the interrupted event",
     EXITINTINFO)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(LOAD_NONCANONICAL), M(NOP), NOP);
	gate_remove(GP_VECTOR);
	gate_stack_set(DF_VECTOR, IST_ABSENT);
	v = hv_start();
	vcpu_intercept_exceptions(v, BIT(PF_VECTOR));
	check_vector(run_to(v, EXIT_EXCEPTION, PLACE_ANY), PF_VECTOR); /* RIP is undefined */
	vcpu_set(v, VCPU_RIP, address_of(M));
	run_to_end(v);
	expect(EXIT(EXCEPTION, DURING(fault(DF_VECTOR, 0))), ENTRY(AT(M)));
}
