/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See vapic.h, and vmx_tpr_threshold() in only.h.
 */
#include "vmx/vapic.h"
#include "stage/case.h"
#include "base/mutate.h"
#include "base/string.h"
#include "vmx/only.h"
#include "vmx/vmx.h"

enum {
	CLASS_SHIFT = 4,
	SVI_SHIFT = 8,
	RVI_MASK = 0xff,
	EOI_BITMAPS = 4,
	PIR_BYTES = 256 / 8,
	PI_OUTSTANDING = 1 << 0, /* of the 32-bit word behind PIR */
};

/* "Posted-Interrupt Descriptor" */
struct posted_interrupts {
	u8 pir[PIR_BYTES];
	u32 control;
	u32 unused[7];
};
_Static_assert(sizeof(struct posted_interrupts) == 64, "Posted-Interrupt Descriptor");

/* Away from the LAPIC's address, so that the guest's EOI still reaches the LAPIC. */
static u8 apic_access_page[PAGE_SIZE] PAGE_ALIGNED;
static u8 virtual_apic_page[PAGE_SIZE] PAGE_ALIGNED;
static struct posted_interrupts posted __attribute__((aligned(64)));

static void set_page(struct vcpu *v, unsigned int vtpr)
{
	vmx_require(v, vmx_primary_offers(PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY),
		    "a TPR shadow (IA32_VMX_PROCBASED_CTLS bit 53)");
	memset(virtual_apic_page, 0, sizeof(virtual_apic_page));
	virtual_apic_page[LAPIC_TPR] = (u8)(vtpr << CLASS_SHIFT);
	vmwrite(VIRTUAL_APIC_ADDRESS, (u64)virtual_apic_page);
	vmx_set_bits(PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY, true);
}

static void require_access_page(struct vcpu *v)
{
	vmx_require(v, vmx_secondary_offers(SECONDARY_VIRTUALIZE_APIC),
		    "virtualized APIC accesses (IA32_VMX_PROCBASED_CTLS2 bit 32)");
	vmwrite(APIC_ACCESS_ADDRESS, (u64)apic_access_page);
}

static void require_registers(struct vcpu *v)
{
	vmx_require(v, vmx_secondary_offers(SECONDARY_APIC_REGISTERS),
		    "APIC-register virtualization (IA32_VMX_PROCBASED_CTLS2 bit 40)");
}

static void require_x2apic(struct vcpu *v)
{
	vmx_require(v, vmx_secondary_offers(SECONDARY_VIRTUALIZE_X2APIC),
		    "virtualized x2APIC mode (IA32_VMX_PROCBASED_CTLS2 bit 36)");
	if (this_cpu.lapic_mode != LAPIC_X2APIC)
		skip("the guest's handlers read a virtual ISR only in x2APIC mode (CPUID 1 ECX bit 21, apic=x2apic)");
}

void vmx_tpr_threshold(struct vcpu *v, unsigned int vtpr, unsigned int threshold)
{
	set_page(v, vtpr);
	require_access_page(v);
	vmwrite(TPR_THRESHOLD, threshold);
	vmx_set_bits(SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_APIC, true);
}

void vapic_start_tpr_shadow(struct vcpu *v, unsigned int vtpr, unsigned int threshold)
{
	require_x2apic(v);
	set_page(v, vtpr);
	vmwrite(TPR_THRESHOLD, threshold);
	vmx_set_bits(SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_X2APIC, true);
}

void vapic_start(struct vcpu *v)
{
	require_x2apic(v);
	require_registers(v);
	vmx_require(v, vmx_secondary_offers(SECONDARY_VIRTUAL_INTERRUPTS),
		    "virtual-interrupt delivery (IA32_VMX_PROCBASED_CTLS2 bit 41)");
	set_page(v, 0);
	for (int i = 0; i < EOI_BITMAPS; i++)
		vmwrite(EOI_EXIT_BITMAP + 2 * i, 0);
	vmwrite(GUEST_INTERRUPT_STATUS, 0);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	vmx_set_bits(SECONDARY_CONTROLS,
		     SECONDARY_VIRTUALIZE_X2APIC | SECONDARY_APIC_REGISTERS |
			     SECONDARY_VIRTUAL_INTERRUPTS,
		     true);
}

u64 vapic_start_memory_mapped(struct vcpu *v)
{
	require_access_page(v);
	require_registers(v);
	set_page(v, 0);
	vmwrite(TPR_THRESHOLD, 0);
	vmx_set_bits(SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_APIC | SECONDARY_APIC_REGISTERS,
		     true);
	return (u64)apic_access_page;
}

/* ISR and IRR: eight 32-bit registers, 16 bytes apart. */
static u32 *vector_register(enum lapic_register first, u8 vector)
{
	return (u32 *)&virtual_apic_page[first + vector / 32 * 16];
}

static bool vector_bit(enum lapic_register first, u8 vector)
{
	return *(volatile u32 *)vector_register(first, vector) >> vector % 32 & 1;
}

bool vapic_requested(u8 vector)
{
	return vector_bit(LAPIC_IRR, vector);
}

bool vapic_serves(u8 vector)
{
	return vector_bit(LAPIC_ISR, vector);
}

void vapic_request(struct vcpu *v, u8 vector)
{
	u64 status = vmread(GUEST_INTERRUPT_STATUS);

	(void)v;
	if (mutated(MUTATE_NO_EVENT))
		return;
	*vector_register(LAPIC_IRR, vector) |= 1u << vector % 32;
	if (vector > (status & RVI_MASK))
		vmwrite(GUEST_INTERRUPT_STATUS, (status & ~(u64)RVI_MASK) | vector);
}

void vapic_in_service(struct vcpu *v, u8 vector)
{
	u64 status = vmread(GUEST_INTERRUPT_STATUS);

	(void)v;
	*vector_register(LAPIC_ISR, vector) |= 1u << vector % 32;
	vmwrite(GUEST_INTERRUPT_STATUS, (status & RVI_MASK) | (u64)vector << SVI_SHIFT);
}

void vapic_tpr(struct vcpu *v, unsigned int class)
{
	(void)v;
	virtual_apic_page[LAPIC_TPR] = (u8)(class << CLASS_SHIFT);
}

void vapic_exit_on_eoi(struct vcpu *v, u8 vector)
{
	enum vmcs_field field = EOI_EXIT_BITMAP + 2 * (vector / 64);

	(void)v;
	vmwrite(field, vmread(field) | BIT(vector % 64));
}

void vapic_post(struct vcpu *v, u8 notification, u8 vector)
{
	vmx_require(v, vmx_pin_offers(PIN_POSTED_INTERRUPTS),
		    "posted interrupts (IA32_VMX_PINBASED_CTLS bit 39)");
	vmx_acknowledge_on_exit(v, true);
	posted = (struct posted_interrupts){ 0 };
	if (!mutated(MUTATE_NO_EVENT)) {
		posted.pir[vector / 8] = (u8)(1 << vector % 8);
		posted.control = PI_OUTSTANDING;
	}
	vmwrite(POSTED_INTERRUPT_VECTOR, notification);
	vmwrite(POSTED_INTERRUPT_DESCRIPTOR, (u64)&posted);
	vmx_set_bits(PIN_BASED_CONTROLS, PIN_POSTED_INTERRUPTS, true);
}
