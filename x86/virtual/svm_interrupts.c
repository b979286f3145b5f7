/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SVM's virtual interrupts. V_IRQ is one more pending interrupt, below a physical one and above
 * nothing else; the guest's IF, its interrupt shadow and V_TPR hold it back; it is gone from the
 * VMCB once it is taken, and an intercept sees it before the IDT does.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/virtual_irq.h"

CASE_BOTH_GATES(after_gp, "S03",
		"an injected #GP is delivered before the virtual interrupt of V_IRQ",
		AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	gate_type_set(GP_VECTOR, gate);
	v = start_with_virtual_irq(true, plain);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       INTN(VEC_VIRTUAL, AT(first_open(gate, GP_VECTOR)), IF(1)));
}

CASE(at_entry, "S09",
     "a virtual interrupt is taken before the guest's first instruction, and V_IRQ is 0 afterwards",
     VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_with_virtual_irq(true, plain);
	run_to_end(v);
	check(!svm_virtual_irq_pending(v), "V_IRQ is still set");
	expect(INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

CASE(priority_must_exceed_tpr, "S10",
     "a virtual interrupt whose priority equals V_TPR waits; it is taken when V_TPR is ignored",
     VIRTUAL_INTERRUPTS)
{
	struct virtual_irq equal = { VEC_VIRTUAL, CLASS, CLASS, false };
	struct virtual_irq ignored = { VEC_VIRTUAL, CLASS, CLASS, true };
	struct vcpu *v;

	scene(L(RDMSR), M(NOP), NOP);
	v = start_with_virtual_irq(true, equal);
	run_to(v, EXIT_RDMSR, L);
	check(svm_virtual_irq_pending(v), "V_IRQ was taken although V_TPR equals its priority");
	vcpu_skip_instruction(v);
	svm_virtual_irq(v, ignored);
	run_to_end(v);
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(M)), INTN(VEC_VIRTUAL, AT(M), IF(1)));
}

CASE(shadow, "S11", "an interrupt shadow holds a virtual interrupt back for one instruction",
     VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(L(NOP), M(NOP), NOP);
	v = start_with_virtual_irq(true, plain);
	vcpu_set_state(v, STATE_SHADOW);
	run_to_end(v);
	expect(INTN(VEC_VIRTUAL, AT(M), IF(1)));
}

CASE(guest_if, "S12",
     "a virtual interrupt waits until the guest has executed STI and the instruction after it",
     VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(NOP, STI, NOP, L(NOP), NOP);
	v = start_with_virtual_irq(false, plain);
	run_to_end(v);
	expect(INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

CASE(physical_first, "S13",
     "a physical interrupt comes before a virtual one, whatever their priorities",
     VIRTUAL_INTERRUPTS)
{
	struct virtual_irq highest = { VEC_VIRTUAL, 15, 0, false };
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_with_virtual_irq(true, highest);
	pend_irq(VEC_LOW);
	run_to_end(v);
	expect(IRQ(VEC_LOW, AT(L), IF(1)), INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

CASE(physical_exits_first, "S14",
     "a physical interrupt that exits does so before a virtual one is taken, which stays pending",
     VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_with_virtual_irq(true, plain);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC_LOW);
	run_to(v, EXIT_INTR, L);
	check(svm_virtual_irq_pending(v), "V_IRQ was taken before the exit");
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
	expect(EXIT(INTR, AT(L)), ENTRY(AT(L)), IRQ(VEC_LOW, AT(L), IF(1)),
	       INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

CASE(intercepted, "S15",
     "an intercepted virtual interrupt exits before it is taken: RIP is unchanged, and V_IRQ is still 1",
     VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_with_virtual_irq(true, plain);
	svm_intercept(v, SVM_INTERCEPT_VINTR, true);
	run_to(v, EXIT_VINTR, L);
	check(svm_virtual_irq_pending(v), "V_IRQ is no longer set");
	svm_intercept(v, SVM_INTERCEPT_VINTR, false);
	run_to_end(v);
	expect(EXIT(VINTR, AT(L)), ENTRY(AT(L)), INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

CASE(all_intercepts, "S16",
     "an NMI, an interrupt and a virtual interrupt, all pending and intercepted, exit in this order",
     "APM 2, Priorities; " VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_with_virtual_irq(true, plain);
	vcpu_intercept(v, INTERCEPT_NMI, true);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	svm_intercept(v, SVM_INTERCEPT_VINTR, true);
	pend_irq(VEC_LOW);
	pend_nmi();
	run_to(v, EXIT_NMI, L);
	vcpu_intercept(v, INTERCEPT_NMI, false);
	run_to(v, EXIT_INTR, L);
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to(v, EXIT_VINTR, PLACE_ANY);
	svm_intercept(v, SVM_INTERCEPT_VINTR, false);
	run_to_end(v);
	expect(EXIT(NMI, AT(L)), ENTRY(AT(L)), NMI(AT(L)), EXIT(INTR, AT(L)), ENTRY(AT(L)),
	       IRQ(VEC_LOW, AT(L)), EXIT(VINTR, AT(L)), ENTRY(AT(L)),
	       INTN(VEC_VIRTUAL, AT(L), IF(1)));
}
