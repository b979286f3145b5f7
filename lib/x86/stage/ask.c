/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks the model what it thinks of a case. Only in images that are linked with this file: what is
 * about to be played is written down as a situation; when the case is judged, each order that it
 * wants must be among the traces that the model has for legal, and it must want each of these. The
 * answer is a NOTE, and what does not agree fails the case.
 */
#include "model/model.h"
#include "report/report.h"
#include "stage/case.h"
#include "stage/note.h"
#include "stage/stage.h"

enum {
	PLAYS = 2, /* a case plays its scene twice at most */
	ORDERS = 8,
	TEXT_SIZE = 1800,
};

static struct {
	const char *name; /* of the case that these are of */
	size_t count;
	const char *outside; /* why the case is not in the model's world; NULL: it may be */
	struct situation plays[PLAYS];
	struct layout layouts[PLAYS];
	struct model models[PLAYS];
	struct log_entry entries[PLAYS * MODEL_EVENTS];
	struct trace trace;
	char text[TEXT_SIZE];
} ask;

static void outside(const char *why)
{
	if (!ask.outside)
		ask.outside = why;
}

void stage_note_play(const struct scene *scene)
{
	const char *problem;

	if (ask.name != stage_case_name()) {
		ask.name = stage_case_name();
		ask.count = 0;
		ask.outside = NULL;
	}
	if (ask.count == PLAYS) {
		outside("it plays more scenes than the model has room for");
		return;
	}
	problem = note_scene(&ask.plays[ask.count], &ask.layouts[ask.count], scene);
	ask.count++;
	if (problem)
		outside(problem);
}

/* --- The question --- */

/* The present traces of all plays, one after the other, as one. */
static void join_traces(void)
{
	ask.trace.count = 0;
	for (size_t play = 0; play < ask.count; play++)
		for (size_t i = 0; i < ask.models[play].count; i++) {
			size_t n = ask.trace.count++;

			model_event(&ask.models[play], i, &ask.entries[n], &ask.trace.events[n]);
		}
}

/* Which orders want the present trace: a bit for each. */
static unsigned int wanted_by(const struct order *orders, size_t n)
{
	unsigned int bits = 0;

	join_traces();
	for (size_t i = 0; i < n; i++)
		if (trace_mismatch(orders[i].wants, orders[i].n, &ask.layouts[0], &ask.trace) < 0)
			bits |= 1u << i;
	if (!bits) {
		struct text text = TEXT(ask.text);

		trace_format(&text, &ask.layouts[0], &ask.trace);
		report_line("NOTE: %s: model: legal, and not wanted: %s", ask.name,
			    text_seal(&text));
		check(false, "the model has a trace for legal that the case does not want");
	}
	return bits;
}

/* The next combination of legal traces; @first: the first one. */
static bool next_combination(bool first)
{
	if (first)
		for (size_t i = 0; i + 1 < ask.count; i++) {
			model_begin(&ask.models[i], &ask.plays[i]);
			if (!model_next(&ask.models[i]))
				return false;
		}
	for (size_t i = ask.count; i-- > 0;) {
		if (first)
			model_begin(&ask.models[i], &ask.plays[i]);
		if (model_next(&ask.models[i]))
			return true;
		if (ask.models[i].unknown)
			outside(ask.models[i].unknown);
		if (first)
			return false;
		model_begin(&ask.models[i], &ask.plays[i]);
		model_next(&ask.models[i]);
	}
	return false;
}

static void compare(const struct order *orders, size_t n)
{
	unsigned int wanted = 0;
	size_t traces = 0;

	for (bool more = next_combination(true); more; more = next_combination(false)) {
		wanted |= wanted_by(orders, n);
		traces++;
	}
	if (ask.outside)
		return;
	for (size_t i = 0; i < n; i++)
		check(wanted >> i & 1, "what the case wants is not legal for the model: order %lu",
		      (u64)i + 1);
	report_line("NOTE: %s: model: inside, %lu legal", ask.name, (u64)traces);
}

void stage_ask_model(const struct order *orders, size_t n)
{
	if (ask.name != stage_case_name())
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t w = 0; w < orders[i].n; w++)
			if (orders[i].wants[w].vector == SPURIOUS_VECTOR)
				outside("the spurious vector is not in the model's world");
	for (size_t i = 0; i < ask.count && !ask.outside; i++) {
		struct text text = TEXT(ask.text);

		situation_format(&text, &ask.plays[i]);
		report_line("NOTE: %s: situation: %s", ask.name, text_seal(&text));
	}
	if (!ask.outside)
		compare(orders, n);
	if (ask.outside)
		report_line("NOTE: %s: model: outside: %s", ask.name, ask.outside);
}
