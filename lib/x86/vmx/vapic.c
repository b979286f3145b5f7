/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual-APIC page, the APIC-access page, the posted-interrupt descriptor, and the controls
 * that give each of them its meaning.
 */
#include "vmx/vapic.h"
#include "machine/lapic.h"
#include "machine/percpu.h"
#include "report/panic.h"
#include "base/mutate.h"
#include "base/string.h"
#include "vmx/controls.h"
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

enum {
	IN_MEMORY = SECONDARY_VIRTUALIZE_APIC | SECONDARY_APIC_REGISTERS,
	DELIVERY = SECONDARY_VIRTUALIZE_X2APIC | SECONDARY_APIC_REGISTERS |
		   SECONDARY_VIRTUAL_INTERRUPTS,
};

static bool offers(u32 secondary)
{
	return hv_is_vmx() && vmx_allows(PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW) &&
	       vmx_allows(SECONDARY_CONTROLS, secondary);
}

static bool offers_x2apic(u32 secondary)
{
	return offers(secondary) && this_cpu.lapic_mode == LAPIC_X2APIC;
}

bool vapic_offers_delivery(void)
{
	return offers_x2apic(DELIVERY);
}

bool vapic_offers_tpr_shadow(void)
{
	return offers_x2apic(SECONDARY_VIRTUALIZE_X2APIC);
}

bool vapic_offers_memory_mapped(void)
{
	return offers(IN_MEMORY);
}

bool vapic_offers_tpr_threshold(void)
{
	return offers(SECONDARY_VIRTUALIZE_APIC);
}

bool vapic_offers_posting(void)
{
	return vmx_offers(VMX_POSTED_INTERRUPTS) && vmx_offers(VMX_ACKNOWLEDGE_ON_EXIT);
}

/* A virtual-APIC page with this VTPR, under a TPR shadow and these controls. */
static void set_page(unsigned int vtpr, unsigned int threshold, u32 secondary)
{
	memset(virtual_apic_page, 0, sizeof(virtual_apic_page));
	virtual_apic_page[LAPIC_TPR] = (u8)(vtpr << CLASS_SHIFT);
	vmwrite(VIRTUAL_APIC_ADDRESS, (u64)virtual_apic_page);
	vmwrite(TPR_THRESHOLD, threshold);
	if (secondary & SECONDARY_VIRTUALIZE_APIC)
		vmwrite(APIC_ACCESS_ADDRESS, (u64)apic_access_page);
	vmx_set_bits(PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY, true);
	vmx_set_bits(SECONDARY_CONTROLS, secondary, true);
}

void vapic_tpr_threshold(struct vcpu *v, unsigned int vtpr, unsigned int threshold)
{
	ASSERT(v->vendor == &vmx_vendor && vapic_offers_tpr_threshold());
	set_page(vtpr, threshold, SECONDARY_VIRTUALIZE_APIC);
}

void vapic_start_tpr_shadow(struct vcpu *v, unsigned int vtpr, unsigned int threshold)
{
	ASSERT(v->vendor == &vmx_vendor && vapic_offers_tpr_shadow());
	set_page(vtpr, threshold, SECONDARY_VIRTUALIZE_X2APIC);
}

void vapic_start(struct vcpu *v)
{
	ASSERT(v->vendor == &vmx_vendor && vapic_offers_delivery());
	for (int i = 0; i < EOI_BITMAPS; i++)
		vmwrite(EOI_EXIT_BITMAP + 2 * i, 0);
	vmwrite(GUEST_INTERRUPT_STATUS, 0);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	set_page(0, 0, DELIVERY);
}

u64 vapic_start_memory_mapped(struct vcpu *v)
{
	ASSERT(v->vendor == &vmx_vendor && vapic_offers_memory_mapped());
	set_page(0, 0, IN_MEMORY);
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
	vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, true);
	posted = (struct posted_interrupts){ 0 };
	if (!mutated(MUTATE_NO_EVENT)) {
		posted.pir[vector / 8] = (u8)(1 << vector % 8);
		posted.control = PI_OUTSTANDING;
	}
	vmwrite(POSTED_INTERRUPT_VECTOR, notification);
	vmwrite(POSTED_INTERRUPT_DESCRIPTOR, (u64)&posted);
	vmx_control(v, VMX_POSTED_INTERRUPTS, true);
}
