/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only VMX has. Each call SKIPs the case on SVM, and on a CPU that does not offer the control,
 * naming it. Call between hv_start() and an entry.
 */
#ifndef ORDEAL_VMX_ONLY_H
#define ORDEAL_VMX_ONLY_H

#include "hv/hv.h"

/* Controls that are one bit: chapter "Virtual Machine Control Structures" of the Intel SDM. */
enum vmx_control {
	VMX_MONITOR_TRAP_FLAG,
	VMX_VIRTUAL_NMIS, /* with INTERCEPT_NMI */
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

void vmx_control(struct vcpu *v, enum vmx_control control, bool on);

static inline void vmx_monitor_trap_flag(struct vcpu *v, bool on)
{
	vmx_control(v, VMX_MONITOR_TRAP_FLAG, on);
}

static inline void vmx_virtual_nmis(struct vcpu *v, bool on)
{
	vmx_control(v, VMX_VIRTUAL_NMIS, on);
}

static inline void vmx_acknowledge_on_exit(struct vcpu *v, bool on)
{
	vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, on);
}

/* "VMX-Preemption Timer": 0 expires at the next entry. vmx_guard_timer() sets it back to the time
 * after which a guest that does not exit is given up. */
void vmx_preemption_timer(struct vcpu *v, u32 ticks);
void vmx_guard_timer(struct vcpu *v);

/* TPR shadow with virtualized APIC accesses; entry exits at once while @threshold is above @vtpr
 * (both are classes, 0..15): "TPR Virtualization". */
void vmx_tpr_threshold(struct vcpu *v, unsigned int vtpr, unsigned int threshold);

/* Bits of "Pending Debug Exceptions". */
enum pending_debug {
	PENDING_B0 = 1 << 0,
	PENDING_ENABLED_BREAKPOINT = 1 << 12,
	PENDING_BS = 1 << 14,
};

/* The field, as the last exit left it. */
u64 vmx_pending_debug(struct vcpu *v);

/* From now on root executes no IRET behind an NMI exit: nmi_unblock() is left to the case. */
void vmx_keep_nmis_blocked(struct vcpu *v);

/* The first VMLAUNCH stands in the shadow of root's own STI or MOV SS. */
enum vmx_shadow { VMX_BEHIND_STI, VMX_BEHIND_MOV_SS };
void vmx_enter_behind(struct vcpu *v, enum vmx_shadow shadow);

/*
 * Tries to enter, which must fail as VMfailValid, and returns the VM-instruction error. The next
 * entry is by a plain VMLAUNCH.
 */
u64 vmx_refusal(struct vcpu *v);

#endif
