/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first story, natively. RDMSR of an MSR that does not exist raises #GP; a maskable interrupt
 * is pending too. At the boundary before RDMSR the interrupt is the older event, and is served
 * first; the #GP that RDMSR would have raised is discarded, and raised again when the handler
 * returns to RDMSR (S1). After STI the interrupt is held back for one boundary: there RDMSR faults
 * first, and the interrupt follows at the first boundary where IF is 1 (N1, the native twin of what
 * a guest must see when the interrupt arrives while its hypervisor injects the #GP).
 */
#include "stage/case.h"

CASE_BOTH_GATES(
	irq_before_rdmsr, "A01",
	"a pending interrupt is served before the #GP of the next RDMSR, which is executed, and faults, when the interrupt's handler has returned",
	" (both handlers are reached through interrupt gates)",
	" (both handlers are reached through trap gates)", PRIORITY)
{
	scene(STI, NOP, L(RDMSR));
	gate_type_set(GP_VECTOR, gate);
	gate_type_set(VEC, gate);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), IF(1)), GP(0, AT(L), IF(1), RF(1)));
}

CASE_BOTH_GATES(sti_rdmsr, "A21", "in the shadow of STI the #GP of RDMSR is delivered first",
		AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), STI_SHADOW)
{
	const struct want fault = GP(0, AT(L), IF(1), RF(1));
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", fault,
		      IRQ(VEC, AT(first_open(gate, GP_VECTOR)), IF(1))),
		LEGAL("the shadow outlived the delivery", fault, IRQ(VEC, IF(1))),
	};

	scene(STI, L(RDMSR));
	gate_type_set(GP_VECTOR, gate);
	pend_irq(VEC);
	play();
	expect_order(legal, orders_after_shadow(gate));
}
