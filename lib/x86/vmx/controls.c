/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where each control stands, and the fields of a VMCS that are no control but VMX's alone.
 */
#include "vmx/controls.h"
#include "machine/nmi.h"
#include "machine/processor.h"
#include "report/panic.h"
#include "stage/case.h"
#include "vmx/vmx.h"

static const struct {
	enum vmcs_field field;
	u32 bit;
} controls[] = {
	[VMX_INTERRUPT_WINDOW] = { PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW },
	[VMX_NMI_WINDOW] = { PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW },
	[VMX_VIRTUAL_NMIS] = { PIN_BASED_CONTROLS, PIN_VIRTUAL_NMIS },
	[VMX_MONITOR_TRAP_FLAG] = { PRIMARY_CONTROLS, PRIMARY_MTF },
	[VMX_PREEMPTION_TIMER] = { PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER },
	[VMX_POSTED_INTERRUPTS] = { PIN_BASED_CONTROLS, PIN_POSTED_INTERRUPTS },
	[VMX_ACKNOWLEDGE_ON_EXIT] = { EXIT_CONTROLS, EXIT_ACKNOWLEDGE },
	[VMX_INVLPG_EXITING] = { PRIMARY_CONTROLS, PRIMARY_INVLPG_EXITING },
	[VMX_RDTSC_EXITING] = { PRIMARY_CONTROLS, PRIMARY_RDTSC_EXITING },
	[VMX_CR3_LOAD_EXITING] = { PRIMARY_CONTROLS, PRIMARY_CR3_LOAD_EXITING },
	[VMX_MOV_DR_EXITING] = { PRIMARY_CONTROLS, PRIMARY_MOV_DR_EXITING },
	[VMX_IO_EXITING] = { PRIMARY_CONTROLS, PRIMARY_UNCONDITIONAL_IO },
	[VMX_RDTSCP] = { SECONDARY_CONTROLS, SECONDARY_RDTSCP },
	[VMX_INVPCID] = { SECONDARY_CONTROLS, SECONDARY_INVPCID },
	[VMX_UNRESTRICTED_GUEST] = { SECONDARY_CONTROLS, SECONDARY_UNRESTRICTED },
};

bool vmx_offers(enum vmx_control control)
{
	return hv_is_vmx() && vmx_allows(controls[control].field, controls[control].bit);
}

bool vmx_offers_shutdown(void)
{
	return hv_is_vmx() && rdmsr(MSR_VMX_MISC) & VMX_MISC_SHUTDOWN;
}

void vmx_control(struct vcpu *v, enum vmx_control control, bool on)
{
	ASSERT(v->vendor == &vmx_vendor);
	if (!vmx_offers(control)) {
		ASSERT(!on);
		return;
	}
	if (controls[control].field == SECONDARY_CONTROLS)
		vmx_set_bits(PRIMARY_CONTROLS, PRIMARY_SECONDARY, true);
	vmx_set_bits(controls[control].field, controls[control].bit, on);
}

void vmx_preemption_timer(struct vcpu *v, u32 ticks)
{
	ASSERT(v->vendor == &vmx_vendor && vmx_offers(VMX_PREEMPTION_TIMER));
	vmwrite(GUEST_PREEMPTION_TIMER, ticks);
}

void vmx_guard_timer(struct vcpu *v)
{
	if (vmx_offers(VMX_PREEMPTION_TIMER))
		vmx_preemption_timer(v, vmx_guard_ticks());
}

enum activity vmx_activity(struct vcpu *v)
{
	ASSERT(v->vendor == &vmx_vendor);
	return vmread(GUEST_ACTIVITY);
}

void vmx_set_activity(struct vcpu *v, enum activity activity)
{
	ASSERT(v->vendor == &vmx_vendor);
	vmwrite(GUEST_ACTIVITY, activity);
}

u64 vmx_pending_debug(struct vcpu *v)
{
	ASSERT(v->vendor == &vmx_vendor);
	return vmread(GUEST_PENDING_DEBUG);
}

void vmx_set_pending_debug(struct vcpu *v, u64 bits)
{
	ASSERT(v->vendor == &vmx_vendor);
	vmwrite(GUEST_PENDING_DEBUG, bits);
}

void vmx_keep_nmis_blocked(struct vcpu *v)
{
	v->nmis_stay_blocked = true;
}

void vmx_pend_nmi_again(void)
{
	nmi_block();
	nmi_dismiss_all();
	nmi_send_self();
}

void vmx_enter_after(struct vcpu *v, enum vmx_shadow shadow)
{
	ASSERT(!v->entered);
	v->launched = shadow == VMX_AFTER_STI ? VMX_BY_STI_LAUNCH : (u64)VMX_BY_MOV_SS_LAUNCH;
}

u64 vmx_refusal(struct vcpu *v)
{
	if (vmx_enter(v) != VMX_FAIL_VALID)
		error("VM entry did not fail as VMfailValid");
	v->launched = VMX_BY_LAUNCH;
	return vmread(VM_INSTRUCTION_ERROR);
}
