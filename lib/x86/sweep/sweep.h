/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sweep plays a scene again and again while an event is moved across it, and judges every sample.
 * A struct sweep says how the scene is laid out and played, and on which order a trace falls; which
 * samples are played is the search's business (search.h). Nothing may be lost: a sample whose
 * interrupt came at no boundary of the scene must leave it pending.
 */
#ifndef ORDEAL_SWEEP_H
#define ORDEAL_SWEEP_H

#include "stage/case.h"

struct sweep {
	const char *reaching; /* what @reach means, for that message: "before RDMSR" */
	int orders;   /* numbered as they arrive: 0 is before all, the last one is "later" */
	int reach[2]; /* SKIP unless some sample falls on one of these, or one between them */

	/* The name of each order. In it %v stands for the vector VEC, %i for @instruction, %f for
	 * @fault, and %h for the first instruction of its handler. */
	const char *const *names;
	u16 instruction; /* a fragment; may be none */
	struct want fault;

	/* Lays out the scene, and sets gates and breakpoints: once, on a clean stage. */
	void (*lay_out)(const void *argument);

	/*
	 * Arms the event for @ticks and plays the scene. NULL: the LAPIC's timer in one-shot mode,
	 * armed right before play(). The log is empty; what is pending afterwards must be vector
	 * VEC.
	 */
	void (*play)(const void *argument, u32 ticks);

	/* Before each sample is armed: what else must be pending. May be NULL. */
	void (*make_ready)(const void *argument);

	/*
	 * The order of a sample, or -1 with *@reason set: it is illegal. @trace: deliveries only.
	 */
	int (*classify)(const void *argument, const struct layout *layout,
			const struct trace *trace, const char **reason);

	/* May a sample fall there? For the WANT line. NULL: on every order. */
	bool (*legal)(const void *argument, int order);

	/*
	 * The sample's order is @order: checks what no trace tells, and puts back what the sweep's
	 * own means (an NMI, a device) left behind. May be NULL.
	 */
	void (*after)(const void *argument, int order);

	/*
	 * Leaves what keeps interrupts away outside the scene: SVM's root, where GIF is 0. May be
	 * NULL.
	 */
	void (*leave)(const void *argument);

	/* The event is an NMI (nmi_timer.h). The scene begins with ARM_NMI and DELAY, and ends with
	 * WAIT_FOR_NMI, in which every NMI that is late arrives; the count is in instructions. IOPL
	 * and the flag that is polled allow for CPL 3. */
	bool by_nmi;

	/* The scene may sleep for ever: the case needs the NMI timer, and its play() arms it. */
	bool guarded;
};

/*
 * Runs the whole sweep, reports it (SWEEP, SAMPLE, HIST, WANT and SEEN lines) and judges the case.
 * FAIL at the first illegal or lost sample. ERROR if the timer does not fire, is too fast, or the
 * TSC jumps; SKIP if there is no timer or it is too coarse.
 */
void sweep_run(const struct sweep *sweep, const void *argument);

/*
 * The TSC ticks that *@samples samples take, with counts from @from on, below @to. If a sweep's
 * budget is used up there are fewer, and *@samples says how many. They are judged, but not
 * reported, and the case is not judged by them. For x86/bench.c.
 */
u64 sweep_measure(const struct sweep *sweep, const void *argument, u32 *samples, u32 from, u32 to);

/* Puts the LAPIC timer in @mode for this sweep. Call from lay_out(). */
void sweep_timer(enum lapic_timer_mode mode);

#endif
