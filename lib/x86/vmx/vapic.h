/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "APIC Virtualization and Virtual Interrupts": a guest with an APIC of its own. Above each way to
 * start one is the text for require() that names what it needs; it may be called only where that is
 * offered.
 */
#ifndef ORDEAL_VMX_VAPIC_H
#define ORDEAL_VMX_VAPIC_H

#include "hv/hv.h"

/*
 * Virtual-interrupt delivery to a guest in x2APIC mode, the only one in which its handlers read a
 * virtual ISR. External interrupts exit. Nothing is requested or in service, VTPR is 0.
 */
#define VAPIC_DELIVERY                                                                             \
	"virtual-interrupt delivery in x2APIC mode (IA32_VMX_PROCBASED_CTLS bit 53, "              \
	"IA32_VMX_PROCBASED_CTLS2 bits 36, 40 and 41; CPUID 1 ECX bit 21, apic=x2apic)"
bool vapic_offers_delivery(void);
void vapic_start(struct vcpu *v);

/*
 * Virtual x2APIC mode without virtual-interrupt delivery: VTPR is @vtpr, and lowering it below
 * @threshold exits (both are classes, 0..15).
 */
#define VAPIC_TPR_SHADOW                                                                           \
	"a TPR shadow in x2APIC mode (IA32_VMX_PROCBASED_CTLS bit 53, "                            \
	"IA32_VMX_PROCBASED_CTLS2 bit 36; CPUID 1 ECX bit 21, apic=x2apic)"
bool vapic_offers_tpr_shadow(void);
void vapic_start_tpr_shadow(struct vcpu *v, unsigned int vtpr, unsigned int threshold);

/* Requests the vector: VIRR, and RVI if it is the highest. Puts it in service: VISR and SVI. */
void vapic_request(struct vcpu *v, u8 vector);
void vapic_in_service(struct vcpu *v, u8 vector);

/* Sets VTPR to a class, 0..15. */
void vapic_tpr(struct vcpu *v, unsigned int class);

/* The guest exits after the instruction that signals EOI of this vector. */
void vapic_exit_on_eoi(struct vcpu *v, u8 vector);

/* Is the vector in VIRR, is it in VISR? */
bool vapic_requested(struct vcpu *v, u8 vector);
bool vapic_serves(struct vcpu *v, u8 vector);

/*
 * "Posted-Interrupt Processing": posts @vector, with the outstanding-notification bit set, and makes
 * @notification the vector that announces it. After vapic_start().
 */
#define VAPIC_POSTING "posted interrupts (IA32_VMX_PINBASED_CTLS bit 39, IA32_VMX_EXIT_CTLS bit 47)"
bool vapic_offers_posting(void);
void vapic_post(struct vcpu *v, u8 notification, u8 vector);

/*
 * An APIC in memory. Returns the page that "virtualize APIC accesses" stands in for; a write to an
 * offset of it is virtualized, and exits after the instruction. Instead of vapic_start().
 */
#define VAPIC_MEMORY_MAPPED                                                                        \
	"virtualized APIC accesses and registers (IA32_VMX_PROCBASED_CTLS bit 53, "                \
	"IA32_VMX_PROCBASED_CTLS2 bits 32 and 40)"
bool vapic_offers_memory_mapped(void);
u64 vapic_start_memory_mapped(struct vcpu *v);

/*
 * "TPR Virtualization" and nothing else: VM entry exits at once while @threshold is above @vtpr
 * (both are classes, 0..15). Instead of the others.
 */
#define VAPIC_TPR_THRESHOLD                                                                        \
	"a TPR shadow and virtualized APIC accesses (IA32_VMX_PROCBASED_CTLS bit 53, "             \
	"IA32_VMX_PROCBASED_CTLS2 bit 32)"
bool vapic_offers_tpr_threshold(void);
void vapic_tpr_threshold(struct vcpu *v, unsigned int vtpr, unsigned int threshold);

#endif
