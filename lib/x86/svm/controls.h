/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a case sets in a VMCB that VMX has no equal of. svm_offers() is for require(), and may be
 * asked at any time, on any processor. The calls that take a vcpu are for the time between
 * hv_start() and an entry, on SVM, and with a feature that is offered: any other call ends the
 * boot.
 */
#ifndef ORDEAL_SVM_CONTROLS_H
#define ORDEAL_SVM_CONTROLS_H

#include "hv/hv.h"
#include "svm/vmcb.h"

/* Is this SVM, and does it have @feature? */
bool svm_offers(enum svm_feature feature);

/* "Virtual Interrupts": the fields beside V_IRQ. */
struct virtual_irq {
	u8 vector;
	u8 priority;	 /* V_INTR_PRIO, 0..15 */
	u8 tpr;		 /* V_TPR, 0..15 */
	bool ignore_tpr; /* V_IGN_TPR */
};

/* Makes this virtual interrupt pending. */
void svm_virtual_irq(struct vcpu *v, struct virtual_irq irq);

/* Is V_IRQ still pending in the VMCB? */
bool svm_virtual_irq_pending(struct vcpu *v);

/*
 * Makes a virtual NMI pending, and intercepts NMIs: "NMI Virtualization". Needs the VNMI feature.
 * Among the conditions for taking one is that virtual interrupts are enabled with VGIF: where there
 * is a virtual GIF, the guest gets one, set.
 */
void svm_virtual_nmi(struct vcpu *v);

/* Gives the guest a GIF of its own, with this value: "Virtual GIF (VGIF)". Needs the VGIF feature. */
void svm_virtual_gif(struct vcpu *v, bool on);

/*
 * HLT exits unless a virtual interrupt is pending: "Instruction Intercepts". Needs the IDLE_HLT
 * feature.
 */
void svm_intercept_idle_hlt(struct vcpu *v);

/* The bits of enum virtual_interrupt as the last exit left them. */
u64 svm_virtual_interrupts(struct vcpu *v);

/* V_INTR_MASKING: the host's IF at VMRUN gates physical interrupts, and the guest's does not. */
void svm_interrupt_masking(struct vcpu *v, bool on);

/* RFLAGS.IF of root at the next VMRUNs. GIF is 0 there, so root itself sees no interrupt. */
void svm_host_if(struct vcpu *v, bool on);

/* Root executes the next VMRUNs right after an STI that sets IF, in its shadow. */
void svm_host_sti(struct vcpu *v);

/* RFLAGS.TF of root at the next VMRUN; the handler of #DB must clear it. */
void svm_host_tf(struct vcpu *v);

/*
 * Opens GIF in root for a few instructions, with RFLAGS.IF as in @rflags, and TF, which traps even
 * before STGI. What is pending is delivered, and recorded, there; at which instruction after STGI,
 * the APM does not say.
 */
void svm_open_gif(struct vcpu *v, u64 rflags);

/* Opens GIF as svm_open_gif() does; calls @function just before STGI, and again soon after it. */
void svm_call_around_stgi(struct vcpu *v, u64 rflags, void (*function)(void));

/* A function that does nothing: a place for a breakpoint, which nothing else executes. */
void svm_landmark(void);

/* "Instruction Intercepts" */
void svm_intercept(struct vcpu *v, enum svm_intercept what, bool on);

/* The guest exits on accesses to this port: "IOIO Intercepts". */
void svm_intercept_port(struct vcpu *v, u16 port, bool on);

/* DR6, as the last exit left it in the VMCB. */
u64 svm_dr6(struct vcpu *v);

#endif
