/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only SVM has. Each call SKIPs the case on VMX. Call between hv_start() and an entry.
 */
#ifndef ORDEAL_SVM_ONLY_H
#define ORDEAL_SVM_ONLY_H

#include "hv/hv.h"

/* "Virtual Interrupts": what V_IRQ is pended with. */
struct virtual_irq {
	u8 vector;
	u8 priority;	 /* V_INTR_PRIO, 0..15 */
	u8 tpr;		 /* V_TPR, 0..15 */
	bool ignore_tpr; /* V_IGN_TPR */
};

void svm_virtual_irq(struct vcpu *v, struct virtual_irq irq);

/* Is V_IRQ still pending in the VMCB? */
bool svm_virtual_irq_pending(struct vcpu *v);

/* V_INTR_MASKING: with it the host's IF at VMRUN, and not the
 * guest's, gates physical interrupts. */
void svm_interrupt_masking(struct vcpu *v, bool on);

/* RFLAGS.IF of root at the next VMRUNs. GIF is 0 there, so root itself sees no interrupt. */
void svm_host_if(struct vcpu *v, bool on);

/* Intercepts that VMX has no equal of. */
void svm_intercept_virtual_interrupt(struct vcpu *v, bool on);
void svm_intercept_icebp(struct vcpu *v, bool on);

/* DR6 in the VMCB. */
u64 svm_dr6(struct vcpu *v);

#endif
