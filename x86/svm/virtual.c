/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SVM's virtual interrupts. V_IRQ is one more pending interrupt, below a physical one and above
 * nothing else; the guest's IF, its interrupt shadow and V_TPR hold it back; it is gone from the
 * VMCB once it is taken, and an intercept sees it before the IDT does.
 */
#define FAMILY "virtual"
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/virtual_irq.h"

static void after_injected_gp(const void *argument)
{
	enum gate_type gate = *(const enum gate_type *)argument;
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	gate_type_set(GP_VECTOR, gate);
	v = start_with_virtual_irq(true, plain);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       INTN(VEC_VIRTUAL, AT(gate == TRAP_GATE ? ENTRY_OF(GP_VECTOR) : AFTER_IRET), IF(1)));
}

CASE_OF(after_gp_interrupt_gate, "S03",
	"a virtual interrupt waits for the IRET of the injected #GP", VIRTUAL_INTERRUPTS,
	after_injected_gp, &interrupt_gate);
CASE_OF(after_gp_trap_gate, "S03",
	"behind a trap gate a virtual interrupt comes at the first instruction of the injected #GP's handler",
	VIRTUAL_INTERRUPTS, after_injected_gp, &trap_gate);

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
     "a virtual interrupt whose priority equals V_TPR waits; with V_TPR ignored it comes",
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

CASE(guest_if, "S12", "a virtual interrupt waits until the guest's STI and its shadow are over",
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
     "an intercepted virtual interrupt exits before it is taken: RIP is unchanged, and V_IRQ is still set",
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
     "NMI, interrupt, virtual interrupt, all intercepted: they exit in this order",
     "APM 2, Priorities; APM 2, Injecting Virtual (INTR) Interrupts")
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
