/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCS as the model of guests knows it. svm/note.c has the same of a VMCB.
 */
#include "machine/lapic.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "vmx/vmx.h"

static u32 timer_of(const struct vmx_vcpu *x)
{
	u64 ticks = vmread(GUEST_PREEMPTION_TIMER);

	if (!(vmread(PIN_BASED_CONTROLS) & PIN_PREEMPTION_TIMER))
		return 0;
	if (!ticks)
		return CONTROL_TIMER_EXPIRED;
	return ticks < x->guard_ticks / 2 ? CONTROL_TIMER_LATER : 0;
}

static bool exits_on_rdmsr(const struct vmx_vcpu *x, u32 msr)
{
	u32 bit = msr & 0x1fff;
	const u8 *bitmap = x->msr_bitmap + (msr >= 0xc0000000 ? 1024 : 0);

	if ((msr & ~0x1fffu) && (msr & ~0x1fffu) != 0xc0000000)
		return true;
	return bitmap[bit / 8] >> bit % 8 & 1;
}

static u32 controls_of(const struct vmx_vcpu *x)
{
	static const struct {
		u16 field;
		u32 bit, control;
	} bits[] = {
		{ PIN_BASED_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING, CONTROL_INTR_EXITS },
		{ PIN_BASED_CONTROLS, PIN_NMI_EXITING, CONTROL_NMI_EXITS },
		{ PIN_BASED_CONTROLS, PIN_VIRTUAL_NMIS, CONTROL_VIRTUAL_NMIS },
		{ PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW, CONTROL_INTR_WINDOW },
		{ PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW, CONTROL_NMI_WINDOW },
		{ PRIMARY_CONTROLS, PRIMARY_MTF, CONTROL_MONITOR_TRAP },
		{ EXIT_CONTROLS, EXIT_ACKNOWLEDGE, CONTROL_ACKNOWLEDGE },
	};
	u32 controls = timer_of(x);

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (vmread(bits[i].field) & bits[i].bit)
			controls |= bits[i].control;
	return controls;
}

/* "Instructions That Cause VM Exits Conditionally" */
static u64 exits_of(const struct vmx_vcpu *x)
{
	static const struct {
		u32 bit;
		u8 reason;
	} bits[] = {
		{ PRIMARY_HLT_EXITING, EXIT_HLT },
		{ PRIMARY_INVLPG_EXITING, EXIT_INVLPG },
		{ PRIMARY_RDTSC_EXITING, EXIT_RDTSC },
		{ PRIMARY_CR3_LOAD_EXITING, EXIT_CR_ACCESS },
		{ PRIMARY_MOV_DR_EXITING, EXIT_DR_ACCESS },
		{ PRIMARY_UNCONDITIONAL_IO, EXIT_IO },
	};
	u64 exits = exits_on_rdmsr(x, (u32)x->vcpu.gprs.rcx) ? BIT(EXIT_RDMSR) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (vmread(PRIMARY_CONTROLS) & bits[i].bit)
			exits |= BIT(bits[i].reason);
	return exits;
}

/* "VM Exits Induced by the TPR Threshold" */
static u32 threshold_of(const struct vmx_vcpu *x)
{
	bool below = vmread(TPR_THRESHOLD) > (u64)x->virtual_apic_page[LAPIC_TPR] >> 4;

	return vmread(PRIMARY_CONTROLS) & PRIMARY_TPR_SHADOW && below ? CONTROL_TPR_BELOW : 0;
}

static const char *unknown_controls(const struct vmx_vcpu *x)
{
	u64 primary = vmread(PRIMARY_CONTROLS);
	u64 secondary = primary & PRIMARY_SECONDARY ? vmread(SECONDARY_CONTROLS) : 0;

	if (x->vcpu.opener != vmx_by_launch && x->vcpu.opener != vmx_by_resume)
		return "root enters in a shadow of its own";
	if (secondary &
	    (SECONDARY_VIRTUAL_INTERRUPTS | SECONDARY_VIRTUALIZE_X2APIC | SECONDARY_APIC_REGISTERS))
		return "a virtual APIC is not in the model's world";
	if (vmread(GUEST_IDTR_BASE) != x->vcpu.before.idtr.base)
		return "the guest has an IDT of its own";
	if (x->nmis_stay_blocked)
		return "root leaves NMIs blocked";
	return NULL;
}

const char *vmx_note(struct vcpu *v, struct guest_note *note)
{
	struct vmx_vcpu *x = to_vmx(v);

	note->entry.controls = controls_of(x) | threshold_of(x);
	note->entry.blocking = (u8)vmread(GUEST_INTERRUPTIBILITY);
	note->entry.activity = (u8)vmread(GUEST_ACTIVITY);
	note->entry.debug = (u16)vmread(GUEST_PENDING_DEBUG);
	note->entry.exceptions = (u32)vmread(EXCEPTION_BITMAP);
	note->entry.length = (u8)vmread(ENTRY_INSTRUCTION_LENGTH);
	note->entry.exits = exits_of(x);
	note->entry.cr2 = read_cr2();
	note->rip = vmread(GUEST_RIP);
	note->rflags = vmread(GUEST_RFLAGS);
	return unknown_controls(x);
}
