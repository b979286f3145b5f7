/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the VMX half: what its files call of each other.
 */
#ifndef ORDEAL_VMX_VMX_H
#define ORDEAL_VMX_VMX_H

#include "hv/vcpu.h"
#include "vmx/vmcs.h"

/* setup.c: fills the current VMCS. NULL, or the control that this CPU does not offer. */
const char *vmx_set_up(struct vcpu *v, struct hv_options options);

/* setup.c: may all of @bits be 1 in this control field, PIN_BASED_CONTROLS ... ENTRY_CONTROLS? */
bool vmx_allows(enum vmcs_field field, u32 bits);

/* vmx.c: sets or clears @bits of a control field. */
void vmx_set_bits(enum vmcs_field field, u32 bits, bool on);

/* setup.c: preemption-timer count after which a guest that does not exit is given up. */
u32 vmx_guard_ticks(void);

/* setup.c */
void vmx_intercept_rdmsr(struct vcpu *v, u32 msr, bool on);

/* ept.c: value of the EPT pointer for an identity map of the first 4 GiB. */
u64 vmx_identity_ept(void);

/* ept.c */
void vmx_map_page(struct vcpu *v, u64 address, bool present);

/* failure.c: why VMLAUNCH or VMRESUME returned; @code as vmx_enter() gave it. */
const char *vmx_entry_refused(int code);

/* failure.c: which field of the guest state looks wrong after an entry failure. */
const char *vmx_suspect_guest_state(void);

/* entry.S: 0 after an exit, else how the entry failed. */
enum { VMX_FAIL_INVALID = 1, VMX_FAIL_VALID = 2 };
int vmx_enter(struct vcpu *v);
extern const u8 vmx_exited[]; /* host RIP */

#endif
