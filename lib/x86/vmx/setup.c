/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCS whose guest is a clone of the running context, as a recipe: one function for each area of
 * the chapter "Virtual Machine Control Structures" of the Intel SDM.
 */
#include "machine/desc.h"
#include "machine/processor.h"
#include "machine/segments.h"
#include "machine/settle.h"
#include "base/string.h"
#include "vmx/vmx.h"

enum {
	/* Distance of the TRUE capability MSRs above the plain ones. */
	TRUE_CONTROLS = MSR_VMX_TRUE_PIN - MSR_VMX_PIN,
	MSR_BITMAP_HIGH = 1024, /* byte offset of the read bitmap for C0000000H-C0001FFFH */
	MSR_RANGE_MASK = 0x1fff,
	PREEMPTION_RATE_MASK = 0x1f,
};

/*
 * A guest that has not exited for this many TSC ticks will not exit any more; on a platform whose
 * time is its count of instructions, the fewer suffice.
 */
#define GUARD_TSC_TICKS	      0x40000000ull
#define GUARD_TSC_TICKS_EXACT 0x100000ull

/*
 * "Reserved Controls and Default Settings": the capability of a control field. A control must be 1
 * if its bit is 1 in the low half, and may be 1 if its bit is 1 in the high half.
 */
static u64 capability(enum vmcs_field field)
{
	u32 moved = rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE_CONTROLS ? TRUE_CONTROLS : 0;

	switch (field) {
	case PIN_BASED_CONTROLS:
		return rdmsr(MSR_VMX_PIN + moved);
	case PRIMARY_CONTROLS:
		return rdmsr(MSR_VMX_PRIMARY + moved);
	case SECONDARY_CONTROLS:
		if (!vmx_allows(PRIMARY_CONTROLS, PRIMARY_SECONDARY))
			return 0;
		return rdmsr(MSR_VMX_SECONDARY);
	case EXIT_CONTROLS:
		return rdmsr(MSR_VMX_EXIT + moved);
	default:
		return rdmsr(MSR_VMX_ENTRY + moved);
	}
}

bool vmx_allows(enum vmcs_field field, u32 bits)
{
	return (capability(field) >> 32 & bits) == bits;
}

u32 vmx_guard_ticks(void)
{
	u64 ticks = settles_exactly() ? GUARD_TSC_TICKS_EXACT : GUARD_TSC_TICKS;

	return (u32)(ticks >> (rdmsr(MSR_VMX_MISC) & PREEMPTION_RATE_MASK));
}

static bool set_controls(enum vmcs_field field, u32 wanted)
{
	if (!vmx_allows(field, wanted))
		return false;
	vmwrite(field, wanted | (u32)capability(field));
	return true;
}

/* "VM-Execution Control Fields": interrupts and NMIs go straight to the guest. */
static const char *set_execution_controls(struct vmx_vcpu *x, struct hv_options options)
{
	u32 pin = 0, primary = PRIMARY_MSR_BITMAPS, secondary = 0;

	if (vmx_allows(PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER))
		pin |= PIN_PREEMPTION_TIMER;
	if (options.nested_paging)
		secondary |= SECONDARY_EPT;
	if (secondary)
		primary |= PRIMARY_SECONDARY;
	if (!set_controls(PIN_BASED_CONTROLS, pin))
		return "pin-based controls";
	if (!set_controls(PRIMARY_CONTROLS, primary))
		return options.nested_paging ? "secondary controls (IA32_VMX_PROCBASED_CTLS bit 63)"
					     : "MSR bitmaps (IA32_VMX_PROCBASED_CTLS bit 60)";
	vmwrite(SECONDARY_CONTROLS, 0);
	if (secondary) {
		if (!set_controls(SECONDARY_CONTROLS, secondary))
			return "EPT (IA32_VMX_PROCBASED_CTLS2 bit 33)";
		vmwrite(EPT_POINTER, vmx_identity_ept(x));
	}
	memset(x->msr_bitmap, 0, sizeof(x->msr_bitmap));
	vmwrite(MSR_BITMAP, (u64)x->msr_bitmap);
	vmwrite(EXCEPTION_BITMAP, 0);
	vmwrite(PAGE_FAULT_ERROR_MASK, 0);
	vmwrite(PAGE_FAULT_ERROR_MATCH, 0);
	vmwrite(CR3_TARGET_COUNT, 0);
	vmwrite(CR0_GUEST_HOST_MASK, 0);
	vmwrite(CR4_GUEST_HOST_MASK, 0);
	return NULL;
}

/* "VM-Exit Control Fields", "VM-Entry Control Fields": both sides are 64-bit; no MSR lists. */
static const char *set_exit_and_entry_controls(void)
{
	if (!set_controls(EXIT_CONTROLS, EXIT_HOST_64BIT | EXIT_SAVE_DEBUG))
		return "64-bit host (IA32_VMX_EXIT_CTLS bit 41)";
	if (!set_controls(ENTRY_CONTROLS, ENTRY_IA32E_GUEST | ENTRY_LOAD_DEBUG))
		return "IA-32e mode guest (IA32_VMX_ENTRY_CTLS bit 41)";
	vmwrite(EXIT_MSR_STORE_COUNT, 0);
	vmwrite(EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(ENTRY_INTERRUPTION_INFO, 0);
	return NULL;
}

static void set_guest_segment(enum vmcs_segment segment, u16 selector, u64 base)
{
	u32 rights = segment_access_rights(selector);

	vmwrite(GUEST_SELECTOR + 2 * segment, selector);
	vmwrite(GUEST_BASE + 2 * segment, base);
	vmwrite(GUEST_LIMIT + 2 * segment, selector ? segment_limit(selector) : 0);
	vmwrite(GUEST_ACCESS_RIGHTS + 2 * segment, rights ? rights : SEGMENT_UNUSABLE);
}

/* "Guest Register State" */
static void set_guest_state(const struct machine_state *m)
{
	set_guest_segment(SEG_ES, m->es, 0);
	set_guest_segment(SEG_CS, m->cs, 0);
	set_guest_segment(SEG_SS, m->ss, 0);
	set_guest_segment(SEG_DS, m->ds, 0);
	set_guest_segment(SEG_FS, m->fs, m->fs_base);
	set_guest_segment(SEG_GS, m->gs, m->gs_base);
	set_guest_segment(SEG_LDTR, 0, 0);
	set_guest_segment(SEG_TR, m->tr, m->tr_base);
	vmwrite(GUEST_GDTR_BASE, m->gdtr.base);
	vmwrite(GUEST_GDTR_LIMIT, m->gdtr.limit);
	vmwrite(GUEST_IDTR_BASE, m->idtr.base);
	vmwrite(GUEST_IDTR_LIMIT, m->idtr.limit);
	vmwrite(GUEST_CR0, read_cr0());
	vmwrite(GUEST_CR3, m->cr3);
	vmwrite(GUEST_CR4, read_cr4());
	vmwrite(GUEST_DR7, m->dr7);
	vmwrite(GUEST_SYSENTER_CS, rdmsr(MSR_SYSENTER_CS));
	vmwrite(GUEST_SYSENTER_ESP, rdmsr(MSR_SYSENTER_ESP));
	vmwrite(GUEST_SYSENTER_EIP, rdmsr(MSR_SYSENTER_EIP));
}

/* "Guest Non-Register State" */
static void set_guest_non_register_state(void)
{
	vmwrite(GUEST_DEBUGCTL, 0);
	vmwrite(VMCS_LINK_POINTER, ~0ull);
	vmwrite(GUEST_INTERRUPTIBILITY, 0);
	vmwrite(GUEST_ACTIVITY, ACTIVITY_ACTIVE);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	if (vmx_allows(PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER))
		vmwrite(GUEST_PREEMPTION_TIMER, vmx_guard_ticks());
}

/* "Host-State Area" */
static void set_host_state(const struct vmx_vcpu *x, const struct machine_state *m)
{
	const u16 selectors[] = { m->es, m->cs, m->ss, m->ds, m->fs, m->gs, m->tr };

	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++)
		vmwrite(HOST_SELECTOR + 2 * i, selectors[i]);
	vmwrite(HOST_RIP, (u64)vmx_exited);
	vmwrite(HOST_RSP, (u64)&x->vcpu.root_rsp);
	vmwrite(HOST_CR0, read_cr0());
	vmwrite(HOST_CR3, m->cr3);
	vmwrite(HOST_CR4, read_cr4());
	vmwrite(HOST_FS_BASE, m->fs_base);
	vmwrite(HOST_GS_BASE, m->gs_base);
	vmwrite(HOST_TR_BASE, m->tr_base);
	vmwrite(HOST_GDTR_BASE, m->gdtr.base);
	vmwrite(HOST_IDTR_BASE, m->idtr.base);
	vmwrite(HOST_SYSENTER_CS, rdmsr(MSR_SYSENTER_CS));
	vmwrite(HOST_SYSENTER_ESP, rdmsr(MSR_SYSENTER_ESP));
	vmwrite(HOST_SYSENTER_EIP, rdmsr(MSR_SYSENTER_EIP));
}

const char *vmx_set_up(struct vcpu *v, struct hv_options options)
{
	struct vmx_vcpu *x = vmx_current(v);
	struct machine_state m;
	const char *missing;

	x->vcpu.opener = vmx_by_launch;
	x->nmis_stay_blocked = false;
	machine_state_read(&m);
	missing = set_execution_controls(x, options);
	if (!missing)
		missing = set_exit_and_entry_controls();
	if (missing)
		return missing;
	set_guest_state(&m);
	set_guest_non_register_state();
	set_host_state(x, &m);
	return NULL;
}

/* "MSR-Bitmap Address": an MSR outside both ranges always exits. */
void vmx_intercept_rdmsr(struct vcpu *v, u32 msr, bool on)
{
	u32 bit = msr & MSR_RANGE_MASK;
	u8 *bitmap = to_vmx(v)->msr_bitmap;

	if ((msr & ~(u32)MSR_RANGE_MASK) == 0xc0000000)
		bitmap += MSR_BITMAP_HIGH;
	else if (msr & ~(u32)MSR_RANGE_MASK)
		return;
	if (on)
		bitmap[bit / 8] |= (u8)(1 << bit % 8);
	else
		bitmap[bit / 8] &= (u8) ~(1 << bit % 8);
}
