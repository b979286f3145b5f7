/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "APIC Virtualization and Virtual Interrupts": a guest with an APIC of its own, in x2APIC mode.
 * Each call SKIPs the case where a control for it is missing, naming it.
 */
#ifndef ORDEAL_VMX_VAPIC_H
#define ORDEAL_VMX_VAPIC_H

#include "hv/hv.h"

/*
 * Virtual-interrupt delivery, with what it needs: a TPR shadow, virtualized x2APIC mode and
 * registers, external interrupts that exit. Nothing is requested or in service, VTPR is 0.
 */
void vapic_start(struct vcpu *v);

/* Virtual x2APIC mode without virtual-interrupt delivery: VTPR is @vtpr, and lowering it below
 * @threshold exits (both are classes, 0..15). */
void vapic_start_tpr_shadow(struct vcpu *v, unsigned int vtpr, unsigned int threshold);

/* The vector is requested: in VIRR, and RVI if it is the highest. In service: VISR and SVI. */
void vapic_request(struct vcpu *v, u8 vector);
void vapic_in_service(struct vcpu *v, u8 vector);

/* VTPR, a class, 0..15. */
void vapic_tpr(struct vcpu *v, unsigned int class);

/* EOI of the vector exits, behind the instruction. */
void vapic_exit_on_eoi(struct vcpu *v, u8 vector);

/* What is left in VIRR and VISR. */
bool vapic_requested(u8 vector);
bool vapic_serves(u8 vector);

/*
 * "Posted-Interrupt Processing": @notification is the vector that means it; it posts @vector with
 * the outstanding-notification bit set. After vapic_start().
 */
void vapic_post(struct vcpu *v, u8 notification, u8 vector);

/*
 * The page that "virtualize APIC accesses" stands in for; a write to an offset of it is
 * virtualized, and exits behind the instruction. Instead of vapic_start().
 */
u64 vapic_start_memory_mapped(struct vcpu *v);

#endif
