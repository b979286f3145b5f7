/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps by which a guest makes an interrupt pending itself, with a self-IPI or with its timer, for
 * the mode that the LAPIC is in.
 */
#ifndef ORDEAL_HV_GUEST_IRQ_H
#define ORDEAL_HV_GUEST_IRQ_H

#include "machine/lapic.h"
#include "machine/percpu.h"
#include "stage/case.h"

static inline u16 in_lapic_mode(u16 x2apic, u16 xapic)
{
	return this_cpu.lapic_mode == LAPIC_X2APIC ? x2apic : xapic;
}

/*
 * Two steps: the guest sends itself vector VEC, and goes on when it is in IRR. IF is not touched.
 */
#define GUEST_PENDS_IRQ                                                                            \
	in_lapic_mode(SELF_IPI_X2APIC, SELF_IPI_XAPIC),                                            \
		in_lapic_mode(WAIT_IRR_X2APIC, WAIT_IRR_XAPIC)

/* The guest starts the timer that guest_timer() has prepared, and waits until it has fired. */
#define GUEST_ARMS_TIMER      in_lapic_mode(ARM_TIMER_X2APIC, ARM_TIMER_XAPIC)
#define GUEST_WAITS_FOR_TIMER in_lapic_mode(WAIT_IRR_X2APIC, WAIT_IRR_XAPIC)

/* The guest's timer sends VEC, once, @ticks of the timer's clock after GUEST_ARMS_TIMER. */
static inline void guest_timer(u32 ticks)
{
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	the_scene()->in.r11 = ticks;
}

#endif
