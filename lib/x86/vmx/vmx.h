/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What VMX keeps for a logical processor and for a vcpu, and what the files of this directory call
 * of each other.
 */
#ifndef ORDEAL_VMX_VMX_H
#define ORDEAL_VMX_VMX_H

#include "hv/identity_map.h"
#include "hv/vcpu.h"
#include "vmx/entry_layout.h"
#include "vmx/vmcs.h"

/* "Posted-Interrupt Descriptor" */
struct posted_interrupts {
	u8 pir[256 / 8];
	u32 control;
	u32 unused[7];
} __attribute__((aligned(64)));

/* A logical processor in VMX operation: "VMXON Region", "Enabling and Entering VMX Operation". */
struct vmx_cpu {
	u8 vmxon_region[PAGE_SIZE] PAGE_ALIGNED;
	bool on;
	u64 cr0_added, cr4_added; /* the bits that VMX operation needs and that were 0 before */
};

/* A vcpu: its VMCS ("Format of the VMCS Region"), and the pages that the VMCS leads to. */
struct vmx_vcpu {
	struct vcpu vcpu;			      /* first: to_vmx() */
	bool nmis_stay_blocked;			      /* after an NMI exit root executes no IRET */
	u32 guard_ticks;			      /* of the preemption timer; 0 without one */
	struct machine_state host;		      /* what the host-state area holds */
	struct posted_interrupts posted PAGE_ALIGNED; /* 64 would do, but not for Bochs 3.0 */
	u8 vmcs[PAGE_SIZE] PAGE_ALIGNED;
	u8 msr_bitmap[PAGE_SIZE] PAGE_ALIGNED;
	u8 virtual_apic_page[PAGE_SIZE] PAGE_ALIGNED;
	u8 apic_access_page[PAGE_SIZE] PAGE_ALIGNED; /* not at the LAPIC's own address */
	struct identity_map ept;
};

static inline struct vmx_vcpu *to_vmx(struct vcpu *v)
{
	return (struct vmx_vcpu *)v;
}

/*
 * operation.c: enters VMX operation unless it has been entered, and makes @v's VMCS the current
 * one, in the launch state "clear". Its fields are all 0 if this_cpu.vmcs_changed, else as they
 * were. NULL, or what went wrong.
 */
const char *vmx_on(struct vcpu *v);

/* operation.c: leaves VMX operation. */
void vmx_off(struct vcpu *v);

/* operation.c: @v, whose VMCS must be the current one of this processor; else the boot ends. */
struct vmx_vcpu *vmx_current(struct vcpu *v);

/*
 * operation.c: a field of @v's VMCS, which must be the current one. Between an exit and the next
 * entry vmread() and vmwrite() do without the check.
 */
u64 vmcs_read(struct vcpu *v, enum vmcs_field field);
void vmcs_write(struct vcpu *v, enum vmcs_field field, u64 value);

/* operation.c: sets or clears @bits of a control field. */
void vmx_set_bits(struct vcpu *v, enum vmcs_field field, u32 bits, bool on);

/* setup.c: fills the current VMCS. NULL, or the control that this CPU does not offer. */
const char *vmx_set_up(struct vcpu *v);

/* setup.c: the guest's CS and SS. */
void vmx_set_guest_code(u16 cs, u16 ss);

/* setup.c: may all of @bits be 1 in this control field, PIN_BASED_CONTROLS ... ENTRY_CONTROLS? */
bool vmx_allows(enum vmcs_field field, u32 bits);

/* setup.c: the preemption-timer count after which a guest that does not exit is given up. */
u32 vmx_guard_ticks(void);

/* setup.c: the bit of the MSR bitmap. */
void vmx_intercept_rdmsr(struct vcpu *v, u32 msr, bool on);

/* NULL, or what of EPT this processor does not offer and the map needs: "VPID and EPT Capabilities". */
const char *vmx_ept_lacks(void);

/* ept.c: builds the vcpu's EPT paging structures; returns the value of the EPT pointer. */
u64 vmx_identity_ept(struct vmx_vcpu *x);

/* ept.c: implements vcpu_map_page(). */
void vmx_map_page(struct vcpu *v, u64 address, bool present);

/* note.c, if it is linked: the guest as the model knows it. */
const char *__attribute__((weak)) vmx_note(struct vcpu *v, struct guest_note *note);

/* failure.c: why VMLAUNCH or VMRESUME returned; @code as vmx_enter() gave it. */
const char *vmx_entry_refused(int code);

/* failure.c: which field of the guest state looks wrong after an entry failure. */
const char *vmx_suspect_guest_state(struct vcpu *v);

/*
 * entry.S: loads the guest's registers, enters by v->opener, stores them after the exit. 0, or
 * VMX_FAIL_INVALID or VMX_FAIL_VALID.
 */
int vmx_enter(struct vcpu *v);
extern const u8 vmx_by_launch[], vmx_by_resume[];
extern const u8 vmx_by_sti_launch[], vmx_by_mov_ss_launch[]; /* a VMLAUNCH in their shadow */
extern const u8 vmx_exited[];				     /* host RIP */

#endif
