/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scene is a run of NOPs with IF=1, the instruction, and more NOPs; the timer is
 * armed right before it.
 */
#include "sweep/sweep.h"
#include "base/text.h"
#include "order/vectors.h"

enum {
	SLED = 24, /* NOPs on either side */
};

static const char *const zone_format[ZONE_COUNT] = {
	[ZONE_BEFORE] = "IRQ(%1)@before %2; %3@%2",
	[ZONE_AT] = "IRQ(%1)@%2; %3@%2",
	[ZONE_ROOT_BEFORE] = "%3@%2; IRQ(%1)@root before the injection",
	[ZONE_ROOT_AFTER] = "%3@%2; IRQ(%1)@root after the injection",
	[ZONE_HANDLER_ENTRY] = "%3@%2; IRQ(%1)@%4",
	[ZONE_HANDLER] = "%3@%2; IRQ(%1)@in the handler",
	[ZONE_AFTER_IRET] = "%3@%2; IRQ(%1)@after IRET",
	[ZONE_LATER] = "%3@%2; IRQ(%1)@later",
};

/* Where root was when it saw the interrupt pending in the sample just played. */
static enum root_phase phase;

/* %1 vector, %2 instruction, %3 exception, %4 its handler's entry */
static void add_zone(const void *argument, struct text *text, int zone)
{
	const struct sweep *sweep = argument;

	for (const char *p = zone_format[zone]; *p; p++) {
		if (*p != '%') {
			text_char(text, *p);
			continue;
		}
		p++;
		if (*p == '1')
			text_add(text, "%#x", VEC);
		else if (*p == '2')
			text_add(text, "%s", fragments[sweep->instruction].name);
		else if (*p == '3')
			want_format(text, &the_scene()->layout,
				    &(struct want){ .kind = WANT_EXCEPTION,
						    .vector = sweep->fault.vector,
						    .check_error = sweep->fault.check_error,
						    .error = sweep->fault.error });
		else
			vector_entry_name(text, sweep->fault.vector);
	}
}

static void lay_out(const void *argument)
{
	const struct sweep *sweep = argument;
	u16 steps[2 * SLED + 4];
	size_t n = 0;

	if (sweep->play && sweep->timer == TIMER_TSC_DEADLINE)
		steps[n++] = ARM_DEADLINE;
	else if (sweep->play)
		steps[n++] = ARM_TIMER;
	steps[n++] = STI;
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	if (sweep->before)
		steps[n++] = sweep->before;
	steps[n++] = L(sweep->instruction);
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	scene_build(the_scene(), steps, n);
	gate_type_set(sweep->fault.vector, sweep->gate);
	if (sweep->timer != TIMER_ONE_SHOT)
		race_timer(sweep->timer);
}

static void play_sample(const void *argument, u32 ticks)
{
	const struct sweep *sweep = argument;

	phase = NOT_IN_ROOT;
	if (sweep->play) {
		the_scene()->in.r11 = ticks;
		phase = sweep->play(sweep);
		return;
	}
	lapic_timer_arm(ticks);
	play();
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct sweep *sweep = argument;
	int zone = sweep_classify(sweep, layout, trace, reason);

	return sweep_zone_in_root(sweep, zone, phase, reason);
}

static void leave(const void *argument)
{
	const struct sweep *sweep = argument;

	if (sweep->leave)
		sweep->leave();
}

static bool is_legal(const void *argument, int zone)
{
	return zone_is_legal(argument, zone);
}

const struct race sweep_race = {
	.reaching = "before the instruction that faults",
	.orders = ZONE_COUNT,
	.reach = { ZONE_BEFORE, ZONE_AT },
	.lay_out = lay_out,
	.play = play_sample,
	.classify = classify,
	.name = add_zone,
	.legal = is_legal,
	.leave = leave,
};

void sweep_arrivals(const struct sweep *sweep)
{
	race_run(&sweep_race, sweep);
}
