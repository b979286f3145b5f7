/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a case sets in a VMCB that VMX has no equal of. svm_offers() is for require(), and may be
 * asked at any time, on any processor. The calls that take a vcpu are for the time between
 * hv_start() and an entry, on SVM, and with a feature that is offered: whoever breaks that ends the
 * boot.
 */
#ifndef ORDEAL_SVM_CONTROLS_H
#define ORDEAL_SVM_CONTROLS_H

#include "hv/hv.h"
#include "svm/vmcb.h"

/* Is this SVM, and does it have @feature? */
bool svm_offers(enum svm_feature feature);

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

/*
 * A virtual NMI is pending, and NMIs are intercepted: "NMI Virtualization". Needs the VNMI feature.
 */
void svm_virtual_nmi(struct vcpu *v);

/* The guest has a GIF of its own, and this is its value. Needs the VGIF feature. */
void svm_virtual_gif(struct vcpu *v, bool on);

/*
 * HLT exits unless a virtual interrupt is pending: "Instruction Intercepts". Needs the IDLE_HLT
 * feature.
 */
void svm_intercept_idle_hlt(struct vcpu *v);

/* The bits of enum virtual_interrupt as the last exit left them. */
u64 svm_virtual_interrupts(struct vcpu *v);

/* V_INTR_MASKING: with it the host's IF at VMRUN, and not the
 * guest's, gates physical interrupts. */
void svm_interrupt_masking(struct vcpu *v, bool on);

/* RFLAGS.IF of root at the next VMRUNs. GIF is 0 there, so root itself sees no interrupt. */
void svm_host_if(struct vcpu *v, bool on);

/* Root executes the next VMRUNs right after an STI that sets IF, in its shadow. */
void svm_host_sti(struct vcpu *v);

/* RFLAGS.TF of root at the next VMRUN; the handler of #DB must clear it. */
void svm_host_tf(struct vcpu *v);

/*
 * Opens GIF in root for a few instructions, with RFLAGS.IF (and TF, from before STGI on) as in
 * @rflags: what is pending is delivered, and recorded, there. Which instruction after STGI is the
 * first open one is left open.
 */
void svm_open_gif(struct vcpu *v, u64 rflags);

/* Opens GIF as svm_open_gif() does; calls @function just before STGI, and again soon after it. */
void svm_call_around_stgi(struct vcpu *v, u64 rflags, void (*function)(void));

/* A function that does nothing, for a breakpoint to be on: nothing else calls it. */
void svm_landmark(void);

/* Intercepts that VMX has no equal of: "Instruction Intercepts". */
void svm_intercept(struct vcpu *v, enum svm_intercept what, bool on);

/* Accesses to this port exit: "IOIO Intercepts". */
void svm_intercept_port(struct vcpu *v, u16 port, bool on);

/* DR6 in the VMCB. */
u64 svm_dr6(struct vcpu *v);

#endif
