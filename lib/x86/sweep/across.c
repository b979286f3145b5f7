/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scene is a run of NOPs with IF=1, the instruction, and more NOPs; the timer is armed right
 * before it.
 */
#include "sweep/across.h"

enum {
	SLED = 24, /* NOPs on either side */
};

static const char *const zones[ZONE_COUNT] = {
	[ZONE_BEFORE] = "IRQ(%v)@before %i; %f@%i",
	[ZONE_AT] = "IRQ(%v)@%i; %f@%i",
	[ZONE_ROOT_BEFORE] = "%f@%i; IRQ(%v)@root before the injection",
	[ZONE_ROOT_AFTER] = "%f@%i; IRQ(%v)@root after the injection",
	[ZONE_HANDLER_ENTRY] = "%f@%i; IRQ(%v)@%h",
	[ZONE_HANDLER] = "%f@%i; IRQ(%v)@in the handler",
	[ZONE_AFTER_IRET] = "%f@%i; IRQ(%v)@after IRET",
	[ZONE_LATER] = "%f@%i; IRQ(%v)@later",
};

/* Where root was when it saw the interrupt pending in the sample just played. */
static enum root_phase phase;

static void lay_out(const void *argument)
{
	const struct across *across = argument;
	u16 steps[2 * SLED + 4];
	size_t n = 0;

	if (across->play && across->timer == TIMER_TSC_DEADLINE)
		steps[n++] = ARM_DEADLINE;
	else if (across->play)
		steps[n++] = ARM_TIMER;
	steps[n++] = STI;
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	if (across->before)
		steps[n++] = across->before;
	steps[n++] = L(across->instruction);
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	scene_build(the_scene(), steps, n);
	gate_type_set(across->fault.vector, across->gate);
	if (across->timer != TIMER_ONE_SHOT)
		sweep_timer(across->timer);
}

static void play_sample(const void *argument, u32 ticks)
{
	const struct across *across = argument;

	phase = NOT_IN_ROOT;
	if (across->play) {
		the_scene()->in.r11 = ticks;
		phase = across->play(across);
		return;
	}
	lapic_timer_arm(ticks);
	play();
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct across *across = argument;
	int zone = across_classify(across, layout, trace, reason);

	return across_zone_in_root(across, zone, phase, reason);
}

static void leave(const void *argument)
{
	const struct across *across = argument;

	if (across->leave)
		across->leave();
}

static bool is_legal(const void *argument, int zone)
{
	return zone_is_legal(argument, zone);
}

struct sweep across_sweep(const struct across *across)
{
	return (struct sweep){
		.reaching = "before the instruction that faults",
		.orders = ZONE_COUNT,
		.reach = { ZONE_BEFORE, ZONE_AT },
		.names = zones,
		.instruction = across->instruction,
		.fault = { .kind = WANT_EXCEPTION,
			   .vector = across->fault.vector,
			   .check_error = across->fault.check_error,
			   .error = across->fault.error },
		.lay_out = lay_out,
		.play = play_sample,
		.classify = classify,
		.legal = is_legal,
		.leave = leave,
	};
}

void across_run(const struct across *across)
{
	const struct sweep sweep = across_sweep(across);

	sweep_run(&sweep, across);
}
