/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts and virtual NMIs whose delivery meets a page that nested paging has lost. They
 * have been taken by then, and the exit names them like physical ones: as external interrupt and
 * NMI.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/vapic.h"
#include "svm/virtual_irq.h"
#include "lost_page.h"

CASE(vmx_interrupt, "V97,V88",
     "VMX: a virtual interrupt whose stack the hypervisor has unmapped is in virtual service when it exits, and the exit names it as an external interrupt; injected again, it is delivered once, at the same RIP",
     "SDM 3C, Virtual-Interrupt Delivery; " IDT_VECTORING)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vapic_offers_delivery(), VAPIC_DELIVERY);
	s = scene(L(NOP), NOP);
	s->in_rflags |= RFLAGS_IF;
	v = start_without(LOST_STACK, VEC);
	vapic_start(v);
	vapic_request(v, VEC);
	exit_and_mend(v, LOST_STACK, L);
	check(vapic_serves(v, VEC) && !vapic_requested(v, VEC), "VIRR %d, VISR %d",
	      vapic_requested(v, VEC), vapic_serves(v, VEC));
	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(L)), ENTRY(AT(L), INJECT(external(VEC))),
	       IRQ(VEC, AT(L), IF(1)));
}

CASE(svm_interrupt, "S39",
     "SVM: a virtual interrupt whose stack the hypervisor has unmapped is no longer pending when it exits, and the exit names it; injected again, it is delivered once",
     EXITINTINFO "; " VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(STI, NOP, L(NOP), NOP);
	v = start_without(LOST_STACK, VEC_VIRTUAL);
	svm_virtual_irq(v, plain);
	exit_and_mend(v, LOST_STACK, L);
	check(!svm_virtual_irq_pending(v), "V_IRQ is still set");
	vcpu_inject(v, external(VEC_VIRTUAL));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC_VIRTUAL), AT(L)),
	       ENTRY(AT(L), INJECT(external(VEC_VIRTUAL))), INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

CASE(svm_nmi, "S40",
     "SVM: a virtual NMI whose stack the hypervisor has unmapped is not masked when it exits, and the exit names it; injected again, it is delivered once",
     VIRTUAL_NMI)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	require(svm_offers(CPUID_8000000A_EDX_VNMI), "virtual NMIs (CPUID 8000000AH EDX bit 25)");
	scene(L(NOP), NOP);
	v = start_without(LOST_STACK, NMI_VECTOR);
	svm_virtual_nmi(v);
	exit_and_mend(v, LOST_STACK, L);
	check(!(svm_virtual_interrupts(v) & V_NMI_MASK), "V_NMI_MASK is set");
	vcpu_inject(v, nmi());
	run_to_end(v);
	expect(EXIT_DURING(nmi(), AT(L)), ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)));
}
