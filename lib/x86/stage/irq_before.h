/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the files of rows A and B: tables of cases that say "a pending interrupt is served before
 * this instruction's fault or trap" and differ in nothing but the instruction.
 */
#ifndef ORDEAL_IRQ_BEFORE_H
#define ORDEAL_IRQ_BEFORE_H

#include "stage/case.h"

#define IRQ_AT_L IRQ(VEC, AT(L), IF(1))

struct irq_before_fault {
	u16 setup; /* a fragment before the opener; NOP if none is needed */
	u16 instruction;
	void (*prepare)(void);
	struct want irq, fault;
};

static inline void irq_before_fault(const struct irq_before_fault *f)
{
	scene(f->setup, STI, NOP, L(f->instruction));
	if (f->prepare)
		f->prepare();
	pend_irq(VEC);
	play();
	expect(f->irq, f->fault);
}

/* All of it at CPL 3; IOPL is 0 unless @prepare changes it. */
struct irq_before_user_fault {
	u16 instruction;
	void (*prepare)(void);
	struct want irq, fault;
};

static inline void irq_before_user_fault(const struct irq_before_user_fault *f)
{
	struct scene *s = scene(L(f->instruction), NOP);

	s->in_rflags |= RFLAGS_IF;
	if (f->prepare)
		f->prepare();
	pend_irq(VEC);
	play_at_cpl3();
	expect(f->irq, f->fault);
}

#endif
