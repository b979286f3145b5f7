/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NMI comes at once, outside any scene; an interrupt in the case's first scene that opens the
 * window, or it stays in IRR.
 */
#include "stage/noise.h"
#include "machine/lapic.h"
#include "machine/nmi.h"
#include "machine/percpu.h"

enum { VECTOR = 0xee };

static enum noise noise;

void noise_set(enum noise chosen)
{
	noise = chosen;
}

static u32 strays_before;

void noise_begin(unsigned int attempt)
{
	strays_before = this_cpu.strays;
	if (noise == NOISE_NMIS || (noise == NOISE_NMI && !attempt))
		nmi_send_stray();
	if (noise == NOISE_VECTORS || (noise == NOISE_VECTOR && !attempt))
		lapic_send_stray(VECTOR);
}

u32 noise_heard(void)
{
	int vector = lapic_strange();

	if (vector >= 0) {
		this_cpu.strays++;
		this_cpu.stray_vector = (u8)vector;
	}
	return this_cpu.strays - strays_before;
}
