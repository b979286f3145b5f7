/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An injected event whose delivery exits, where VMRUN itself stood in the shadow of the host's STI.
 * Events that are delivered without an injection: delivery.c.
 */
#include "stage/case.h"
#include "svm/controls.h"
#include "lost_page.h"

/*
 * Whether the exit saves an interrupt shadow is left open: some CPUs save the host's, of its STI.
 */
CASE(injected_gp, "S46",
     "an injected #GP whose stack the hypervisor has unmapped exits before the guest executes anything, and the exit names it; VMRUN was in the shadow of the host's STI",
     EXITINTINFO "; APM 2, Event Injection")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = start_without(LOST_STACK, GP_VECTOR);
	svm_host_sti(v);
	vcpu_inject(v, gp(0));
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	observed("interrupt shadow %lu", vcpu_state(v) & STATE_SHADOW ? 1ul : 0ul);
	vcpu_map_page(v, lost_address(LOST_STACK), true);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), EXIT_DURING(gp(0), AT(L)), ENTRY(AT(L), INJECT(gp(0))),
	       GP(0, AT(L)));
}
