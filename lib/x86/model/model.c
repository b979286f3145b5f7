/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Playing a situation once for each combination of answers, and what came out as a trace. The
 * answers are a tape: each play follows it, and appends the first answer to a question that comes
 * up for the first time; the next play begins with the next answer to the last question.
 */
#include "model/inside.h"
#include "base/string.h"

static void start(struct model *model)
{
	const struct situation *s = model->situation;
	struct cpu *cpu = &model->cpu;

	*cpu = (struct cpu){
		.at = { PLACE_STEP, 0 },
		.rflags = s->rflags,
		.cpl = s->cpl,
		.guarded = s->state & STATE_GD,
		.nmi_blocked = s->state & STATE_NMI_BLOCKED,
		.nmis = s->nmis,
		.state = s->state,
		.msr = s->msr,
		.cr2 = s->cr2,
		.rcx = s->rcx,
		.r11 = s->r11,
		.stack_words = s->stack_words,
	};
	memcpy(cpu->registers, s->registers, sizeof(cpu->registers));
	memcpy(cpu->stack, s->stack, sizeof(s->stack));
	model->injecting = false;
	if (cpu->nmis && !cpu->nmi_blocked) /* until the IRETQ to the scene */
		lose_to_nmi(model, RFLAGS_FIXED);
	lapic_begin(model);
	if (model->beneath)
		model->beneath->begin(model);
}

/* --- One play --- */

static void keep_moment(struct model *model)
{
	struct moment *m = &model->moments[model->moment_count++];

	m->cpu = model->cpu;
	memcpy(m->answered, model->answered, sizeof(m->answered));
	m->count = (u8)model->count;
	m->asked = (u8)model->asked;
	m->boundaries = model->boundaries;
	m->quirks = model->quirks;
	m->refused = model->refused;
	m->acted = model->acted;
}

static void begin(struct model *model)
{
	model->count = 0;
	model->asked = 0;
	model->quirks = model->refused = model->acted = 0;
	model->boundaries = model->moment_count = 0;
	memset(model->answered, -1, sizeof(model->answered));
	start(model);
}

/* Back to the moment of that number; 0: to the start. */
static void go_back(struct model *model, u8 number)
{
	const struct moment *m;

	if (!number) {
		begin(model);
		return;
	}
	m = &model->moments[number - 1];
	model->moment_count = number;
	model->cpu = m->cpu;
	memcpy(model->answered, m->answered, sizeof(m->answered));
	model->count = m->count;
	model->asked = m->asked;
	model->boundaries = m->boundaries;
	model->quirks = m->quirks;
	model->refused = m->refused;
	model->acted = m->acted;
}

/* Do all events so far matter? One that does not is looked at again, if it is still there. */
static bool fits_so_far(struct model *model)
{
	while (model->fitting < model->count) {
		if (!model->fits(model, model->fitting))
			return false;
		model->fitting++;
	}
	return true;
}

/* Plays on from where the model stands. */
static void play(struct model *model)
{
	model->cut = model->endless = model->stopped = false;
	if (model->fitting > model->count)
		model->fitting = (u8)model->count;
	for (;;) {
		size_t asked = model->asked;

		model->cut = model->fits && !fits_so_far(model);
		if (model->cut || model->cpu.left || model->unknown ||
		    model->boundaries == MODEL_LIMIT)
			break;
		model->boundaries++;
		if (model->beneath) {
			model->beneath->boundary(model);
			continue;
		}
		boundary(model);
		if (model->asked != asked && !model->unknown)
			keep_moment(model);
	}
	if (!model->cpu.left && !model->cut)
		unknown(model, "the scene does not end");
	model->question_count = model->asked;
}

/* --- All of them --- */

/* The next answer to the last question that has one; false: all answers have been given. */
static bool turn_tape(struct model *model)
{
	while (model->question_count > 0) {
		struct question *last = &model->questions[model->question_count - 1];

		if (++last->answer < last->answers) {
			go_back(model, last->moment);
			return true;
		}
		model->question_count--;
	}
	return false;
}

u64 model_hash(const struct model *model)
{
	const u64 prime = 0x9e3779b97f4a7c15ull;
	u64 hash = model->count | (u64)model->endless << 32 | (u64)model->stopped << 33;

	for (size_t i = 0; i < model->count; i++) {
		const struct model_event *e = &model->events[i];
		u64 a = (u64)e->at.place << 48 | (u64)e->at.offset << 32 | e->rflags;
		u64 b = (u64)e->vector << 56 | (u64)e->cpl << 48 | (u64)e->ist << 40 |
			(u64)e->external << 32 | e->error;

		hash = (hash ^ a) * prime;
		hash = ((hash ^ hash >> 29) ^ b) * prime;
		hash = ((hash ^ hash >> 31) ^ e->dr6) * prime;
		if (e->vector == PF_VECTOR)
			hash = (hash ^ hash >> 30 ^ e->cr2) * prime;
		if (e->kind)
			hash = (hash ^ hash >> 30 ^ e->event ^ (u64)e->state << 40 ^
				(u64)e->reason << 48 ^ (u64)e->kind << 56) *
			       prime;
	}
	return hash ^ hash >> 32;
}

/* Is it a trace that was not given before? The first is, and is hashed when another is wanted. */
static bool is_new(struct model *model)
{
	u64 hash;

	if (!model->given || model->repeats)
		return model->given = true;
	hash = model_hash(model);
	for (size_t i = 0; i < model->seen_count; i++)
		if (model->seen[i] == hash)
			return false;
	if (model->seen_count == MODEL_LEGAL_MAX && model->level)
		return true; /* or not: those with quirks may be given twice */
	if (model->seen_count == MODEL_LEGAL_MAX) {
		unknown(model, "there are more legal traces than the model has room for");
		return false;
	}
	model->seen[model->seen_count++] = hash;
	return true;
}

/* What of the situation boundaries need not look for if there is none. */
static void look_at(struct model *model, const struct situation *s)
{
	model->code_breakpoints = model->other_breakpoints = model->arrivals = 0;
	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++) {
		if (!s->breakpoints[n].armed)
			continue;
		if (s->breakpoints[n].kind == BREAK_EXECUTE)
			model->code_breakpoints |= (u8)(1 << n);
		else
			model->other_breakpoints |= (u8)(1 << n);
	}
	for (size_t i = 0; i < SITUATION_ARRIVALS; i++)
		if (s->arrivals[i].vector)
			model->arrivals |= (u8)(1 << i);
}

void model_begin_with(struct model *model, const struct situation *situation, enum rule mutant,
		      const s8 *profile)
{
	model->situation = situation;
	model->beneath = NULL;
	look_at(model, situation);
	model->mutant = mutant;
	model->unknown = NULL;
	model->started = model->given = model->repeats = model->by_profile = false;
	model->fitting = 0;
	model->allowed = 0;
	model->most_quirks = model->level = 0;
	model->fits = NULL;
	model->question_count = model->seen_count = model->count = 0;
	if (profile)
		memcpy(model->profile, profile, sizeof(model->profile));
	else
		memset(model->profile, -1, sizeof(model->profile));
}

void model_begin(struct model *model, const struct situation *situation)
{
	model_begin_with(model, situation, RULE_NONE, NULL);
}

void model_play_beneath(struct model *model, const struct beneath *beneath)
{
	model->beneath = beneath;
}

void model_allow(struct model *model, u64 allowed, unsigned int most)
{
	model->allowed = allowed;
	model->most_quirks = (u8)(allowed ? most : 0);
}

void model_follow(struct model *model, bool (*fits)(const struct model *model, size_t n))
{
	model->fits = fits;
	model->fitting = 0;
}

/* Back to where the next trace parts from those so far; false: there is none. */
static bool advance(struct model *model)
{
	if (model->unknown && !model->most_quirks)
		return false;
	model->unknown = NULL;
	if (model->given && !model->seen_count && !model->repeats)
		model->seen[model->seen_count++] = model_hash(model);
	if (model->started) {
		if (turn_tape(model))
			return true;
		if (model->level == model->most_quirks)
			return false;
		model->level++;
	}
	model->started = true;
	begin(model);
	return true;
}

/* Is it one to be given? What is not in the model's world only through a quirk is left out. */
static bool counts(struct model *model)
{
	if (!model->level)
		return model->unknown || (!model->cut && is_new(model));
	return !model->unknown && !model->cut && quirk_count(model->quirks) == model->level &&
	       is_new(model);
}

bool model_next(struct model *model)
{
	do {
		if (!advance(model))
			return false;
		play(model);
	} while (!counts(model));
	return !model->unknown;
}

void model_event(const struct model *model, size_t n, struct log_entry *entry, struct event *event)
{
	const struct model_event *e = &model->events[n];

	*entry = (struct log_entry){
		.kind = e->kind ? e->kind : LOG_DELIVERY,
		.vector = e->vector,
		.in_service = e->external,
		.ist = e->ist,
		.error = e->error,
		.rip = boundary_address(model, e->at),
		.cs = e->cpl ? SEL_USER_CODE64 | SEL_RPL3 : SEL_CODE64,
		.rflags = e->rflags,
		.cr2 = e->cr2,
		.dr6 = e->dr6,
		.reason = e->reason,
		.state = e->state,
		.event = e->event,
	};
	*event = (struct event){ .entry = entry };
	if (e->at.place == PLACE_AFTER_IRET)
		event->place = PLACE_AFTER_IRET;
}

u64 model_event_rip(const struct model *model, size_t n)
{
	return boundary_address(model, model->events[n].at);
}

void model_format(struct text *text, const struct model *model)
{
	for (size_t i = 0; i < model->count; i++) {
		struct log_entry entry;
		struct event event;

		model_event(model, i, &entry, &event);
		text_add(text, "%s", i ? "; " : "");
		event_format(text, model->situation->layout, &event);
	}
	if (model->endless || model->stopped)
		text_add(text, "%s%s", model->count ? "; " : "",
			 model->endless ? "..." : MODEL_STOPPED);
	else if (!model->count)
		text_add(text, "nothing");
}
