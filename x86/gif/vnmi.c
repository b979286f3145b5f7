/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual NMIs. V_NMI is one more pending NMI, below a physical one; taking it sets V_NMI_MASK
 * until the guest's IRET, and an interrupt shadow holds it back. A delivery that exits has not
 * taken it: the mask is clear, and the exit names the NMI.
 */
#define FAMILY "vnmi"
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/virtual_irq.h"

#define VNMI "APM 2, NMI Virtualization"

static struct vcpu *start_with_virtual_nmi(void)
{
	struct vcpu *v = start_with_virtual_irq(true, plain);

	require(svm_offers(CPUID_8000000A_EDX_VNMI), "virtual NMIs (CPUID 8000000AH EDX bit 25)");
	svm_virtual_nmi(v);
	return v;
}

static void before_virtual_irq(const void *argument)
{
	enum gate_type gate = *(const enum gate_type *)argument;
	struct vcpu *v;

	scene(L(NOP), NOP);
	gate_type_set(NMI_VECTOR, gate);
	v = start_with_virtual_nmi();
	run_to_end(v);
	check(!(svm_virtual_interrupts(v) & V_NMI), "V_NMI is still set");
	expect(NMI(AT(L), IF(1)),
	       INTN(VEC_VIRTUAL, AT(gate == TRAP_GATE ? ENTRY_OF(NMI_VECTOR) : L), IF(1)));
}

CASE_OF(before_irq_interrupt_gate, "S41",
	"a virtual NMI comes before a virtual interrupt, which waits for its IRET", VNMI,
	before_virtual_irq, &interrupt_gate);
CASE_OF(before_irq_trap_gate, "S41",
	"behind a trap gate the virtual interrupt comes at the first instruction of the virtual NMI's handler",
	VNMI, before_virtual_irq, &trap_gate);

CASE(second, "S42", "a second virtual NMI waits for the IRET of the first", VNMI)
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

CASE(physical_first, "S43", "a physical NMI makes the guest exit before a virtual one is taken",
     VNMI)
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

CASE(shadow, "S44", "an interrupt shadow holds a virtual NMI back for one instruction", VNMI)
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
