/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NMI that comes by itself, some time from now: channel 0 of the PIT (8254) through the I/O
 * APIC, whose redirection entry says NMI ("82093AA I/O Advanced Programmable Interrupt Controller",
 * delivery mode; in the SDM's LVT the timer has fixed delivery only). It is the one source of NMIs
 * that needs neither a second CPU nor performance counters. It also guards what might sleep for
 * ever.
 */
#ifndef ORDEAL_NMI_TIMER_H
#define ORDEAL_NMI_TIMER_H

#include "base/types.h"

enum {
	NMI_TIMER_GUARD = 0xffff, /* 55 ms */
};

/*
 * A PIT count, long enough for a scene to have begun, and the number of instructions until its NMI;
 * 0 if no NMI came.
 */
struct nmi_distance {
	u16 count;
	u64 instructions;
};

/*
 * Routes the PIT to this CPU as NMI, and tries it; ends the case as SKIP if no NMI comes. Call it
 * after scene(), whose handlers record the NMI; the log is empty afterwards. The stage stops the
 * timer when the case is over.
 */
struct nmi_distance require_nmi_timer(void);

/*
 * One NMI, @count ticks of the PIT (1 to 65535; 838 ns each) from now, unless it is armed anew. It
 * is recorded: a scene must be playing when it comes.
 */
void nmi_timer_arm(u16 count);

/* From now on an NMI is recorded: for a scene that arms it by itself (ARM_NMI). */
void nmi_timer_record(void);

/* Stops the timer. An NMI that still comes is dropped. */
void nmi_timer_disarm(void);

#endif
