/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sample costs is what a sweep costs: the stage is reset and the scene laid out once;
 * between two samples only the log, the timer and the LAPIC's one vector are put in order.
 */
#include "sweep/sweep.h"
#include "sweep/nmi_timer.h"
#include "machine/processor.h"
#include "report/report.h"
#include "stage/stage.h"
#include "sweep/search.h"
#include "base/text.h"
#include "order/vectors.h"

enum {
	LATE_POLLS = 1 << 20,
	ROUNDS_TO_TAKE = 64, /* windows: some hypervisors do not deliver at the first boundary */
	ORDER_NAME = 192,
	NMI_POLLS = 1 << 24,	 /* then it is lost */
	FLAG_BELOW_STACK = 2048, /* bytes: out of the way of what is pushed */
	NMI_MARGIN = 512,	 /* instructions: what the way into the scene takes, and more */
	SEARCHES = 4,		 /* a noisy platform may miss a rare order in one of them */
};

static struct {
	const struct sweep *sweep;
	const void *argument;
	struct trace trace;
	u32 shown; /* bit n: the first sample of order n is in the log */
	struct nmi_distance nmi;
	size_t irqs, nmis; /* deliveries in the last sample */
	char in_full[512]; /* the trace of the last sample, exits and entries included */
} running;

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

	running.irqs = running.nmis = 0;
	for (size_t i = 0; i < trace->count; i++) {
		const struct log_entry *entry = trace->events[i].entry;

		if (entry->kind != LOG_DELIVERY)
			continue;
		trace->events[n++] = trace->events[i];
		running.irqs += entry->in_service;
		running.nmis += entry->vector == NMI_VECTOR;
	}
	trace->count = n;
}

/*
 * Formats what is in the log, exits and entries included. That would be most of a sample's cost, so
 * it is done only for samples that are shown.
 */
static void write_in_full(void)
{
	struct text t = TEXT(running.in_full);

	trace_read(&running.trace, &the_scene()->layout, event_log.entries, log_count());
	trace_format(&t, &the_scene()->layout, &running.trace);
	text_seal(&t);
}

/*
 * Takes the interrupt that the scene left pending, outside the scene. Its entry does not stay in
 * the log, which may still have to be shown.
 */
static bool take_pending(void)
{
	struct scene *scene = the_scene();
	size_t n = log_count();
	bool taken;
	void (*on_delivery)(struct scene *, struct frame *, struct log_entry *) =
		scene->on_delivery;

	scene->on_delivery = NULL;
	this_cpu.playing = scene;
	for (int i = 0; i < ROUNDS_TO_TAKE && log_count() == n; i++)
		asm volatile("sti; nop; nop; cli" ::: "memory");
	this_cpu.playing = NULL;
	scene->on_delivery = on_delivery;
	taken = log_count() == n + 1 && event_log.entries[n].vector == VEC;
	log_truncate(n);
	return taken;
}

void sweep_timer(enum lapic_timer_mode mode)
{
	if (mode == TIMER_TSC_DEADLINE && !lapic_timer_has_deadline())
		skip("no TSC-deadline timer (CPUID 1 ECX bit 24 is clear)");
	if (!lapic_timer_exists())
		skip("the LAPIC has no timer: its initial count reads 0 after it was written");
	log_clear();
	lapic_timer_init(VEC, mode);
	lapic_timer_arm(1);
	if (!arrives_late())
		error("the LAPIC timer was armed for 1 tick, and %d polls of IRR later it has not fired",
		      LATE_POLLS);
	if (!take_pending())
		error("the LAPIC timer's interrupt is in IRR, but is not served with IF=1");
	lapic_eoi();
	log_clear();
}

/* Retires the interrupt from the LAPIC. NULL, or how it was lost or came once more. */
static const char *come_to_rest(void)
{
	if (running.sweep->by_nmi) {
		if (running.nmis != 1)
			return running.nmis ? "the NMI came more than once" : "the NMI was lost";
		if (!running.irqs)
			return NULL;
	} else if (!running.irqs) {
		if (!arrives_late())
			return "the interrupt was lost";
		if (running.sweep->leave)
			running.sweep->leave(running.argument);
		if (!take_pending())
			return "the interrupt was still pending after the scene, and was not served with IF=1";
	}
	if (!the_scene()->eoi_in_handler)
		lapic_write(LAPIC_EOI, 0); /* what is read next is read after it */
	if (lapic_isr(VEC) || lapic_irr(VEC))
		return "the interrupt came once more";
	return NULL;
}

static int illegal(u32 ticks, const char *reason)
{
	if (!running.in_full[0])
		write_in_full();
	report_line("SEEN: %s: %s", stage_case_name(), running.in_full);
	check(false, "timer count %u: %s", ticks, reason);
	return -1;
}

/* Sets the flag, on the scene's stack, for which WAIT_FOR_NMI waits. */
static void raise_flag(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)entry;
	if (frame->vector == NMI_VECTOR)
		*(volatile u8 *)scene->in.r15 = 1;
}

/* The later the NMI is to come, the shorter the delay before the scene. */
static void play_to_nmi(u32 instructions)
{
	u64 longest = running.nmi.instructions + NMI_MARGIN;
	struct scene *scene = the_scene();

	scene->in.r10 = NMI_POLLS;
	scene->in.r11 = instructions < longest ? longest - instructions : 1;
	scene->in.r12 = running.nmi.count;
	scene->in.r15 = scene->rsp - FLAG_BELOW_STACK;
	*(volatile u8 *)scene->in.r15 = 0;
	scene->on_delivery = raise_flag;
	nmi_timer_record();
	play();
}

static void play_one(const struct sweep *sweep, u32 ticks)
{
	log_clear();
	if (sweep->make_ready)
		sweep->make_ready(running.argument);
	if (sweep->play) {
		sweep->play(running.argument, ticks);
	} else if (sweep->by_nmi) {
		play_to_nmi(ticks);
	} else {
		lapic_timer_arm(ticks);
		play();
	}
	if (sweep->by_nmi || sweep->guarded)
		nmi_timer_disarm();
}

/* One sample from arming to rest: its order, or -1. */
static int sample(const void *unused, u32 ticks)
{
	const struct sweep *sweep = running.sweep;
	const char *reason = NULL, *left;
	int order;

	(void)unused;
	play_one(sweep, ticks);
	running.in_full[0] = '\0';
	trace_read(&running.trace, &the_scene()->layout, event_log.entries, log_count());
	keep_deliveries(&running.trace);
	order = sweep->classify(running.argument, &the_scene()->layout, &running.trace, &reason);
	if (order < 0)
		return illegal(ticks, reason);
	if (!(running.shown & BIT(order)))
		write_in_full();
	left = come_to_rest();
	if (left)
		return illegal(ticks, left);
	if (sweep->after)
		sweep->after(running.argument, order);
	return stage_passing() ? order : illegal(ticks, "");
}

static void show_first(const void *unused, int order, u32 ticks)
{
	(void)unused;
	if (running.shown & BIT(order)) /* by a fine pass that the search has discarded */
		return;
	running.shown |= BIT(order);
	report_line("SAMPLE: %s: %u %s", stage_case_name(), ticks, running.in_full);
}

static void add_word(struct text *text, char word)
{
	const struct sweep *sweep = running.sweep;

	if (word == 'v')
		text_add(text, "%#x", VEC);
	else if (word == 'i')
		text_add(text, "%s", fragments[sweep->instruction].name);
	else if (word == 'f')
		want_format(text, &the_scene()->layout, &sweep->fault);
	else
		vector_entry_name(text, sweep->fault.vector);
}

static void order_name(struct text *text, int order)
{
	for (const char *p = running.sweep->names[order]; *p; p++)
		if (*p == '%')
			add_word(text, *++p);
		else
			text_char(text, *p);
}

static void report_orders(const struct search_outcome *outcome)
{
	static char wanted[2048], found[2048];
	struct text want = TEXT(wanted), seen = TEXT(found);
	const struct sweep *sweep = running.sweep;

	for (int order = 0; order < sweep->orders; order++) {
		char name[ORDER_NAME], ticks[ORDER_NAME];
		struct text n = TEXT(name), t = TEXT(ticks);

		order_name(&n, order);
		text_seal(&n);
		if (!sweep->legal || sweep->legal(running.argument, order))
			text_add(&want, "%s%s", want.length ? " || " : "", name);
		if (!outcome->counts[order])
			continue;
		text_add(&seen, "%s%s", seen.length ? " || " : "", name);
		search_ticks_format(&t, outcome, order);
		report_line("HIST: %s: %u ticks=%s %s", stage_case_name(), outcome->counts[order],
			    text_seal(&t), name);
	}
	report_line("WANT: %s: %s", stage_case_name(), text_seal(&want));
	if (seen.length && stage_passing())
		report_line("SEEN: %s: %s", stage_case_name(), text_seal(&seen));
}

static void report_sweep(const struct search_outcome *out, const char *why)
{
	const char *unit = running.sweep->by_nmi ? "instruction" : "tick";

	report_line("SWEEP: %s: %u-%u unit=%s step=%u repeat=%u samples=%u searched=%u%s%s",
		    stage_case_name(), out->from, out->to, unit, out->step, out->repeats,
		    out->samples, out->searched, *why ? " incomplete: " : "", why);
}

static bool has_arrivals(const struct search_outcome *outcome)
{
	for (int order = running.sweep->reach[0]; order <= running.sweep->reach[1]; order++)
		if (outcome->counts[order])
			return true;
	return false;
}

static void require_arrivals(const struct search_outcome *outcome)
{
	if (has_arrivals(outcome))
		return;
	skip("no sample landed %s: the timer is too coarse here (in QEMU: -icount shift=0)",
	     running.sweep->reaching);
}

/* Searches, and again where no sample landed and another search may fall otherwise. */
static void search(struct search_outcome *outcome)
{
	const struct search_subject subject = {
		.orders = running.sweep->orders, .sample = sample, .first = show_first, .now = rdtsc
	};

	for (int n = 1;; n++) {
		search_window(&subject, SEARCH_BUDGET, outcome);
		if (n == SEARCHES || !outcome->noisy || outcome->end > SEARCH_CUT ||
		    !stage_passing() || has_arrivals(outcome))
			return;
		report_line("NOTE: %s: search %d of %d: no sample landed %s", stage_case_name(), n,
			    SEARCHES, running.sweep->reaching);
	}
}

static void prepare(const struct sweep *sweep, const void *argument)
{
	running.sweep = sweep;
	running.argument = argument;
	running.shown = 0;
	if (!sweep->by_nmi)
		sweep_timer(TIMER_ONE_SHOT);
	sweep->lay_out(argument);
	if (sweep->by_nmi || sweep->guarded)
		running.nmi = require_nmi_timer();
}

u64 sweep_measure(const struct sweep *sweep, const void *argument, u32 *samples, u32 from, u32 to)
{
	u32 wanted = *samples, done = 0;
	u64 start, spent = 0;

	prepare(sweep, argument);
	running.shown = ~0u;
	for (start = rdtsc(); done < wanted && spent < SEARCH_BUDGET.clock && stage_passing();
	     done++) {
		sample(NULL, from + done % (to - from));
		spent = rdtsc() - start;
	}
	lapic_timer_stop();
	*samples = done;
	return spent;
}

void sweep_run(const struct sweep *sweep, const void *argument)
{
	static struct search_outcome outcome;
	char why[256];
	struct text t = TEXT(why);

	prepare(sweep, argument);
	search(&outcome);
	lapic_timer_stop();
	search_end_format(&t, &outcome);
	text_seal(&t);
	if (outcome.from)
		report_sweep(&outcome, why);
	report_orders(&outcome);
	if (outcome.end == SEARCH_NO_WINDOW || outcome.end == SEARCH_NEVER_LATE ||
	    outcome.end == SEARCH_CLOCK_JUMP)
		error("%s", why);
	if (stage_passing())
		require_arrivals(&outcome);
	stage_judged();
}
