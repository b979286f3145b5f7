/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bits of the VMCB that are SVM's alone, and how root enters.
 */
#include "svm/controls.h"
#include "machine/processor.h"
#include "report/panic.h"
#include "svm/svm.h"

bool svm_offers(enum svm_feature feature)
{
	return hv_is_svm() && cpuid(SVM_LEAF, 0).edx & feature;
}

void svm_virtual_irq(struct vcpu *v, struct virtual_irq irq)
{
	ASSERT(v->vendor == &svm_vendor);
	svm_vmcb.virtual_interrupt &= V_INTR_MASKING | V_GIF | V_GIF_ENABLE | V_NMI | V_NMI_ENABLE;
	svm_vmcb.virtual_interrupt |= V_IRQ | irq.tpr | (u64)irq.priority << V_INTR_PRIO_SHIFT |
				      (u64)irq.vector << V_INTR_VECTOR_SHIFT |
				      (irq.ignore_tpr ? V_IGN_TPR : 0);
}

void svm_virtual_nmi(struct vcpu *v)
{
	ASSERT(v->vendor == &svm_vendor && svm_offers(CPUID_8000000A_EDX_VNMI));
	svm_set_intercept(SVM_INTERCEPT_NMI, true);
	svm_vmcb.virtual_interrupt |= V_NMI_ENABLE | V_NMI;
}

void svm_virtual_gif(struct vcpu *v, bool on)
{
	ASSERT(v->vendor == &svm_vendor && svm_offers(CPUID_8000000A_EDX_VGIF));
	svm_vmcb.virtual_interrupt &= ~(u64)V_GIF;
	svm_vmcb.virtual_interrupt |= V_GIF_ENABLE | (on ? V_GIF : 0);
}

void svm_intercept_idle_hlt(struct vcpu *v)
{
	ASSERT(v->vendor == &svm_vendor && svm_offers(CPUID_8000000A_EDX_IDLE_HLT));
	svm_set_intercept(SVM_INTERCEPT_IDLE_HLT, true);
}

u64 svm_virtual_interrupts(struct vcpu *v)
{
	ASSERT(v->vendor == &svm_vendor);
	return svm_vmcb.virtual_interrupt;
}

bool svm_virtual_irq_pending(struct vcpu *v)
{
	ASSERT(v->vendor == &svm_vendor);
	return svm_vmcb.virtual_interrupt & V_IRQ;
}

void svm_interrupt_masking(struct vcpu *v, bool on)
{
	ASSERT(v->vendor == &svm_vendor);
	svm_vmcb.virtual_interrupt &= ~(u64)V_INTR_MASKING;
	if (on)
		svm_vmcb.virtual_interrupt |= V_INTR_MASKING;
}

void svm_host_if(struct vcpu *v, bool on)
{
	ASSERT(v->vendor == &svm_vendor);
	v->host_rflags = RFLAGS_FIXED | (on ? RFLAGS_IF : 0);
}

void svm_host_sti(struct vcpu *v)
{
	ASSERT(v->vendor == &svm_vendor);
	v->host_opener = (u64)svm_opener_sti;
}

void svm_host_tf(struct vcpu *v)
{
	ASSERT(v->vendor == &svm_vendor);
	v->host_rflags |= RFLAGS_TF;
}

static void do_nothing(void)
{
}

void svm_open_gif(struct vcpu *v, u64 rflags)
{
	svm_call_around_stgi(v, rflags, do_nothing);
}

void svm_call_around_stgi(struct vcpu *v, u64 rflags, void (*function)(void))
{
	ASSERT(v->vendor == &svm_vendor);
	svm_gif_window(RFLAGS_FIXED | rflags, function, function);
}

void svm_intercept(struct vcpu *v, enum svm_intercept what, bool on)
{
	ASSERT(v->vendor == &svm_vendor);
	svm_set_intercept(what, on);
}

void svm_intercept_port(struct vcpu *v, u16 port, bool on)
{
	ASSERT(v->vendor == &svm_vendor);
	svm_set_intercept(SVM_INTERCEPT_IO, true);
	svm_set_port_intercept(port, on);
}

u64 svm_dr6(struct vcpu *v)
{
	ASSERT(v->vendor == &svm_vendor);
	return svm_vmcb.dr6;
}
