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
	PI_OUTSTANDING = 1 << 0, /* of the 32-bit word that follows PIR */
};

_Static_assert(sizeof(struct posted_interrupts) == 64, "Posted-Interrupt Descriptor");

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
static void set_page(struct vcpu *v, unsigned int vtpr, unsigned int threshold, u32 secondary)
{
	struct vmx_vcpu *x = vmx_current(v);

	memset(x->virtual_apic_page, 0, sizeof(x->virtual_apic_page));
	x->virtual_apic_page[LAPIC_TPR] = (u8)(vtpr << CLASS_SHIFT);
	vmwrite(VIRTUAL_APIC_ADDRESS, (u64)x->virtual_apic_page);
	vmwrite(TPR_THRESHOLD, threshold);
	if (secondary & SECONDARY_VIRTUALIZE_APIC)
		vmwrite(APIC_ACCESS_ADDRESS, (u64)x->apic_access_page);
	vmx_set_bits(v, PRIMARY_CONTROLS, PRIMARY_TPR_SHADOW | PRIMARY_SECONDARY, true);
	vmx_set_bits(v, SECONDARY_CONTROLS, secondary, true);
}

void vapic_tpr_threshold(struct vcpu *v, unsigned int vtpr, unsigned int threshold)
{
	ASSERT(vapic_offers_tpr_threshold());
	set_page(v, vtpr, threshold, SECONDARY_VIRTUALIZE_APIC);
}

void vapic_start_tpr_shadow(struct vcpu *v, unsigned int vtpr, unsigned int threshold)
{
	ASSERT(vapic_offers_tpr_shadow());
	set_page(v, vtpr, threshold, SECONDARY_VIRTUALIZE_X2APIC);
}

void vapic_start(struct vcpu *v)
{
	ASSERT(vapic_offers_delivery());
	set_page(v, 0, 0, DELIVERY);
	for (int i = 0; i < EOI_BITMAPS; i++)
		vmwrite(EOI_EXIT_BITMAP + 2 * i, 0);
	vmwrite(GUEST_INTERRUPT_STATUS, 0);
	vcpu_intercept(v, INTERCEPT_INTR, true);
}

u64 vapic_start_memory_mapped(struct vcpu *v)
{
	ASSERT(vapic_offers_memory_mapped());
	set_page(v, 0, 0, IN_MEMORY);
	return (u64)to_vmx(v)->apic_access_page;
}

/* ISR and IRR: eight 32-bit registers, 16 bytes apart. */
static volatile u32 *vector_register(struct vcpu *v, enum lapic_register first, u8 vector)
{
	return (u32 *)&vmx_current(v)->virtual_apic_page[first + vector / 32 * 16];
}

static bool vector_bit(struct vcpu *v, enum lapic_register first, u8 vector)
{
	return *vector_register(v, first, vector) >> vector % 32 & 1;
}

bool vapic_requested(struct vcpu *v, u8 vector)
{
	return vector_bit(v, LAPIC_IRR, vector);
}

bool vapic_serves(struct vcpu *v, u8 vector)
{
	return vector_bit(v, LAPIC_ISR, vector);
}

void vapic_request(struct vcpu *v, u8 vector)
{
	u64 status = vmcs_read(v, GUEST_INTERRUPT_STATUS);

	if (mutated(MUTATE_NO_EVENT))
		return;
	*vector_register(v, LAPIC_IRR, vector) |= 1u << vector % 32;
	if (vector > (status & RVI_MASK))
		vmcs_write(v, GUEST_INTERRUPT_STATUS, (status & ~(u64)RVI_MASK) | vector);
}

void vapic_in_service(struct vcpu *v, u8 vector)
{
	u64 status = vmcs_read(v, GUEST_INTERRUPT_STATUS);

	*vector_register(v, LAPIC_ISR, vector) |= 1u << vector % 32;
	vmcs_write(v, GUEST_INTERRUPT_STATUS, (status & RVI_MASK) | (u64)vector << SVI_SHIFT);
}

void vapic_tpr(struct vcpu *v, unsigned int class)
{
	vmx_current(v)->virtual_apic_page[LAPIC_TPR] = (u8)(class << CLASS_SHIFT);
}

void vapic_exit_on_eoi(struct vcpu *v, u8 vector)
{
	enum vmcs_field field = EOI_EXIT_BITMAP + 2 * (vector / 64);

	vmcs_write(v, field, vmcs_read(v, field) | BIT(vector % 64));
}

void vapic_post(struct vcpu *v, u8 notification, u8 vector)
{
	struct posted_interrupts *posted = &vmx_current(v)->posted;

	vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, true);
	*posted = (struct posted_interrupts){ 0 };
	if (!mutated(MUTATE_NO_EVENT)) {
		posted->pir[vector / 8] = (u8)(1 << vector % 8);
		posted->control = PI_OUTSTANDING;
	}
	vmwrite(POSTED_INTERRUPT_VECTOR, notification);
	vmwrite(POSTED_INTERRUPT_DESCRIPTOR, (u64)posted);
	vmx_control(v, VMX_POSTED_INTERRUPTS, true);
}
