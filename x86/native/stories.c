/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first story, natively. RDMSR of an MSR that does not exist raises #GP; a maskable interrupt
 * is pending too. At the boundary before RDMSR the interrupt is the older event, and is served
 * first; the #GP that RDMSR would have raised is discarded, and raised again when the handler
 * returns to RDMSR (S1). Behind STI the interrupt is held back for one boundary: there RDMSR faults
 * first, and the interrupt follows at the first boundary where IF is 1 (N1, the native twin of what
 * a guest must see when the interrupt arrives while its hypervisor injects the #GP).
 */
#define FAMILY "stories"
#include "stage/case.h"

#define PRIORITY   "SDM 3A, Priority Among Concurrent Events; APM 2, Priorities"
#define STI_SHADOW "SDM 2B, STI-Set Interrupt Flag; APM 3, STI"

static void irq_before_rdmsr(const void *gate)
{
	scene(STI, NOP, L(RDMSR));
	gate_type_set(GP_VECTOR, *(const enum gate_type *)gate);
	gate_type_set(VEC, *(const enum gate_type *)gate);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), IF(1)), GP(0, AT(L), IF(1), RF(1)));
}

CASE_OF(irq_before_rdmsr_interrupt_gate, "A01",
	"a pending interrupt is served before the #GP of the next RDMSR, which then faults again",
	PRIORITY, irq_before_rdmsr, &interrupt_gate);
CASE_OF(irq_before_rdmsr_trap_gate, "A01", "the same with both handlers behind trap gates",
	PRIORITY, irq_before_rdmsr, &trap_gate);

CASE(sti_rdmsr_interrupt_gate, "A21",
     "in the shadow of STI the RDMSR faults first; behind an interrupt gate the interrupt waits for the IRET of #GP",
     STI_SHADOW)
{
	scene(STI, L(RDMSR));
	pend_irq(VEC);
	play();
	expect(GP(0, AT(L), IF(1), RF(1)), IRQ(VEC, AT(AFTER_IRET), IF(1)));
}

CASE(sti_rdmsr_trap_gate, "A21",
     "in the shadow of STI the RDMSR faults first; behind a trap gate the interrupt comes at the first instruction of the #GP handler",
     STI_SHADOW)
{
	scene(STI, L(RDMSR));
	gate_type_set(GP_VECTOR, TRAP_GATE);
	pend_irq(VEC);
	play();
	expect_behind_shadow(ENTRY_OF(GP_VECTOR), GP(0, AT(L), IF(1), RF(1)));
}
