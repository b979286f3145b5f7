/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which bit of which control field each control is, and the other fields of a VMCS that a case may
 * want to see or set.
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

bool vmx_offers_activity(enum activity activity)
{
	if (!hv_is_vmx())
		return false;
	return activity == ACTIVITY_ACTIVE || rdmsr(MSR_VMX_MISC) & VMX_MISC_ACTIVITY(activity);
}

void vmx_control(struct vcpu *v, enum vmx_control control, bool on)
{
	if (!vmx_offers(control)) {
		ASSERT(!on);
		return;
	}
	if (controls[control].field == SECONDARY_CONTROLS)
		vmx_set_bits(v, PRIMARY_CONTROLS, PRIMARY_SECONDARY, true);
	vmx_set_bits(v, controls[control].field, controls[control].bit, on);
}

void vmx_preemption_timer(struct vcpu *v, u32 ticks)
{
	ASSERT(vmx_offers(VMX_PREEMPTION_TIMER));
	vmcs_write(v, GUEST_PREEMPTION_TIMER, ticks);
}

void vmx_guard_timer(struct vcpu *v)
{
	if (vmx_offers(VMX_PREEMPTION_TIMER))
		vmx_preemption_timer(v, vmx_guard_ticks());
}

enum activity vmx_activity(struct vcpu *v)
{
	return vmcs_read(v, GUEST_ACTIVITY);
}

void vmx_set_activity(struct vcpu *v, enum activity activity)
{
	ASSERT(vmx_offers_activity(activity));
	vmcs_write(v, GUEST_ACTIVITY, activity);
	v->written |= WRITES_ACTIVITY;
}

u64 vmx_pending_debug(struct vcpu *v)
{
	return vmcs_read(v, GUEST_PENDING_DEBUG);
}

void vmx_set_pending_debug(struct vcpu *v, u64 bits)
{
	vmcs_write(v, GUEST_PENDING_DEBUG, bits);
	v->written |= WRITES_DEBUG;
}

void vmx_keep_nmis_blocked(struct vcpu *v)
{
	vmx_current(v)->nmis_stay_blocked = true;
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
	vmx_current(v)->vcpu.opener =
		shadow == VMX_AFTER_STI ? vmx_by_sti_launch : vmx_by_mov_ss_launch;
}

u64 vmx_refusal(struct vcpu *v)
{
	vmx_current(v);
	if (vmx_enter(v) != VMX_FAIL_VALID)
		error("VM entry did not fail as VMfailValid");
	v->opener = vmx_by_launch;
	return vmread(VM_INSTRUCTION_ERROR);
}
