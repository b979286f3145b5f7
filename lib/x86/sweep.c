/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See sweep.h. The scene is a run of NOPs with IF=1, the instruction, and more NOPs; the timer is
 * armed right before it. A coarse search doubles the count until the interrupt is late; the fine
 * pass then steps through that range.
 */
#include "sweep.h"
#include "entry.h"
#include "report.h"
#include "stage.h"
#include "text.h"
#include "vectors.h"

enum {
	SLED = 24, /* NOPs on either side */
	SAMPLES = 240,
	LONGEST_ARM = 1 << 26, /* timer ticks: if it is not late then, it does not run */
	LATE_POLLS = 1 << 20,
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

/* %1 vector, %2 instruction, %3 exception, %4 its handler's entry */
static void add_zone(struct text *text, const struct sweep *sweep, int zone)
{
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
			want_format(text, the_scene(),
				    &(struct want){ .kind = WANT_EXCEPTION,
						    .vector = sweep->fault.vector,
						    .check_error = sweep->fault.check_error,
						    .error = sweep->fault.error },
				    false);
		else
			vector_entry_name(text, sweep->fault.vector);
	}
}

static void build_sweep_scene(const struct sweep *sweep)
{
	u16 steps[2 * SLED + 4];
	size_t n = 0;

	if (sweep->play)
		steps[n++] =
			this_cpu.lapic_mode == LAPIC_X2APIC ? ARM_TIMER_X2APIC : ARM_TIMER_XAPIC;
	steps[n++] = STI;
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	if (sweep->before)
		steps[n++] = sweep->before;
	steps[n++] = L(sweep->instruction);
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	scene_build(the_scene(), steps, n);
}

/* After a scene in which it did not arrive, the interrupt must become pending: else it was lost. */
static bool arrives_late(void)
{
	for (int i = 0; i < LATE_POLLS; i++)
		if (lapic_irr(VEC))
			return true;
	return false;
}

/* Drops the shim's exits and entries: what is left is what the guest saw. */
static void keep_deliveries(struct trace *trace)
{
	size_t n = 0;

	for (size_t i = 0; i < trace->count; i++)
		if (trace->events[i]->kind == LOG_DELIVERY)
			trace->events[n++] = trace->events[i];
	trace->count = n;
}

static enum root_phase play_sample(const struct sweep *sweep, u32 ticks)
{
	stage_reset();
	build_sweep_scene(sweep);
	gate_type_set(sweep->fault.vector, sweep->gate);
	lapic_timer_init(VEC, sweep->timer);
	if (sweep->play) {
		the_scene()->in.r11 = ticks;
		return sweep->play(sweep);
	}
	lapic_timer_arm(ticks);
	play();
	return NOT_IN_ROOT;
}

/* Zone of the sample for a timer count, or -1: then the case has failed. */
static int sample(const struct sweep *sweep, u32 ticks)
{
	static struct trace trace;
	const char *reason = NULL;
	char buffer[512];
	struct text t = TEXT(buffer);
	enum root_phase phase = play_sample(sweep, ticks);
	int zone;

	trace_read(&trace, event_log.entries, log_count());
	trace_format(&t, the_scene(), &trace);
	keep_deliveries(&trace);
	zone = sweep_classify(sweep, the_scene(), &trace, &reason);
	zone = sweep_zone_in_root(sweep, zone, phase, &reason);
	if (zone == ZONE_LATER && !arrives_late()) {
		zone = -1;
		reason = "the interrupt was lost";
	}
	if (zone >= 0)
		return zone;
	report_line("SEEN: %s: %s", stage_case_name(), text_seal(&t));
	check(false, "timer count %u: %s", ticks, reason);
	return -1;
}

static void report_orders(const struct sweep *sweep, const u32 counts[ZONE_COUNT])
{
	char wanted[1024], found[1024];
	struct text want = TEXT(wanted), seen = TEXT(found);

	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		char order[160];
		struct text t = TEXT(order);

		add_zone(&t, sweep, zone);
		text_seal(&t);
		if (zone_is_legal(sweep, zone))
			text_add(&want, "%s%s", want.length ? " || " : "", order);
		if (!counts[zone])
			continue;
		text_add(&seen, "%s%s", seen.length ? " || " : "", order);
		report_line("HIST: %s: %u %s", stage_case_name(), counts[zone], order);
	}
	report_line("WANT: %s: %s", stage_case_name(), text_seal(&want));
	if (seen.length)
		report_line("SEEN: %s: %s", stage_case_name(), text_seal(&seen));
}

static void require_both_sides(const struct sweep *sweep, const u32 counts[ZONE_COUNT])
{
	const char *name = fragments[sweep->instruction].name;
	u32 up_to = counts[ZONE_BEFORE] + counts[ZONE_AT];

	if (!up_to)
		skip("no sample landed before %s: the timer is too coarse here (in QEMU: -icount "
		     "shift=0)",
		     name);
}

/* The smallest power of two of timer ticks that is late, or 0 if a sample on the way failed. */
static u32 find_late(const struct sweep *sweep)
{
	for (u32 ticks = 1; ticks <= LONGEST_ARM; ticks *= 2) {
		int zone = sample(sweep, ticks);

		if (zone < 0)
			return 0;
		if (zone == ZONE_LATER)
			return ticks;
	}
	error("the timer armed for %d ticks still fires inside the scene", LONGEST_ARM);
}

void sweep_arrivals(const struct sweep *sweep)
{
	u32 counts[ZONE_COUNT] = { 0 };
	u32 late, step;

	late = find_late(sweep);
	step = late > SAMPLES ? late / SAMPLES : 1;
	for (u32 ticks = 1; late && ticks <= late; ticks += step) {
		int zone = sample(sweep, ticks);

		if (zone < 0)
			break;
		counts[zone]++;
	}
	lapic_timer_stop();
	report_orders(sweep, counts);
	if (stage_passing())
		require_both_sides(sweep, counts);
	stage_judged();
}
