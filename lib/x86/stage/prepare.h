/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers for instructions that should do nothing but be executed: an MSR that exists, a device
 * whose access is harmless, the value that a control register has. Called after scene().
 */
#ifndef ORDEAL_PREPARE_H
#define ORDEAL_PREPARE_H

#include "stage/case.h"

static inline void no_preparation(void)
{
}

static inline void known_msr(void)
{
	the_scene()->in.rcx = MSR_KERNEL_GS;
}

/* The I/O APIC's index register. */
static inline void device_address(void)
{
	the_scene()->in.rbp = 0xfec00000;
}

static inline void same_cr0(void)
{
	the_scene()->in.rax = read_cr0();
}

static inline void same_cr3(void)
{
	the_scene()->in.rax = read_cr3();
}

#endif
