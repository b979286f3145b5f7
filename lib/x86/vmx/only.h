/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only VMX has. Each call SKIPs the case on SVM, and on a CPU that does not offer the control,
 * naming it. Call between hv_start() and an entry.
 */
#ifndef ORDEAL_VMX_ONLY_H
#define ORDEAL_VMX_ONLY_H

#include "hv/hv.h"

/* "VMX-Preemption Timer": 0 expires at the next entry. vmx_guard_timer() sets it back to the time
 * after which a guest that does not exit is given up. */
void vmx_preemption_timer(struct vcpu *v, u32 ticks);
void vmx_guard_timer(struct vcpu *v);

/* "Monitor Trap Flag" */
void vmx_monitor_trap_flag(struct vcpu *v, bool on);

/* "Virtual-NMI Blocking": with INTERCEPT_NMI. */
void vmx_virtual_nmis(struct vcpu *v, bool on);

/* "VM-Exit Controls": acknowledge interrupt on exit. */
void vmx_acknowledge_on_exit(struct vcpu *v, bool on);

/* TPR shadow with virtualized APIC accesses; entry exits at once while @threshold is above @vtpr
 * (both are classes, 0..15): "TPR Virtualization". */
void vmx_tpr_threshold(struct vcpu *v, unsigned int vtpr, unsigned int threshold);

/* Bits of "Pending Debug Exceptions". */
enum pending_debug {
	PENDING_B0 = 1 << 0,
	PENDING_ENABLED_BREAKPOINT = 1 << 12,
	PENDING_BS = 1 << 14,
};

#endif
