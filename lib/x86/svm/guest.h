/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests that start with a virtual interrupt pending.
 */
#ifndef ORDEAL_SVM_GUEST_H
#define ORDEAL_SVM_GUEST_H

#include "hv/guest.h"
#include "svm/only.h"

#define VIRTUAL_INTERRUPTS "APM 2, Injecting Virtual (INTR) Interrupts"

enum { VEC_VIRTUAL = 0x70, CLASS = VEC_VIRTUAL >> 4 };

static const struct virtual_irq plain = { .vector = VEC_VIRTUAL, .priority = CLASS };

/* A guest at its first step with this IF, and V_IRQ pending. */
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
