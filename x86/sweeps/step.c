/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer interrupt moved across code that is single-stepped. The trap of a step comes before the
 * interrupt of the same boundary, and the interrupt's handler is not stepped: wherever it arrives,
 * every instruction traps once, in order.
 */
#include "base/text.h"
#include "sweep/sweep.h"

enum { STEPS = 8 };

enum where { BEFORE, BETWEEN, LATER, WHERE_COUNT };

static void lay_out(const void *argument)
{
	struct scene *s = the_scene();
	u16 steps[STEPS];

	(void)argument;
	for (size_t i = 0; i < STEPS; i++)
		steps[i] = NOP;
	steps[1] = L(NOP);
	scene_build(s, steps, STEPS);
	s->in_rflags |= RFLAGS_IF | RFLAGS_TF;
}

static u64 boundary(const struct layout *layout, size_t i)
{
	return i < layout->step_count ? layout->addresses[i] : layout->landing;
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct want irq = IRQ(VEC), step = DB(DR6(DR6_BS), TF(1));
	size_t traps = 0;
	int where = LATER;

	(void)argument;
	for (size_t i = 0; i < trace->count; i++) {
		const struct event *event = &trace->events[i];

		*reason = "the interrupt came at another boundary than the last trap's";
		if (!want_mismatch(&irq, layout, event)) {
			if (where != LATER || event->entry->rip != boundary(layout, traps))
				return -1;
			where = traps ? BETWEEN : BEFORE;
			continue;
		}
		*reason = "a step did not trap, or not once";
		if (want_mismatch(&step, layout, event) ||
		    event->entry->rip != boundary(layout, ++traps))
			return -1;
	}
	*reason = "steps were lost";
	return traps == layout->step_count ? where : -1;
}

static const char *const names[WHERE_COUNT] = {
	[BEFORE] = "IRQ(%v)@the first step; #DB@each boundary",
	[BETWEEN] = "#DB@each boundary; IRQ(%v)@between two steps",
	[LATER] = "#DB@each boundary; IRQ(%v)@later",
};

CASE(irq, "X06",
     "a timer interrupt is moved across single-stepped code: every instruction traps once, and the interrupt comes once",
     SINGLE_STEP_SDM "; " PRIORITY_TABLE)
{
	const struct sweep sweep = {
		.reaching = "between two steps",
		.orders = WHERE_COUNT,
		.reach = { BETWEEN, BETWEEN },
		.lay_out = lay_out,
		.classify = classify,
		.names = names,
	};

	sweep_run(&sweep, NULL);
}
