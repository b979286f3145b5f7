/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor did just before VM entry. An INIT that arrived in root mode causes an exit at
 * the entry itself (vmx_ladder.c has what comes before it and after it); an STI before VMLAUNCH
 * does not affect the guest; after MOV SS the entry fails.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

#define INIT_BLOCKED "SDM 3C, Other Causes of VM Exits; SDM 3C, Restrictions on VMX Operation"

static struct vcpu *start(void)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP, NOP);
	return start_with_interrupts_on();
}

CASE(init, "V49,K06",
     "an INIT that arrived in root exits at VM entry, once, before the guest's first instruction",
     INIT_BLOCKED)
{
	struct vcpu *v;

	require(init_allowed(), INIT_ALLOWED);
	v = start();
	init_send_self();
	run_to(v, EXIT_INIT, L);
	run_to_end(v);
	expect(EXIT(INIT, AT(L)), ENTRY(AT(L)));
}

CASE(sti_vmlaunch, "V73",
     "STI; VMLAUNCH in root enters the guest although an interrupt is pending: the interrupt exits at the guest's first instruction, and root is back with IF=0",
     "SDM 2B, STI; SDM 3C, Event Blocking")
{
	struct vcpu *v = start();

	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	vmx_enter_after(v, VMX_AFTER_STI);
	run_to(v, EXIT_INTR, L);
	check(!(read_rflags() & RFLAGS_IF), "IF is 1 in root");
	check(lapic_irr(VEC), "the interrupt is not in IRR any more");
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
	expect(EXIT(INTR, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(mov_ss_vmlaunch, "V74",
     "VMLAUNCH right after MOV SS fails, because events are blocked by MOV SS in root",
     "SDM 3C, VMLAUNCH/VMRESUME")
{
	struct vcpu *v;
	u64 error;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(CPUID), NOP);
	v = hv_start();
	vmx_enter_after(v, VMX_AFTER_MOV_SS);
	error = vmx_refusal(v);
	check(error == VMX_ERROR_BLOCKED_BY_MOV_SS, "VM-instruction error %lu", error);
	run_to(v, EXIT_CPUID, L);
	vcpu_skip_instruction(v);
	run_to_end(v);
	expect(EXIT(CPUID, AT(L)), ENTRY(AT(AFTER(L))));
}
