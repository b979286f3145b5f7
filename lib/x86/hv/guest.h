/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps for scenes that run as the shim's guest, in whichever mode the LAPIC is.
 */
#ifndef ORDEAL_HV_GUEST_H
#define ORDEAL_HV_GUEST_H

#include "stage/case.h"
#include "hv/hv.h"
#include "machine/nmi.h"

/* Sections of the manuals that more than one family cites. */
#define EVENT_INJECTION "SDM 3C, Event Injection; APM 2, Event Injection"
#define FAULTS_VS_EXITS                                                                            \
	"SDM 3C, Relative Priority of Faults and VM Exits; APM 2, Instruction Intercepts"
#define VMX_INTERRUPTIBILITY "SDM 3C, Interruptibility State"

static inline u16 in_lapic_mode(u16 x2apic, u16 xapic)
{
	return this_cpu.lapic_mode == LAPIC_X2APIC ? x2apic : xapic;
}

/* The guest sends itself vector VEC, and goes on when it is in IRR. Two steps,
 * IF is not touched. */
#define GUEST_PENDS_IRQ                                                                            \
	in_lapic_mode(SELF_IPI_X2APIC, SELF_IPI_XAPIC),                                            \
		in_lapic_mode(WAIT_IRR_X2APIC, WAIT_IRR_XAPIC)

/* The guest starts the timer with the count in R11; see guest_timer(). */
#define GUEST_ARMS_TIMER      in_lapic_mode(ARM_TIMER_X2APIC, ARM_TIMER_XAPIC)
#define GUEST_WAITS_FOR_TIMER in_lapic_mode(WAIT_IRR_X2APIC, WAIT_IRR_XAPIC)

static inline void guest_timer(u32 ticks)
{
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	the_scene()->in.r11 = ticks;
}

/* Root waits until the interrupt that the guest started is pending. */
static inline void wait_in_root(u8 vector)
{
	enum { POLLS = 1 << 22 };

	for (int i = 0; i < POLLS; i++)
		if (lapic_irr(vector))
			return;
	error("vector %#x is not in IRR after %d polls in root", vector, POLLS);
}

/* A guest that has not executed anything yet: IF=1, RIP at the first step. After scene(). */
static inline struct vcpu *start_with_interrupts_on(void)
{
	the_scene()->in_rflags |= RFLAGS_IF;
	return hv_start();
}

/* on_delivery: every handler returns with TF=0, so that stepping ends with the first event. */
static inline void stop_stepping(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	frame->rflags &= ~(u64)RFLAGS_TF;
}

/* Makes an NMI pending while root blocks it: VMX root inside an NMI handler, SVM root by GIF=0. */
static inline void pend_nmi(void)
{
	if (hv_is_vmx())
		nmi_block();
	nmi_send_self();
}

/*
 * The same before each of several entries: an exit that is not the NMI's lets it go by in root,
 * where it is dropped. VMX.
 */
static inline void repend_nmi(void)
{
	nmi_block();
	nmi_dismiss_all();
	nmi_send_self();
}

#endif
