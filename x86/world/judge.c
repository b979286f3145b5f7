/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One situation is played and compared with its legal set: event by event, as numbers, and
 * no further than the first legal trace that is the same.
 *
 * What the platform has answered so far to the questions that the manuals leave open is
 * its profile. The model is asked with that first, so that one trace is enough most of the
 * time; then with all answers. Both are legal; a platform that answers one question in two
 * ways is said to do so.
 */
#include "base/bits.h"
#include "base/string.h"
#include "machine/percpu.h"
#include "machine/profile.h"
#include "order/log.h"
#include "order/vectors.h"
#include "report/report.h"
#include "scene/scene.h"
#include "stage/case.h"
#include "stage/stage.h"
#include "world.h"

enum {
	QUIRKS_AT_ONCE = 4,
	LEARN_AT_MOST = 64, /* situations from which an answer is tried to be learnt */
	ANSWERS_UNKNOWN = 0xff,
};

static struct {
	struct ground ground;
	struct situation situation;
	struct layout layout;
	bool is_laid_out;
	struct point laid_out; /* a situation for which it is */
	struct model model;
	bool has_trace; /* a legal one */
	struct trace trace;
	const char *left; /* how that ended, if not by the landing */
	u64 quirks;	  /* that the argument quirks= allows */
	s8 profile[CHOICE_COUNT];
	u8 tried[CHOICE_COUNT];
	struct point witness[CHOICE_COUNT];
	bool said[CHOICE_COUNT], contradicts[CHOICE_COUNT];
} judge;

void judge_begin(void)
{
	static bool begun;

	survey(&judge.ground);
	judge.is_laid_out = false;
	judge.quirks = allowed_quirks();
	if (!begun)
		memset(judge.profile, -1, sizeof(judge.profile));
	begun = true;
}

/* --- Is it the same trace? --- */

static bool same_event(const struct model *model, size_t n)
{
	const u64 flags = RFLAGS_IF | RFLAGS_RF | RFLAGS_TF;
	const struct model_event *e = &model->events[n];
	const struct log_entry *seen;

	if (n >= judge.trace.count)
		return false;
	seen = judge.trace.events[n].entry;
	if (seen->vector != e->vector || (seen->rflags ^ e->rflags) & flags ||
	    (seen->cs & SEL_RPL3) != e->cpl || seen->ist != e->ist)
		return false;
	if (seen->vector >= FIRST_IRQ_VECTOR && !seen->in_service != !e->external)
		return false;
	if (vector_has_error_code(seen->vector) && seen->error != e->error)
		return false;
	if (seen->vector == PF_VECTOR && seen->cr2 != e->cr2)
		return false;
	if (seen->vector == DB_VECTOR && seen->dr6 != e->dr6)
		return false;
	if (e->somewhere)
		return is_somewhere(layout_position(&judge.layout, seen->rip));
	return seen->rip == model_event_rip(model, n);
}

/* The model gives no trace of which an event is not the same; its first may be older than that. */
static bool same_trace(void)
{
	if (judge.trace.count != judge.model.count)
		return false;
	for (size_t n = judge.model.fitting; n < judge.trace.count; n++)
		if (!same_event(&judge.model, n))
			return false;
	return true;
}

/* --- The profile --- */

static bool asked_every_time(unsigned int choice)
{
	return choice == CHOICE_WHEN_BETWEEN || choice == CHOICE_WHEN_TPR ||
	       choice == CHOICE_WHEN_SELF_IPI;
}

/* What all traces of the model that are the same answer to each question. */
static void common_answers(u8 *answers)
{
	memset(answers, 0, CHOICE_COUNT);
	model_begin(&judge.model, &judge.situation);
	model_follow(&judge.model, same_event);
	judge.model.repeats = true;
	while (model_next(&judge.model)) {
		if (!same_trace())
			continue;
		for (unsigned int c = 0; c < CHOICE_COUNT; c++)
			answers[c] |= judge.model.answered[c] < 0
					      ? ANSWERS_UNKNOWN
					      : (u8)(1 << judge.model.answered[c]);
	}
}

static void learn(const struct point *p)
{
	u8 answers[CHOICE_COUNT];
	enum profile_section before = profile_enter(PROFILE_LEARN);

	common_answers(answers);
	for (unsigned int c = 0; c < CHOICE_COUNT; c++) {
		s8 answer = -1;

		if (asked_every_time(c) || !answers[c] || answers[c] & (answers[c] - 1))
			continue;
		while (!(answers[c] >> ++answer & 1))
			;
		if (judge.profile[c] < 0) {
			judge.profile[c] = answer;
			judge.witness[c] = *p;
			judge.said[c] = false;
		} else if (judge.profile[c] != answer && !judge.contradicts[c]) {
			char here[WORLD_NAME], there[WORLD_NAME];
			struct text a = TEXT(here), b = TEXT(there);

			judge.contradicts[c] = true;
			world_name(&a, p);
			world_name(&b, &judge.witness[c]);
			report_line("OBSERVED: %s: contradiction: %s: \"%s\" in %s, \"%s\" in %s",
				    stage_case_name(), choices[c].name,
				    choices[c].answers[judge.profile[c]], text_seal(&b),
				    choices[c].answers[answer], text_seal(&a));
		}
	}
	profile_leave(before);
}

/* Is one of the questions of the present trace worth an attempt to learn its answer? */
static bool worth_learning(void)
{
	bool worth = false;

	for (size_t i = 0; i < judge.model.question_count; i++) {
		u8 c = judge.model.questions[i].choice;

		if (asked_every_time(c) || judge.tried[c] == LEARN_AT_MOST)
			continue;
		judge.tried[c]++;
		worth = true;
	}
	return worth;
}

void report_profile(void)
{
	for (unsigned int c = 0; c < CHOICE_COUNT; c++) {
		char name[WORLD_NAME];
		struct text text = TEXT(name);

		if (judge.profile[c] < 0 || judge.said[c])
			continue;
		judge.said[c] = true;
		world_name(&text, &judge.witness[c]);
		report_line("OBSERVED: %s: %s: %s (%s)", stage_case_name(), choices[c].name,
			    choices[c].answers[judge.profile[c]], text_seal(&text));
	}
}

/* --- The judgement --- */

/* Plays on from the present trace of the model: the first is at hand. */
static bool is_legal(void)
{
	model_follow(&judge.model, same_event);
	do
		if (same_trace())
			return true;
	while (model_next(&judge.model));
	return false;
}

/* Why it must not be played. Where an answer to what is left open leads to a HLT that nothing ends,
 * all answers are looked at before. */
static const char *outside(void)
{
	bool careful = judge.situation.timer;
	bool several = false;

	model_begin_with(&judge.model, &judge.situation, RULE_NONE, careful ? NULL : judge.profile);
	judge.has_trace = model_next(&judge.model);
	while (careful && judge.model.question_count && model_next(&judge.model))
		several = true;
	if (judge.model.unknown)
		return judge.model.unknown;
	if (several) {
		model_begin(&judge.model, &judge.situation);
		model_next(&judge.model);
	}
	return NULL;
}

static bool judge_trace(const struct point *p)
{
	if (is_legal()) {
		if (worth_learning())
			learn(p);
		return true;
	}
	if (judge.model.unknown || !judge.model.by_profile)
		return false;
	model_begin(&judge.model, &judge.situation);
	if (!model_next(&judge.model) || !is_legal())
		return false;
	learn(p);
	return true;
}

/* --- Known deviations --- */

/* Does nothing follow what the model has but #DB, and what its handler's IRET lets in, at one
 * place? An NMI that was held back comes somewhere among them. */
static bool is_endless(void)
{
	const struct trace *trace = &judge.trace;
	size_t n = judge.model.count;
	u64 rip;

	if (!judge.left || n >= trace->count || trace->events[n].entry->vector != DB_VECTOR)
		return false;
	rip = trace->events[n].entry->rip;
	while (n < trace->count &&
	       (trace->events[n].entry->rip == rip || trace->events[n].entry->vector == NMI_VECTOR))
		n++;
	return n == trace->count;
}

/* Is what was seen the present trace of the model, with the end that it has? */
static bool same_end(void)
{
	if (judge.model.endless)
		return is_endless();
	if (judge.model.stopped)
		return judge.left == does_not_end && same_trace();
	return !judge.left && same_trace();
}

/* The fewest quirks that explain what was seen; 0: none do. */
static u64 explained_by(bool *several)
{
	u64 found = 0;

	model_begin(&judge.model, &judge.situation);
	model_allow(&judge.model, judge.quirks, QUIRKS_AT_ONCE);
	model_follow(&judge.model, same_event);
	judge.model.repeats = true;
	judge.model.level = 1; /* no trace without any was the same */
	for (;;) {
		if (!model_next(&judge.model) && !judge.model.unknown)
			return found;
		if (!judge.model.level || !same_end())
			continue;
		judge.model.most_quirks = judge.model.level; /* no more than that */
		*several |= found && found != judge.model.quirks;
		found = found ? first_quirks(found, judge.model.quirks) : judge.model.quirks;
	}
}

/* No trace of the guest's has an event of its hypervisor: only this quirk explains that. */
static void judge_hit(struct verdict_of *v)
{
	if (v->outcome != LEGAL && v->outcome != QUIRKY)
		return;
	v->quirks |= judge.quirks & BIT(QUIRK_DEBUG_TRAP_IN_ROOT);
	v->outcome = v->quirks & BIT(QUIRK_DEBUG_TRAP_IN_ROOT) ? QUIRKY : ILLEGAL;
	if (v->outcome == ILLEGAL)
		v->why = "an event came in the hypervisor";
}

struct verdict_of try_situation(const struct point *p)
{
	struct verdict_of v = { .outcome = UNPLAYED };
	enum profile_section before = profile_enter(PROFILE_PREPARE);
	enum plant plant = planted_at(p);

	if (!judge.is_laid_out || !world_same_scene(&judge.laid_out, p))
		world_layout(&judge.layout, p, &judge.ground);
	judge.laid_out = *p;
	judge.is_laid_out = true;
	world_situation_on(&judge.situation, &judge.layout, p, &judge.ground);
	player_twin(&judge.situation);
	profile_enter(PROFILE_MODEL);
	v.why = outside();
	if (!v.why && (!judge.has_trace || plant == PLANT_NO_TRACE)) {
		v.no_trace = true;
		v.why = "the model finds no legal trace";
	}
	if (!v.why) {
		plant_strikes(plant);
		v.why = judge.left = play_situation(p, plant_alters(plant, &judge.situation));
		profile_enter(PROFILE_JUDGE);
		trace_read(&judge.trace, &the_scene()->layout, event_log.entries, log_count());
		v.hash = hash_trace(&judge.trace, &judge.layout) ^ (v.why == does_not_end);
		v.outcome = ILLEGAL;
		profile_enter(PROFILE_MODEL);
		if (!v.why && judge_trace(p)) {
			v.outcome = LEGAL;
		} else if (!v.why && judge.model.unknown) {
			v.outcome = UNPLAYED;
			v.why = judge.model.unknown;
		} else if (judge.quirks) {
			v.quirks = explained_by(&v.several);
			v.outcome = v.quirks ? QUIRKY : ILLEGAL;
		}
		if (player_was_hit())
			judge_hit(&v);
		if (plant == PLANT_MISJUDGE)
			v.outcome = v.outcome == LEGAL ? ILLEGAL : LEGAL;
		if (plant == PLANT_MISNAME)
			v.quirks = judge.quirks & ~v.quirks & -(judge.quirks & ~v.quirks);
	}
	profile_leave(before);
	return v;
}

void try_again(struct verdict_of *v, const struct point *point, struct text *both)
{
	static struct log_entry before[LOG_CAPACITY];
	size_t n = log_count();
	const char *left = judge.left, *left_again;
	struct verdict_of again;

	memcpy(before, event_log.entries, n * sizeof(*before));
	again = try_situation(point);
	if (again.hash == v->hash)
		return;
	v->outcome = FLAKY;
	left_again = judge.left;
	judge.left = left;
	trace_read(&judge.trace, &the_scene()->layout, before, n);
	format_seen(both);
	text_add(both, " || ");
	judge.left = left_again;
	trace_read(&judge.trace, &the_scene()->layout, event_log.entries, log_count());
	format_seen(both);
}

void format_legal(struct text *text)
{
	bool first = true;

	model_begin(&judge.model, &judge.situation);
	for (; model_next(&judge.model); first = false) {
		text_add(text, "%s", first ? "" : " || ");
		model_format(text, &judge.model);
	}
}

void format_seen(struct text *text)
{
	bool stopped = judge.left == does_not_end;

	if (!stopped || judge.trace.count)
		trace_format(text, &the_scene()->layout, &judge.trace);
	if (stopped)
		text_add(text, "%s" MODEL_STOPPED, judge.trace.count ? "; " : "");
}

void format_situation(struct text *text)
{
	situation_format(text, &judge.situation);
}
