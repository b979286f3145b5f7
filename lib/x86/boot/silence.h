/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Before the first case nothing but us may raise an interrupt.
 */
#ifndef ORDEAL_SILENCE_H
#define ORDEAL_SILENCE_H

/* Masks every pin of every I/O APIC. Call it before lapic_init(), with IF=0. */
void silence_devices(void);

/*
 * Takes what was already requested, then watches for 10 ms whether anything else is: 2 ms under a
 * hypervisor, whose devices are software, and less where time is a count of instructions. Returns
 * the vector that was, which nobody here has asked for, or -1.
 */
int silence_lapic(void);

#endif
