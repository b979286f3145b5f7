/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the files of family A: cases that say "a pending interrupt is served before this
 * instruction's fault or trap" and differ in nothing but the instruction. One table row each.
 */
#ifndef ORDEAL_IRQ_BEFORE_H
#define ORDEAL_IRQ_BEFORE_H

#include "stage/case.h"

#define PRIORITY "SDM 3A, Priority Among Concurrent Events; APM 2, Priorities"

#define IRQ_AT_L IRQ(VEC, AT(L), IF(1))

struct faulting {
	u16 setup; /* a fragment before the opener; NOP if none is needed */
	u16 instruction;
	void (*prepare)(void);
	struct want irq, fault;
};

static inline void irq_before_fault(const void *argument)
{
	const struct faulting *f = argument;

	scene(f->setup, STI, NOP, L(f->instruction));
	if (f->prepare)
		f->prepare();
	pend_irq(VEC);
	play();
	expect(f->irq, f->fault);
}

#define IRQ_BEFORE(id, row, sentence, ...)                                                         \
	CASE_WITH(id, row, sentence, PRIORITY, irq_before_fault, faulting, __VA_ARGS__)

/* All of it at CPL 3; IOPL is 0 unless @prepare changes it. */
static inline void irq_before_user_fault(const void *argument)
{
	const struct faulting *f = argument;

	scene(L(f->instruction), NOP);
	the_scene()->in_rflags |= RFLAGS_IF;
	if (f->prepare)
		f->prepare();
	pend_irq(VEC);
	play_at_cpl3();
	expect(f->irq, f->fault);
}

#define IRQ_BEFORE_USER(id, row, sentence, ...)                                                    \
	CASE_WITH(id, row, sentence, PRIORITY, irq_before_user_fault, faulting, __VA_ARGS__)

#endif
