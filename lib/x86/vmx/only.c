/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See only.h.
 */
#include "vmx/only.h"
#include "case.h"
#include "vmx/vmx.h"

/* Away from the LAPIC's address, so that the guest's EOI still reaches the LAPIC. */
static u8 apic_access_page[PAGE_SIZE] PAGE_ALIGNED;
static u8 virtual_apic_page[PAGE_SIZE] PAGE_ALIGNED;

static void require(const struct vcpu *v, bool offered, const char *what)
{
	if (v->vendor != &vmx_vendor)
		skip("SVM has no %s", what);
	if (!offered)
		skip("this CPU's VMX does not offer %s", what);
}

static void set_bits(enum vmcs_field field, u32 bits, bool on)
{
	u64 value = vmread(field) & ~(u64)bits;

	vmwrite(field, value | (on ? bits : 0));
}

void vmx_preemption_timer(struct vcpu *v, u32 ticks)
{
	require(v, vmx_pin_offers(PIN_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmwrite(GUEST_PREEMPTION_TIMER, ticks);
}

void vmx_guard_timer(struct vcpu *v)
{
	vmx_preemption_timer(v, vmx_guard_ticks());
}

void vmx_monitor_trap_flag(struct vcpu *v, bool on)
{
	require(v, vmx_primary_offers(PRIMARY_MTF),
		"a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)");
	set_bits(PRIMARY_CONTROLS, PRIMARY_MTF, on);
}

void vmx_virtual_nmis(struct vcpu *v, bool on)
{
	require(v, vmx_pin_offers(PIN_VIRTUAL_NMIS), "virtual NMIs (IA32_VMX_PINBASED_CTLS bit "
	"37)");
	set_bits(PIN_BASED_CONTROLS, PIN_VIRTUAL_NMIS, on);
}

void vmx_acknowledge_on_exit(struct vcpu *v, bool on)
{
	require(v, vmx_exit_offers(EXIT_ACKNOWLEDGE),
		"acknowledging interrupts on exit (IA32_VMX_EXIT_CTLS bit 47)");
	set_bits(EXIT_CONTROLS, EXIT_ACKNOWLEDGE, on);
}

void vmx_tpr_threshold(struct vcpu *v, unsigned int vtpr, unsigned int threshold)
{
	enum { VTPR_OFFSET = 0x80, CLASS_SHIFT = 4 };

	require(v, vmx_primary_offers(PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY),
		"a TPR shadow (IA32_VMX_PROCBASED_CTLS bit 53)");
	require(v, vmx_secondary_offers(SECONDARY_VIRTUALIZE_APIC),
		"virtualized APIC accesses (IA32_VMX_PROCBASED_CTLS2 bit 32)");
	virtual_apic_page[VTPR_OFFSET] = (u8)(vtpr << CLASS_SHIFT);
	vmwrite(VIRTUAL_APIC_ADDRESS, (u64)virtual_apic_page);
	vmwrite(APIC_ACCESS_ADDRESS, (u64)apic_access_page);
	vmwrite(TPR_THRESHOLD, threshold);
	set_bits(PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY, true);
	set_bits(SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_APIC, true);
}
