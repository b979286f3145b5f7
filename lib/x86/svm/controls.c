/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bits of the VMCB that only SVM has, and what root has in its own RFLAGS and GIF.
 */
#include "svm/controls.h"
#include "machine/processor.h"
#include "report/panic.h"
#include "svm/svm.h"

bool svm_offers(enum svm_feature feature)
{
	return hv_is_svm() && cpuid(SVM_LEAF, 0).edx & feature;
}

static struct vmcb *vmcb(struct vcpu *v)
{
	return &svm_current(v)->vmcb;
}

void svm_virtual_irq(struct vcpu *v, struct virtual_irq irq)
{
	u64 others = V_INTR_MASKING | V_GIF | V_GIF_ENABLE | V_NMI | V_NMI_ENABLE;

	vmcb(v)->virtual_interrupt &= others;
	vmcb(v)->virtual_interrupt |= V_IRQ | irq.tpr | (u64)irq.priority << V_INTR_PRIO_SHIFT |
				      (u64)irq.vector << V_INTR_VECTOR_SHIFT |
				      (irq.ignore_tpr ? V_IGN_TPR : 0);
}

void svm_virtual_nmi(struct vcpu *v)
{
	ASSERT(svm_offers(CPUID_8000000A_EDX_VNMI));
	svm_set_intercept(vmcb(v), SVM_INTERCEPT_NMI, true);
	vmcb(v)->virtual_interrupt |= V_NMI_ENABLE | V_NMI;
	if (svm_offers(CPUID_8000000A_EDX_VGIF))
		svm_virtual_gif(v, true);
}

void svm_virtual_gif(struct vcpu *v, bool on)
{
	ASSERT(svm_offers(CPUID_8000000A_EDX_VGIF));
	vmcb(v)->virtual_interrupt &= ~(u64)V_GIF;
	vmcb(v)->virtual_interrupt |= V_GIF_ENABLE | (on ? V_GIF : 0);
}

void svm_intercept_idle_hlt(struct vcpu *v)
{
	ASSERT(svm_offers(CPUID_8000000A_EDX_IDLE_HLT));
	svm_set_intercept(vmcb(v), SVM_INTERCEPT_IDLE_HLT, true);
}

u64 svm_virtual_interrupts(struct vcpu *v)
{
	return vmcb(v)->virtual_interrupt;
}

bool svm_virtual_irq_pending(struct vcpu *v)
{
	return vmcb(v)->virtual_interrupt & V_IRQ;
}

void svm_interrupt_masking(struct vcpu *v, bool on)
{
	vmcb(v)->virtual_interrupt &= ~(u64)V_INTR_MASKING;
	if (on)
		vmcb(v)->virtual_interrupt |= V_INTR_MASKING;
}

static void set_root_rflags(struct vcpu *v, u64 rflags)
{
	svm_current(v)->vcpu.root_rflags = rflags;
	if (v->opener == svm_opener)
		v->opener = svm_opener_flags;
}

void svm_host_if(struct vcpu *v, bool on)
{
	set_root_rflags(v, RFLAGS_FIXED | (on ? RFLAGS_IF : 0));
}

void svm_host_sti(struct vcpu *v)
{
	svm_current(v)->vcpu.opener = svm_opener_sti;
}

void svm_host_tf(struct vcpu *v)
{
	set_root_rflags(v, v->root_rflags | RFLAGS_TF);
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
	svm_current(v);
	svm_gif_window(RFLAGS_FIXED | rflags, function, function);
}

void svm_intercept(struct vcpu *v, enum svm_intercept what, bool on)
{
	svm_set_intercept(vmcb(v), what, on);
}

void svm_intercept_port(struct vcpu *v, u16 port, bool on)
{
	svm_set_intercept(vmcb(v), SVM_INTERCEPT_IO, true);
	svm_set_port_intercept(svm_current(v), port, on);
}

u64 svm_dr6(struct vcpu *v)
{
	return vmcb(v)->dr6;
}
