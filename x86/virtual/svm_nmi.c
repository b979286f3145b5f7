/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual NMIs. V_NMI is one more pending NMI, below a physical one; taking it sets V_NMI_MASK
 * until the guest's IRET, and an interrupt shadow holds it back.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/virtual_irq.h"

static struct vcpu *start_with_virtual_nmi(void)
{
	struct vcpu *v = start_with_virtual_irq(true, plain);

	require(svm_offers(CPUID_8000000A_EDX_VNMI), "virtual NMIs (CPUID 8000000AH EDX bit 25)");
	svm_virtual_nmi(v);
	return v;
}

CASE_BOTH_GATES(before_irq, "S41", "a virtual NMI is delivered before a virtual interrupt",
		AFTER_IRET_OF("the NMI"), AT_HANDLER_OF("the NMI"), VIRTUAL_NMI)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	gate_type_set(NMI_VECTOR, gate);
	v = start_with_virtual_nmi();
	run_to_end(v);
	check(!(svm_virtual_interrupts(v) & V_NMI), "V_NMI is still set");
	expect(NMI(AT(L), IF(1)),
	       INTN(VEC_VIRTUAL, AT(first_open_returning(gate, NMI_VECTOR, L)), IF(1)));
}

CASE(second, "S42",
     "a virtual NMI that is pending while another NMI is handled waits for the IRET of that one",
     VIRTUAL_NMI)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	require(svm_offers(CPUID_8000000A_EDX_VNMI), "virtual NMIs (CPUID 8000000AH EDX bit 25)");
	scene(L(NOP), NOP);
	v = hv_start();
	svm_virtual_nmi(v);
	vcpu_inject(v, nmi());
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)), NMI(AT(L)));
}

CASE(physical_first, "S43",
     "an intercepted physical NMI makes the guest exit before a virtual NMI is taken", VIRTUAL_NMI)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	require(svm_offers(CPUID_8000000A_EDX_VNMI), "virtual NMIs (CPUID 8000000AH EDX bit 25)");
	scene(L(NOP), NOP);
	v = hv_start();
	svm_virtual_nmi(v);
	pend_nmi();
	run_to(v, EXIT_NMI, L);
	check(svm_virtual_interrupts(v) & V_NMI, "V_NMI was taken before the exit");
	svm_open_gif(v, 0);
	run_to_end(v);
	expect(EXIT(NMI, AT(L), NO_EVENT), NMI(), ENTRY(AT(L)), NMI(AT(L)));
}

CASE(shadow, "S44", "an interrupt shadow holds a virtual NMI back for one instruction", VIRTUAL_NMI)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	require(svm_offers(CPUID_8000000A_EDX_VNMI), "virtual NMIs (CPUID 8000000AH EDX bit 25)");
	scene(L(NOP), M(NOP), NOP);
	v = hv_start();
	svm_virtual_nmi(v);
	vcpu_set_state(v, STATE_SHADOW);
	run_to_end(v);
	expect(NMI(AT(M)));
}
