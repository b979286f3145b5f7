/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCS whose guest is a clone of the running context, as a recipe: one function for each area of
 * the chapter "Virtual Machine Control Structures" of the Intel SDM.
 */
#include "machine/desc.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "machine/segments.h"
#include "machine/settle.h"
#include "base/string.h"
#include "stage/case.h"
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
#define GUARD_TSC_TICKS_EXACT 0x40000ull

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

static void write_zeros(const u16 *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vmwrite(fields[i], 0);
}

/* "VM-Execution Control Fields": interrupts and NMIs go straight to the guest. */
static const char *set_execution_controls(struct vmx_vcpu *x)
{
	static const u16 zeros[] = { SECONDARY_CONTROLS,    EXCEPTION_BITMAP,
				     PAGE_FAULT_ERROR_MASK, PAGE_FAULT_ERROR_MATCH,
				     CR3_TARGET_COUNT,	    CR0_GUEST_HOST_MASK,
				     CR4_GUEST_HOST_MASK };
	bool nested = x->vcpu.nested_paging;
	u32 pin = 0, primary = PRIMARY_MSR_BITMAPS | (nested ? PRIMARY_SECONDARY : 0);

	x->guard_ticks = 0;
	if (vmx_allows(PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER)) {
		pin |= PIN_PREEMPTION_TIMER;
		x->guard_ticks = vmx_guard_ticks();
	}
	write_zeros(zeros, ARRAY_SIZE(zeros));
	if (!set_controls(PIN_BASED_CONTROLS, pin))
		return "pin-based controls";
	if (!set_controls(PRIMARY_CONTROLS, primary))
		return nested ? "secondary controls (IA32_VMX_PROCBASED_CTLS bit 63)"
			      : "MSR bitmaps (IA32_VMX_PROCBASED_CTLS bit 60)";
	if (nested) {
		if (!set_controls(SECONDARY_CONTROLS, SECONDARY_EPT))
			return "EPT (IA32_VMX_PROCBASED_CTLS2 bit 33)";
		if (vmx_ept_lacks())
			return vmx_ept_lacks();
		vmwrite(EPT_POINTER, vmx_identity_ept(x));
	}
	memset(x->msr_bitmap, 0, sizeof(x->msr_bitmap));
	vmx_intercept_rdmsr(&x->vcpu, this_cpu.missing_msr, !x->vcpu.reads_msrs);
	vmwrite(MSR_BITMAP, (u64)x->msr_bitmap);
	return NULL;
}

/* "VM-Exit Control Fields", "VM-Entry Control Fields": both sides are 64-bit; no MSR lists. */
static const char *set_exit_and_entry_controls(void)
{
	static const u16 zeros[] = { EXIT_MSR_STORE_COUNT, EXIT_MSR_LOAD_COUNT,
				     ENTRY_MSR_LOAD_COUNT };

	if (!set_controls(EXIT_CONTROLS, EXIT_HOST_64BIT | EXIT_SAVE_DEBUG))
		return "64-bit host (IA32_VMX_EXIT_CTLS bit 41)";
	if (!set_controls(ENTRY_CONTROLS, ENTRY_IA32E_GUEST | ENTRY_LOAD_DEBUG))
		return "IA-32e mode guest (IA32_VMX_ENTRY_CTLS bit 41)";
	write_zeros(zeros, ARRAY_SIZE(zeros));
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

void vmx_set_guest_code(u16 cs, u16 ss)
{
	set_guest_segment(SEG_CS, cs, 0);
	set_guest_segment(SEG_SS, ss, 0);
}

/* A field that is a member of struct machine_state. */
struct copied_field {
	u16 field;
	u16 offset;
};

#define COPIED(field, member)                                                                      \
	{                                                                                          \
		field, offsetof(struct machine_state, member)                                      \
	}

static void copy_fields(const struct machine_state *m, const struct copied_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u64 value;

		memcpy(&value, (const u8 *)m + fields[i].offset, sizeof(value));
		vmwrite(fields[i].field, value);
	}
}

/* "Guest Register State" */
static void set_guest_state(const struct machine_state *m)
{
	static const struct copied_field copied[] = {
		COPIED(GUEST_GDTR_BASE, gdtr.base),
		COPIED(GUEST_IDTR_BASE, idtr.base),
		COPIED(GUEST_CR0, cr0),
		COPIED(GUEST_CR3, cr3),
		COPIED(GUEST_CR4, cr4),
		COPIED(GUEST_DR7, dr7),
		COPIED(GUEST_SYSENTER_CS, sysenter_cs),
		COPIED(GUEST_SYSENTER_ESP, sysenter_esp),
		COPIED(GUEST_SYSENTER_EIP, sysenter_eip),
	};

	set_guest_segment(SEG_ES, m->es, 0);
	vmx_set_guest_code((u16)the_scene()->in_cs, (u16)the_scene()->in_ss);
	set_guest_segment(SEG_DS, m->ds, 0);
	set_guest_segment(SEG_FS, m->fs, m->fs_base);
	set_guest_segment(SEG_GS, m->gs, m->gs_base);
	set_guest_segment(SEG_LDTR, 0, 0);
	set_guest_segment(SEG_TR, m->tr, m->tr_base);
	copy_fields(m, copied, ARRAY_SIZE(copied));
	vmwrite(GUEST_GDTR_LIMIT, m->gdtr.limit);
	vmwrite(GUEST_IDTR_LIMIT, m->idtr.limit);
}

/* "Guest Non-Register State" */
static void set_guest_non_register_state(const struct vmx_vcpu *x)
{
	static const u16 zeros[] = { GUEST_DEBUGCTL, GUEST_INTERRUPTIBILITY, GUEST_ACTIVITY,
				     GUEST_PENDING_DEBUG };

	write_zeros(zeros, ARRAY_SIZE(zeros));
	vmwrite(VMCS_LINK_POINTER, ~0ull);
	if (x->guard_ticks)
		vmwrite(GUEST_PREEMPTION_TIMER, x->guard_ticks);
}

/* "Host-State Area" */
static void set_host_state(const struct vmx_vcpu *x, const struct machine_state *m)
{
	static const struct copied_field copied[] = {
		COPIED(HOST_CR0, cr0),
		COPIED(HOST_CR3, cr3),
		COPIED(HOST_CR4, cr4),
		COPIED(HOST_FS_BASE, fs_base),
		COPIED(HOST_GS_BASE, gs_base),
		COPIED(HOST_TR_BASE, tr_base),
		COPIED(HOST_GDTR_BASE, gdtr.base),
		COPIED(HOST_IDTR_BASE, idtr.base),
		COPIED(HOST_SYSENTER_CS, sysenter_cs),
		COPIED(HOST_SYSENTER_ESP, sysenter_esp),
		COPIED(HOST_SYSENTER_EIP, sysenter_eip),
	};
	const u16 selectors[] = { m->es, m->cs, m->ss, m->ds, m->fs, m->gs, m->tr };

	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++)
		vmwrite(HOST_SELECTOR + 2 * i, selectors[i]);
	copy_fields(m, copied, ARRAY_SIZE(copied));
	vmwrite(HOST_RIP, (u64)vmx_exited);
	vmwrite(HOST_RSP, (u64)&x->vcpu.root_rsp);
}

static const char *set_all_but_guest_state(struct vmx_vcpu *x, const struct machine_state *m)
{
	const char *missing = set_execution_controls(x);

	if (!missing)
		missing = set_exit_and_entry_controls();
	if (missing)
		return missing;
	set_host_state(x, m);
	x->host = *m;
	this_cpu.vmcs_changed = x->vcpu.nested_paging; /* pages may go, and EPT is for one guest */
	return NULL;
}

/*
 * The guest-state area is the processor's to change, so it is written for each guest. All else is
 * as the last guest's set-up left it, unless somebody changed it or the host has changed.
 */
const char *vmx_set_up(struct vcpu *v)
{
	struct vmx_vcpu *x = vmx_current(v);
	const struct machine_state *m = &v->before;

	v->opener = vmx_by_launch;
	x->nmis_stay_blocked = false;
	if (machine_state_difference(&x->host, m))
		this_cpu.vmcs_changed = true;
	if (this_cpu.vmcs_changed) {
		const char *missing = set_all_but_guest_state(x, m);

		if (missing)
			return missing;
	}
	vmwrite_unnoted(ENTRY_INTERRUPTION_INFO, 0);
	set_guest_state(m);
	set_guest_non_register_state(x);
	return NULL;
}

/* "MSR-Bitmap Address": an MSR outside both ranges always exits. */
void vmx_intercept_rdmsr(struct vcpu *v, u32 msr, bool on)
{
	u32 bit = msr & MSR_RANGE_MASK;
	u8 *bitmap = to_vmx(v)->msr_bitmap;

	this_cpu.vmcs_changed = true;
	if ((msr & ~(u32)MSR_RANGE_MASK) == 0xc0000000)
		bitmap += MSR_BITMAP_HIGH;
	else if (msr & ~(u32)MSR_RANGE_MASK)
		return;
	if (on)
		bitmap[bit / 8] |= (u8)(1 << bit % 8);
	else
		bitmap[bit / 8] &= (u8) ~(1 << bit % 8);
}
