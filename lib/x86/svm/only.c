/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See only.h.
 */
#include "svm/only.h"
#include "stage/case.h"
#include "svm/svm.h"

static void require_svm(const struct vcpu *v)
{
	if (v->vendor != &svm_vendor)
		skip("this row is about SVM, and this is VMX");
}

void svm_virtual_irq(struct vcpu *v, struct virtual_irq irq)
{
	require_svm(v);
	svm_vmcb.virtual_interrupt &= V_INTR_MASKING | V_GIF | V_GIF_ENABLE | V_NMI | V_NMI_ENABLE;
	svm_vmcb.virtual_interrupt |= V_IRQ | irq.tpr | (u64)irq.priority << V_INTR_PRIO_SHIFT |
				      (u64)irq.vector << V_INTR_VECTOR_SHIFT |
				      (irq.ignore_tpr ? V_IGN_TPR : 0);
}

static void require_feature(const struct vcpu *v, u32 bit, const char *what)
{
	require_svm(v);
	if (!(cpuid(SVM_LEAF, 0).edx & bit))
		skip("needs %s", what);
}

void svm_virtual_nmi(struct vcpu *v)
{
	require_feature(v, CPUID_8000000A_EDX_VNMI, "virtual NMIs (CPUID 8000000A EDX bit 25)");
	svm_set_intercept(SVM_INTERCEPT_NMI, true);
	svm_vmcb.virtual_interrupt |= V_NMI_ENABLE | V_NMI;
}

void svm_virtual_gif(struct vcpu *v, bool on)
{
	require_feature(v, CPUID_8000000A_EDX_VGIF, "a virtual GIF (CPUID 8000000A EDX bit 16)");
	svm_vmcb.virtual_interrupt &= ~(u64)V_GIF;
	svm_vmcb.virtual_interrupt |= V_GIF_ENABLE | (on ? V_GIF : 0);
}

void svm_intercept_idle_hlt(struct vcpu *v)
{
	require_feature(v, CPUID_8000000A_EDX_IDLE_HLT,
			"the idle-HLT intercept (CPUID 8000000A EDX bit 30)");
	svm_set_intercept(SVM_INTERCEPT_IDLE_HLT, true);
}

u64 svm_virtual_interrupts(struct vcpu *v)
{
	require_svm(v);
	return svm_vmcb.virtual_interrupt;
}

bool svm_virtual_irq_pending(struct vcpu *v)
{
	require_svm(v);
	return svm_vmcb.virtual_interrupt & V_IRQ;
}

void svm_interrupt_masking(struct vcpu *v, bool on)
{
	require_svm(v);
	svm_vmcb.virtual_interrupt &= ~(u64)V_INTR_MASKING;
	if (on)
		svm_vmcb.virtual_interrupt |= V_INTR_MASKING;
}

void svm_host_if(struct vcpu *v, bool on)
{
	require_svm(v);
	v->host_rflags = RFLAGS_FIXED | (on ? RFLAGS_IF : 0);
}

void svm_host_sti(struct vcpu *v)
{
	require_svm(v);
	v->host_opener = (u64)svm_opener_sti;
}

void svm_host_tf(struct vcpu *v)
{
	require_svm(v);
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
	require_svm(v);
	svm_gif_window(RFLAGS_FIXED | rflags, function, function);
}

void svm_intercept(struct vcpu *v, enum svm_intercept what, bool on)
{
	require_svm(v);
	svm_set_intercept(what, on);
}

void svm_intercept_port(struct vcpu *v, u16 port, bool on)
{
	require_svm(v);
	svm_set_intercept(SVM_INTERCEPT_IO, true);
	svm_set_port_intercept(port, on);
}

u64 svm_dr6(struct vcpu *v)
{
	require_svm(v);
	return svm_vmcb.dr6;
}
