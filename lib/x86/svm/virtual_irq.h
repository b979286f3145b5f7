/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that starts with a virtual interrupt pending (V_IRQ).
 */
#ifndef ORDEAL_SVM_VIRTUAL_IRQ_H
#define ORDEAL_SVM_VIRTUAL_IRQ_H

#include "hv/hv.h"
#include "stage/case.h"
#include "svm/controls.h"

enum { VEC_VIRTUAL = 0x70, CLASS = VEC_VIRTUAL >> 4 };

static const struct virtual_irq plain = { .vector = VEC_VIRTUAL, .priority = CLASS };

/* The case's scene becomes a guest at its first step, with this IF, and V_IRQ pending. */
static inline struct vcpu *start_with_virtual_irq(bool interrupts_on, struct virtual_irq irq)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	if (interrupts_on)
		the_scene()->in_rflags |= RFLAGS_IF;
	v = hv_start();
	svm_virtual_irq(v, irq);
	return v;
}

#endif
