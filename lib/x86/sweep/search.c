/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window's ends are found by doubling and halving, every change of order inside it by playing
 * each count or by halving again. tests/c/ tries it with timers and clocks that misbehave.
 */
#include "sweep/search.h"
#include "base/text.h"

enum {
	NOISE_PROBES = 4, /* samples with the same count, at each of three counts */
	NOISE_MARGIN = 8, /* counts, beside half the window: noise blurs both its ends */
	MAX_RANGES = 8,	  /* stretches of one order that are still told apart */
};

struct search {
	const struct search_subject *subject;
	struct search_budget budget;
	struct search_outcome *out;
	bool before_was_seen; /* at out->from */
};

static bool stop(struct search *s, enum search_end end)
{
	s->out->end = end;
	return false;
}

/* Plays one sample. False: the sweep is over, and out->end says why. */
static bool take(struct search *s, u32 ticks, int *order)
{
	struct search_outcome *out = s->out;
	u64 before, after;

	if (out->searched + out->samples >= s->budget.samples || out->clock >= s->budget.clock)
		return stop(s, SEARCH_CUT);
	before = s->subject->now();
	*order = s->subject->sample(s->subject->argument, ticks);
	after = s->subject->now();
	out->last_ticks = ticks;
	out->samples++;
	if (*order < 0)
		return stop(s, SEARCH_ILLEGAL);
	if (after < before || after - before > s->budget.clock / 2) {
		out->jumped_from = before;
		out->jumped_to = after;
		return stop(s, SEARCH_CLOCK_JUMP);
	}
	out->clock += after - before;
	return true;
}

static bool is_before(const struct search *s, int order)
{
	(void)s;
	return order == 0;
}

static bool is_not_later(const struct search *s, int order)
{
	return order < s->subject->orders - 1;
}

/* Halves the distance between @*low, which @belongs, and @*high, which does not, down to 1. */
static bool narrow(struct search *s, u32 *low, u32 *high,
		   bool (*belongs)(const struct search *, int))
{
	while (*high - *low > 1) {
		u32 middle = *low + (*high - *low) / 2;
		int order;

		if (!take(s, middle, &order))
			return false;
		if (belongs(s, order))
			*low = middle;
		else
			*high = middle;
	}
	return true;
}

static bool find_window(struct search *s)
{
	u32 before = 0, not_late = 0, late = 1, not_before;
	int order = 0;

	for (;; late *= 2) {
		if (!take(s, late, &order))
			return false;
		if (!is_not_later(s, order))
			break;
		not_late = late;
		if (is_before(s, order))
			before = late;
		if (late >= SEARCH_LONGEST_ARM)
			return stop(s, SEARCH_NEVER_LATE);
	}
	not_before = late;
	if (!narrow(s, &not_late, &late, is_not_later))
		return false;
	if (not_before > late)
		not_before = late;
	if (!narrow(s, &before, &not_before, is_before))
		return false;
	s->before_was_seen = before;
	s->out->from = before ? before : 1;
	s->out->to = late;
	return true;
}

static void allow_for_noise(struct search_outcome *out)
{
	u32 margin = (out->to - out->from) / 2 + NOISE_MARGIN;

	out->noisy = true;
	out->repeats = SEARCH_NOISY_REPEATS;
	out->from = out->from > margin ? out->from - margin : 1;
	out->to += margin;
}

/* Does the same count always fall on the same order? If not, widens the window. */
static bool look_for_noise(struct search *s)
{
	struct search_outcome *out = s->out;
	u32 probes[] = { out->from, out->from + (out->to - out->from) / 2, out->to };

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		int first, order;

		if (!take(s, probes[i], &first))
			return false;
		for (int n = 1; n < NOISE_PROBES; n++) {
			if (!take(s, probes[i], &order))
				return false;
			out->noisy |= order != first;
		}
	}
	if (out->noisy)
		allow_for_noise(out);
	return true;
}

/* How many counts of the window lie between two samples, so that what is left of the budget is
 * enough; 0 if nothing is left. A quarter is kept for finding the changes of order exactly. */
static u32 affordable_step(const struct search *s)
{
	const struct search_outcome *out = s->out;
	u64 samples = s->budget.samples - out->searched;
	u64 price = out->clock / out->searched;
	u64 counts, width = out->to - out->from + 1;

	if (price && (s->budget.clock - out->clock) / price < samples)
		samples = (s->budget.clock - out->clock) / price;
	counts = samples / out->repeats;
	if (counts >= width)
		return 1;
	counts -= counts / 4;
	return counts ? (u32)((width + counts - 1) / counts) : 0;
}

static void record(struct search *s, u32 ticks, int order)
{
	struct search_outcome *out = s->out;
	size_t n = out->stretch_count;
	struct search_stretch *latest =
		n && n <= SEARCH_MAX_STRETCHES ? &out->stretches[n - 1] : NULL;

	if (!out->counts[order]++) {
		out->first[order] = ticks;
		if (s->subject->first)
			s->subject->first(s->subject->argument, order, ticks);
	}
	out->last[order] = ticks;
	if (latest && latest->order == order) {
		latest->last = ticks;
		return;
	}
	if (n < SEARCH_MAX_STRETCHES)
		out->stretches[n] = (struct search_stretch){ ticks, ticks, order };
	out->stretch_count++;
}

/* Records the ends of every order between @low and @high, where there is more than one. Each change
 * is found by halving; what is skipped lies inside one order. */
static bool refine(struct search *s, u32 low, int low_order, u32 high, int high_order)
{
	u32 middle = low + (high - low) / 2;
	int order;

	if (low_order == high_order || high - low <= 1)
		return true;
	if (!take(s, middle, &order) || !refine(s, low, low_order, middle, order))
		return false;
	if (!s->out->counts[order] && !take(s, middle, &order)) /* its log is what first() shows */
		return false;
	record(s, middle, order);
	return refine(s, middle, order, high, high_order);
}

static bool walk(struct search *s)
{
	struct search_outcome *out = s->out;
	u32 previous = out->from;
	int previous_order = -1;

	for (u32 ticks = out->from;; ticks += out->step) {
		int order = 0;

		if (ticks > out->to || ticks < previous)
			ticks = out->to;
		for (u32 n = 0; n < out->repeats; n++) {
			if (!take(s, ticks, &order))
				return false;
			if (previous_order >= 0 && !out->noisy && order != previous_order &&
			    ticks - previous > 1 &&
			    (!refine(s, previous, previous_order, ticks, order) ||
			     !take(s, ticks, &order)))
				return false;
			record(s, ticks, order);
		}
		if (ticks == out->to)
			return true;
		previous = ticks;
		previous_order = order;
	}
}

/* If the fine pass does not find the window where the search found it, the platform is noisy. */
static bool agrees_with_search(const struct search *s)
{
	const struct search_outcome *out = s->out;

	return out->noisy || ((!s->before_was_seen || out->stretches[0].order == 0) &&
			      out->last[s->subject->orders - 1] == out->to);
}

static void forget(struct search_outcome *out)
{
	out->searched += out->samples;
	out->samples = 0;
	out->stretch_count = 0;
	for (int i = 0; i < SEARCH_MAX_ORDERS; i++)
		out->counts[i] = out->last[i] = 0;
}

/* The fine pass; once more and wider if it shows that the search was misled. */
static void walk_window(struct search *s)
{
	struct search_outcome *out = s->out;

	for (;;) {
		out->window_end = out->to;
		out->step = affordable_step(s);
		out->end = out->step > 1 ? SEARCH_STRIDED : SEARCH_WHOLE;
		if (!out->step) {
			out->end = SEARCH_NO_WINDOW;
			return;
		}
		if (!walk(s)) {
			out->to = out->last_ticks;
			return;
		}
		if (agrees_with_search(s))
			return;
		forget(out);
		allow_for_noise(out);
	}
}

void search_window(const struct search_subject *subject, struct search_budget budget,
		   struct search_outcome *outcome)
{
	struct search s = { .subject = subject, .budget = budget, .out = outcome };
	bool found;

	*outcome = (struct search_outcome){ .repeats = 1, .step = 1 };
	found = find_window(&s) && look_for_noise(&s);
	outcome->searched = outcome->samples;
	outcome->samples = 0;
	if (found)
		walk_window(&s);
	else if (outcome->end == SEARCH_CUT)
		outcome->end = SEARCH_NO_WINDOW;
}

void search_ticks_format(struct text *text, const struct search_outcome *outcome, int order)
{
	size_t ranges = 0, kept = outcome->stretch_count;

	if (kept > SEARCH_MAX_STRETCHES)
		kept = SEARCH_MAX_STRETCHES;
	for (size_t i = 0; i < kept; i++)
		ranges += outcome->stretches[i].order == order;
	if (ranges > (outcome->noisy ? 1 : MAX_RANGES) || outcome->stretch_count > kept) {
		text_add(text, "~%u-%u", outcome->first[order], outcome->last[order]);
		return;
	}
	for (size_t i = 0, n = 0; i < kept; i++) {
		const struct search_stretch *stretch = &outcome->stretches[i];

		if (stretch->order != order)
			continue;
		text_add(text, "%s%u", n++ ? "," : "", stretch->first);
		if (stretch->last != stretch->first)
			text_add(text, "-%u", stretch->last);
	}
}

void search_end_format(struct text *text, const struct search_outcome *out)
{
	u32 samples = out->searched + out->samples;

	if (out->end == SEARCH_STRIDED)
		text_add(text, "its budget is enough for one timer count in %u only", out->step);
	else if (out->end == SEARCH_CUT)
		text_add(
			text,
			"its budget was used up by %u samples (%lu TSC ticks) at timer count %u of %u",
			samples, out->clock, out->to, out->window_end);
	else if (out->end == SEARCH_NO_WINDOW)
		text_add(
			text,
			"its budget was used up by %u samples (%lu TSC ticks), the last with timer count %u, before they showed where to look",
			samples, out->clock, out->last_ticks);
	else if (out->end == SEARCH_NEVER_LATE)
		text_add(
			text,
			"the timer armed for %u ticks still fires inside the scene: it is too fast",
			out->last_ticks);
	else if (out->end == SEARCH_CLOCK_JUMP)
		text_add(text,
			 "the TSC jumped from %lu to %lu during the sample with timer count %u",
			 out->jumped_from, out->jumped_to, out->last_ticks);
	else if (out->end == SEARCH_ILLEGAL)
		text_add(text, "it ended at the illegal sample, timer count %u", out->last_ticks);
}
