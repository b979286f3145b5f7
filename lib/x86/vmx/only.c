/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See only.h.
 */
#include "vmx/only.h"
#include "stage/case.h"
#include "report/panic.h"
#include "vmx/vmx.h"

void vmx_require(const struct vcpu *v, bool offered, const char *what)
{
	if (v->vendor != &vmx_vendor)
		skip("SVM has no %s", what);
	if (!offered)
		skip("this CPU's VMX does not offer %s", what);
}

static bool offers(enum vmcs_field field, u32 bit)
{
	switch (field) {
	case PIN_BASED_CONTROLS:
		return vmx_pin_offers(bit);
	case PRIMARY_CONTROLS:
		return vmx_primary_offers(bit);
	case SECONDARY_CONTROLS:
		return vmx_secondary_offers(bit);
	default:
		return vmx_exit_offers(bit);
	}
}

void vmx_control(struct vcpu *v, enum vmx_control control, bool on)
{
	static const struct {
		enum vmcs_field field;
		u32 bit;
		const char *what;
	} controls[] = {
		[VMX_MONITOR_TRAP_FLAG] = { PRIMARY_CONTROLS, PRIMARY_MTF,
					    "a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)" },
		[VMX_VIRTUAL_NMIS] = { PIN_BASED_CONTROLS, PIN_VIRTUAL_NMIS,
				       "virtual NMIs (IA32_VMX_PINBASED_CTLS bit 37)" },
		[VMX_ACKNOWLEDGE_ON_EXIT] = { EXIT_CONTROLS, EXIT_ACKNOWLEDGE,
					      "acknowledging interrupts on exit (IA32_VMX_EXIT_CTLS bit 47)" },
		[VMX_INVLPG_EXITING] = { PRIMARY_CONTROLS, PRIMARY_INVLPG_EXITING,
					 "INVLPG exiting (IA32_VMX_PROCBASED_CTLS bit 41)" },
		[VMX_RDTSC_EXITING] = { PRIMARY_CONTROLS, PRIMARY_RDTSC_EXITING,
					"RDTSC exiting (IA32_VMX_PROCBASED_CTLS bit 44)" },
		[VMX_CR3_LOAD_EXITING] = { PRIMARY_CONTROLS, PRIMARY_CR3_LOAD_EXITING,
					   "CR3-load exiting (IA32_VMX_PROCBASED_CTLS bit 47)" },
		[VMX_MOV_DR_EXITING] = { PRIMARY_CONTROLS, PRIMARY_MOV_DR_EXITING,
					 "MOV-DR exiting (IA32_VMX_PROCBASED_CTLS bit 55)" },
		[VMX_IO_EXITING] = { PRIMARY_CONTROLS, PRIMARY_UNCONDITIONAL_IO,
				     "unconditional I/O exiting (IA32_VMX_PROCBASED_CTLS bit 56)" },
		[VMX_RDTSCP] = { SECONDARY_CONTROLS, SECONDARY_RDTSCP,
				 "RDTSCP in the guest (IA32_VMX_PROCBASED_CTLS2 bit 35)" },
		[VMX_INVPCID] = { SECONDARY_CONTROLS, SECONDARY_INVPCID,
				  "INVPCID in the guest (IA32_VMX_PROCBASED_CTLS2 bit 44)" },
		[VMX_UNRESTRICTED_GUEST] = { SECONDARY_CONTROLS, SECONDARY_UNRESTRICTED,
					     "unrestricted guests (IA32_VMX_PROCBASED_CTLS2 bit 39)" },
	};

	vmx_require(v, offers(controls[control].field, controls[control].bit),
		    controls[control].what);
	if (controls[control].field == SECONDARY_CONTROLS)
		vmx_set_bits(PRIMARY_CONTROLS, PRIMARY_SECONDARY, true);
	vmx_set_bits(controls[control].field, controls[control].bit, on);
}

void vmx_set_bits(enum vmcs_field field, u32 bits, bool on)
{
	u64 value = vmread(field) & ~(u64)bits;

	vmwrite(field, value | (on ? bits : 0));
}

void vmx_preemption_timer(struct vcpu *v, u32 ticks)
{
	vmx_require(v, vmx_pin_offers(PIN_PREEMPTION_TIMER),
		    "a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmwrite(GUEST_PREEMPTION_TIMER, ticks);
}

void vmx_guard_timer(struct vcpu *v)
{
	vmx_preemption_timer(v, vmx_guard_ticks());
}

u64 vmx_pending_debug(struct vcpu *v)
{
	vmx_require(v, true, "pending debug exceptions in its VMCB");
	return vmread(GUEST_PENDING_DEBUG);
}

void vmx_keep_nmis_blocked(struct vcpu *v)
{
	v->nmis_stay_blocked = true;
}

void vmx_enter_behind(struct vcpu *v, enum vmx_shadow shadow)
{
	ASSERT(!v->entered);
	v->launched = shadow == VMX_BEHIND_STI ? VMX_BY_STI_LAUNCH : (u64)VMX_BY_MOV_SS_LAUNCH;
}

u64 vmx_refusal(struct vcpu *v)
{
	if (vmx_enter(v) != VMX_FAIL_VALID)
		error("VM entry did not fail as VMfailValid");
	v->launched = VMX_BY_LAUNCH;
	return vmread(VM_INSTRUCTION_ERROR);
}
