/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests that go wrong inside the shim, one way each: whatever they do is dumped, ends that case as
 * ERROR, and the next case runs. In group nodefault; tests/test_shim.py boots it.
 */
#include "hv/hv.h"
#include "vmx/controls.h"
#include "stage/case.h"

#define NONE "none: this case tests the shim"

CASE(unexpected_exit, "-", "an exit that the case does not want", NONE)
{
	struct vcpu *v;

	scene(L(RDMSR));
	v = hv_start();
	run_to_end(v);
	expect(GP(0, AT(L)));
}

CASE(triple_fault, "-", "a guest that shuts down", NONE)
{
	struct vcpu *v;

	scene(L(UD2));
	gate_unusable(UD_VECTOR);
	gate_unusable(GP_VECTOR);
	gate_unusable(DF_VECTOR);
	v = hv_start();
	run_to_end(v);
	expect(UD(AT(L)));
}

CASE(bad_guest_state, "-", "an entry that the CPU refuses: an injected event of a reserved type",
     NONE)
{
	struct vcpu *v;

	scene(L(NOP));
	v = hv_start();
	vcpu_inject(v, EVENT_VALID | 1 << 8 | VEC);
	run_to_end(v);
	expect(INTN(VEC, AT(L)));
}

CASE(never_exits, "-", "a guest that runs in a circle", NONE)
{
	struct vcpu *v;

	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	scene(L(LOOP));
	v = hv_start();
	run_to_end(v);
	expect(UD(AT(L)));
}

CASE(exits_without_end, "-", "a guest that exits again and again: its log is full", NONE)
{
	struct vcpu *v;

	scene(L(RDMSR));
	v = hv_start();
	for (int i = 0; i < LOG_CAPACITY; i++)
		run_to(v, EXIT_RDMSR, L);
	run_to_end(v);
	expect(GP(0, AT(L)));
}

CASE(goes_on, "-", "a case that passes, after all the others", NONE)
{
	struct vcpu *v;

	scene(L(RDMSR));
	v = hv_start();
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)));
}
