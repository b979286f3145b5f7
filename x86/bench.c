/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `make bench` measures inside a guest: the price of an exit and of a whole round trip through
 * the shim, in TSC ticks. On Bochs, and in QEMU with -icount shift=0, a tick is an instruction. In
 * group nodefault; the cases assert that what they timed happened as it should.
 */
#include "hv/hv.h"
#include "stage/case.h"
#include "sweep/across.h"
#include "hv/hv.h"

#define NONE "none: this case is a measurement"

enum {
	LOOP_INSTRUCTIONS = 2, /* DEC and Jcc, beside the RDMSR that exits */
};

static u64 handler_time;

/* Exits @count times from a guest's loop; each RDMSR is completed, not injected. */
static u64 ticks_of_exits(u32 count)
{
	struct scene *s;
	struct vcpu *v;
	u64 start;

	s = scene(M(RDMSR_LOOP), L(UD2));
	s->in.r15 = count;
	v = hv_start();
	start = rdtsc();
	for (u32 i = 0; i < count; i++) {
		run_to(v, EXIT_RDMSR, PLACE_ANY);
		vcpu_skip_instruction(v);
		log_clear();
	}
	start = rdtsc() - start;
	run_to_end(v);
	return start;
}

CASE(exit, "-", "an RDMSR that exits, is completed by the shim, and goes on", NONE)
{
	enum { COUNT = 1000 };
	u64 ticks = ticks_of_exits(COUNT);

	observed("ticks_per_exit=%lu of_the_guest=%d", ticks / COUNT, LOOP_INSTRUCTIONS + 1);
	expect(ENTRY(), UD(AT(L)));
}

CASE(many_exits, "-", "a hundred thousand exits, for the clock on the wall", NONE)
{
	enum { COUNT = 100000 };
	u64 ticks = ticks_of_exits(COUNT);

	observed("exits=%d ticks=%lu", COUNT, ticks);
	expect(ENTRY(), UD(AT(L)));
}

static void note_time(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	if (frame->vector == GP_VECTOR)
		handler_time = rdtsc();
}

CASE(round_trip, "-", "guest RDMSR, exit, injection, entry, handler", NONE)
{
	struct scene *s;
	u64 exited, entering;
	struct vcpu *v;

	s = scene(READ_TIME, L(RDMSR));
	s->on_delivery = note_time;
	v = hv_start();
	run_to(v, EXIT_RDMSR, L);
	exited = rdtsc();
	vcpu_inject(v, gp(0));
	entering = rdtsc();
	run_to_end(v);
	observed("rdmsr_to_handler=%lu guest_to_root=%lu injection=%lu root_to_handler=%lu",
		 handler_time - s->out.r10, exited - s->out.r10, entering - exited,
		 handler_time - entering);
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)));
}

static enum root_phase play_in_guest(const struct across *across)
{
	struct vcpu *v = hv_again();

	vcpu_intercept_exceptions(v, 1u << UD_VECTOR);
	run_to(v, EXIT_EXCEPTION, L);
	vcpu_inject(v, exception(across->fault.vector));
	run_to_end(v);
	return NOT_IN_ROOT;
}

/*
 * Measures every count of a window, about that of fault.ud.trap_gate or arrival.ud.trap_gate but
 * without its late end: a sample whose interrupt a guest leaves pending costs the shim's restart.
 */
static void measure_samples(const struct across *across, u32 from, u32 to)
{
	u32 samples = 10000;
	const struct sweep sweep = across_sweep(across);
	u64 ticks = sweep_measure(&sweep, across, &samples, from, to);

	observed("samples=%u ticks_per_sample=%lu", samples, ticks / samples);
	hv_stop();
	log_clear();
	scene(L(UD2));
	play();
	expect(UD(AT(L)));
}

CASE(samples, "-", "ten thousand samples of a sweep across UD2", NONE)
{
	static const struct across ud = { .instruction = UD2,
					  .fault = UD(AT(L)),
					  .gate = TRAP_GATE };

	measure_samples(&ud, 90, 250);
}

CASE(guest_samples, "-", "ten thousand samples of a sweep across the exit of a guest's UD2", NONE)
{
	static const struct across ud = { .instruction = UD2,
					  .fault = UD(AT(L)),
					  .gate = TRAP_GATE,
					  .play = play_in_guest,
					  .leave = hv_stop };

	measure_samples(&ud, 20, 320);
}
