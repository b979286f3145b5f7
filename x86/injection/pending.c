/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An injection against what VM entry opens: an NMI, an interrupt that makes the guest exit, a
 * virtual interrupt. The injected event is always delivered first; whatever was pending takes
 * effect before its handler's first instruction, and an exit there reports no interrupted delivery,
 * because delivery was complete. Here the vendors differ: an injected NMI blocks NMIs on VMX, and
 * does not on SVM; an NMI exit consumes the NMI on VMX, and leaves it pending on SVM.
 */
#include "stage/case.h"
#include "hv/hv.h"

#define EXIT_AFTER_INJECTION IDT_VECTORING "; APM 2, Event Injection"

CASE(injected_nmi_blocks, "V07",
     "VMX: an injected NMI blocks NMIs: a pending NMI comes after the IRET of the injected one",
     EVENT_INJECTION)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP, NOP);
	v = start_with_interrupts_on();
	pend_nmi();
	vcpu_inject(v, nmi());
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)), NMI(AT(L)));
}

CASE(injected_nmi_does_not_block, "S06",
     "SVM: an injected NMI does not block NMIs: a pending NMI comes at the first instruction of the injected one's handler",
     EVENT_INJECTION)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP, NOP);
	gate_set(NMI_VECTOR, INTERRUPT_GATE, IST_NONE, 0); /* two frames, one above the other */
	v = start_with_interrupts_on();
	pend_nmi();
	vcpu_inject(v, nmi());
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)), NMI(AT(ENTRY_OF(NMI_VECTOR))));
}

CASE(nmi_after_gp, "V08",
     "a pending NMI comes at the first instruction of the handler of an injected #GP",
     EVENT_INJECTION)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	v = start_with_interrupts_on();
	pend_nmi();
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)), NMI(AT(ENTRY_OF(GP_VECTOR))));
}

/* #GP is injected while an NMI that exits is pending; after that exit NMIs exit no more. */
static void nmi_exits_after_injected_gp(void)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	v = start_with_interrupts_on();
	vcpu_intercept(v, INTERCEPT_NMI, true);
	pend_nmi();
	vcpu_inject(v, gp(0));
	run_to(v, EXIT_NMI, ENTRY_OF(GP_VECTOR));
	vcpu_intercept(v, INTERCEPT_NMI, false);
	run_to_end(v);
}

CASE(nmi_exit_after_gp, "V09",
     "VMX: a pending NMI that exits does so at the first instruction of the handler of an injected #GP, and is consumed by the exit",
     EXIT_AFTER_INJECTION)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	nmi_exits_after_injected_gp();
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       EXIT(NMI, AT(ENTRY_OF(GP_VECTOR)), NO_EVENT), ENTRY(AT(ENTRY_OF(GP_VECTOR))));
}

CASE(nmi_exit_stays_pending, "S20",
     "SVM: an intercepted NMI stays pending after its exit, and is delivered when the guest is entered without the intercept",
     "APM 2, NMI Support")
{
	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	nmi_exits_after_injected_gp();
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       EXIT(NMI, AT(ENTRY_OF(GP_VECTOR)), NO_EVENT), ENTRY(AT(ENTRY_OF(GP_VECTOR))),
	       NMI(AT(ENTRY_OF(GP_VECTOR))));
}

/*
 * #GP is injected while an interrupt that exits is pending. It exits at @place, and after that exit
 * is taken where the handler first runs with IF=1.
 */
static void interrupt_exits_after_injected_gp(enum gate_type gate, int place)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	gate_type_set(GP_VECTOR, gate);
	v = start_with_interrupts_on();
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	vcpu_inject(v, gp(0));
	run_to(v, EXIT_INTR, place);
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)), EXIT(INTR, AT(place), NO_EVENT),
	       ENTRY(AT(place)), IRQ(VEC, AT(first_open(gate, GP_VECTOR)), IF(1)));
}

/* With external-interrupt exiting the guest's IF does not matter: the exit is at the entry. */
CASE_BOTH_GATES(
	interrupt_exit, "V10",
	"VMX: an interrupt that exits does so at the first instruction of the handler of an injected #GP, ",
	"entered through an interrupt gate: that IF is 0 there does not matter",
	"entered through a trap gate, where IF is 1", EXIT_AFTER_INJECTION)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	interrupt_exits_after_injected_gp(gate, ENTRY_OF(GP_VECTOR));
}

/* Without V_INTR_MASKING the guest's IF gates the intercept too. */
CASE_BOTH_GATES(
	intercepted_interrupt, "S02",
	"SVM: an intercepted interrupt exits at the first boundary with IF=1 after an injected #GP, ",
	"delivered through an interrupt gate: that is where the handler of #GP returns to",
	"delivered through a trap gate: that is the first instruction of the handler of #GP",
	EXIT_AFTER_INJECTION)
{
	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	interrupt_exits_after_injected_gp(gate, first_open(gate, GP_VECTOR));
}
