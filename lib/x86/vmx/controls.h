/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a case sets in a VMCS that SVM has no equal of. vmx_offers() and vmx_offers_activity() are
 * for require(), and may be asked at any time, on any processor. The calls that take a vcpu are for
 * the time between hv_start() and an entry, on VMX, and with a control that is offered: any other
 * call ends the boot.
 */
#ifndef ORDEAL_VMX_CONTROLS_H
#define ORDEAL_VMX_CONTROLS_H

#include "hv/hv.h"
#include "vmx/vmcs.h"

/* Controls that are one bit: chapter "Virtual Machine Control Structures" of the Intel SDM. */
enum vmx_control {
	VMX_INTERRUPT_WINDOW,
	VMX_NMI_WINDOW,	  /* with VMX_VIRTUAL_NMIS */
	VMX_VIRTUAL_NMIS, /* with INTERCEPT_NMI */
	VMX_MONITOR_TRAP_FLAG,
	VMX_PREEMPTION_TIMER, /* on already where it is offered; see vmx_preemption_timer() */
	VMX_POSTED_INTERRUPTS,
	VMX_ACKNOWLEDGE_ON_EXIT,
	VMX_INVLPG_EXITING,
	VMX_RDTSC_EXITING,
	VMX_CR3_LOAD_EXITING,
	VMX_MOV_DR_EXITING,
	VMX_IO_EXITING,
	VMX_RDTSCP,		/* off: RDTSCP is undefined */
	VMX_INVPCID,		/* off: INVPCID is undefined */
	VMX_UNRESTRICTED_GUEST, /* with hv_options.nested_paging */
};

/* Is this VMX, and may the control be 1? */
bool vmx_offers(enum vmx_control control);

/* Is this VMX, and can a guest be entered in this activity state? "Miscellaneous Data" */
bool vmx_offers_activity(enum activity activity);

/* Sets a control that is offered. Any control may be cleared: one that is not offered is 0. */
void vmx_control(struct vcpu *v, enum vmx_control control, bool on);

/*
 * "VMX-Preemption Timer": the guest exits when it has run for @ticks of the timer's clock, with 0 at
 * the next entry. vmx_guard_timer() sets the timer back to the time after which a guest that does
 * not exit is given up; it does nothing where there is no timer.
 */
void vmx_preemption_timer(struct vcpu *v, u32 ticks);
void vmx_guard_timer(struct vcpu *v);

/* "Activity State": what the last exit left there, and what the next entry finds there. */
enum activity vmx_activity(struct vcpu *v);
void vmx_set_activity(struct vcpu *v, enum activity activity); /* one that VMX offers */

/* "Pending Debug Exceptions" */
enum pending_debug {
	PENDING_B0 = 1 << 0,
	PENDING_ENABLED_BREAKPOINT = 1 << 12,
	PENDING_BS = 1 << 14,
};

/* What the last exit left in that field, and what the next entry finds there. */
u64 vmx_pending_debug(struct vcpu *v);
void vmx_set_pending_debug(struct vcpu *v, u64 bits);

/* From now on root executes no IRET after an NMI exit: nmi_unblock() is left to the case. */
void vmx_keep_nmis_blocked(struct vcpu *v);

/*
 * Makes the NMI pending once more before the next entry. Any exit but the NMI's own unblocks NMIs
 * in root, where the pending one is lost.
 */
void vmx_pend_nmi_again(void);

/* The first VMLAUNCH comes right after an STI or MOV SS of root's own. */
enum vmx_shadow { VMX_AFTER_STI, VMX_AFTER_MOV_SS };
void vmx_enter_after(struct vcpu *v, enum vmx_shadow shadow);

/*
 * Tries to enter, which must fail as VMfailValid, and returns the VM-instruction error. The next
 * entry is by a plain VMLAUNCH.
 */
u64 vmx_refusal(struct vcpu *v);

#endif
