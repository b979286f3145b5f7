/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steps by which a guest makes an interrupt pending itself, with a self-IPI or with its timer.
 */
#ifndef ORDEAL_HV_GUEST_IRQ_H
#define ORDEAL_HV_GUEST_IRQ_H

#include "machine/lapic.h"
#include "stage/case.h"

/*
 * Two steps: the guest sends itself vector VEC, and goes on when it is in IRR. IF is not touched.
 */
#define GUEST_PENDS_IRQ	      SELF_IPI, WAIT_IRR

/* The guest starts the timer that guest_timer() has prepared, and waits until it has fired. */
#define GUEST_ARMS_TIMER      ARM_TIMER
#define GUEST_WAITS_FOR_TIMER WAIT_IRR

/* The guest's timer sends VEC, once, @ticks of the timer's clock after GUEST_ARMS_TIMER. */
static inline void guest_timer(u32 ticks)
{
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	the_scene()->in.r11 = ticks;
}

#endif
