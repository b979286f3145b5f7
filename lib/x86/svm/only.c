/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See only.h.
 */
#include "svm/only.h"
#include "case.h"
#include "svm/svm.h"

static void require(const struct vcpu *v)
{
	if (v->vendor != &svm_vendor)
		skip("this row is about SVM, and this is VMX");
}

void svm_virtual_irq(struct vcpu *v, struct virtual_irq irq)
{
	require(v);
	svm_vmcb.virtual_interrupt &= V_INTR_MASKING;
	svm_vmcb.virtual_interrupt |= V_IRQ | irq.tpr | (u64)irq.priority << V_INTR_PRIO_SHIFT |
				      (u64)irq.vector << V_INTR_VECTOR_SHIFT |
				      (irq.ignore_tpr ? V_IGN_TPR : 0);
}

bool svm_virtual_irq_pending(struct vcpu *v)
{
	require(v);
	return svm_vmcb.virtual_interrupt & V_IRQ;
}

void svm_interrupt_masking(struct vcpu *v, bool on)
{
	require(v);
	svm_vmcb.virtual_interrupt &= ~(u64)V_INTR_MASKING;
	if (on)
		svm_vmcb.virtual_interrupt |= V_INTR_MASKING;
}

void svm_host_if(struct vcpu *v, bool on)
{
	require(v);
	v->host_if = on;
}

void svm_intercept_virtual_interrupt(struct vcpu *v, bool on)
{
	require(v);
	svm_vmcb.intercept_misc1 &= ~(u32)MISC1_VINTR;
	if (on)
		svm_vmcb.intercept_misc1 |= MISC1_VINTR;
}

void svm_intercept_icebp(struct vcpu *v, bool on)
{
	require(v);
	svm_vmcb.intercept_misc2 &= ~(u32)MISC2_ICEBP;
	if (on)
		svm_vmcb.intercept_misc2 |= MISC2_ICEBP;
}

u64 svm_dr6(struct vcpu *v)
{
	require(v);
	return svm_vmcb.dr6;
}
