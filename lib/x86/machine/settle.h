/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for what no manual gives a time for: how soon the core sees what its LAPIC was told. On
 * hardware that is a wait by the TSC of 400 ns for what concerns the LAPIC alone, and of 50 us for
 * what travels over the APIC bus; under hypervisors it is no shorter (settle.c).
 *
 * On an exact platform (argument settle=exact) there is nothing to wait for: the boundary after the
 * instruction that told the LAPIC is the first one at which the event can be taken.
 * Bochs: the write of the ICR or of the TPR itself ends in signal_event() of the addressed CPU
 * (bx_local_apic_c::deliver(), service_local_apic()), and handleAsyncEvent() looks at it before the
 * next instruction. QEMU with -icount: a device is only accessed by the last instruction of a
 * translation block; apic_bus_deliver() calls cpu_interrupt(), which makes the next block exit to
 * the main loop before its first instruction, and the loop looks at the request. In both the bound
 * is 0 instructions. prove_exact() tries it before the first case.
 */
#ifndef ORDEAL_SETTLE_H
#define ORDEAL_SETTLE_H

#include "base/types.h"

/* From now on waits go by the TSC's frequency (machine/tsc.h). */
void settle_by_time(void);

/* The MHz that waits go by; 0 on an exact platform, where nothing waits. */
u32 settle_mhz(void);

/* From now on the platform is taken to be exact. */
void settle_exactly(void);
bool settles_exactly(void);

/* Waits until the core has seen what its LAPIC was told: an interrupt in IRR, another TPR. */
void settle_lapic(void);

/* Waits until what was sent over the APIC bus has arrived: an NMI or INIT to this CPU. */
void settle_bus(void);

/*
 * @ticks, a wait longer than any stall of the host. An exact platform has no stalls, because its
 * time is its count of instructions: a thousandth of @ticks is longer than what is waited for.
 */
u64 longer_than_stalls(u64 ticks);

#endif
