/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block of the generated world: plays its situations, counts, and shows the smallest situation of
 * the first class that is illegal. Two illegal situations are of one class if they become the same
 * one when all that is not needed is left out.
 */
#include "boot/args.h"
#include "machine/profile.h"
#include "report/report.h"
#include "scene/unexpected.h"
#include "stage/case.h"
#include "stage/stage.h"
#include "world.h"

enum {
	CLASSES = 16,
	SETS = 64,	 /* of quirks, of one block */
	MADE_SMALL = 48, /* illegal situations of a block that are made smaller */
	TEXT_BYTES = 3200,
};

static struct {
	u32 situations, outcomes[OUTCOMES];
	u32 hash;
	const char *first_outside;
	struct point without_trace;
	bool model_fails;
	size_t class_count, made_small, not_classed;
	struct point classes[CLASSES];
	u32 of_class[CLASSES];
	u32 ambiguous; /* situations that several sets of quirks explain */
	size_t set_count;
	struct set {
		u64 quirks;
		u32 count;
		struct point first;
	} sets[SETS];
} run;

static char buffer[TEXT_BYTES];

/* --- Classes --- */

static bool same_point(const struct point *a, const struct point *b)
{
	for (size_t i = 0; i < AXIS_COUNT; i++)
		if (a->values[i] != b->values[i])
			return false;
	return a->opener == b->opener && a->instruction == b->instruction;
}

/* Does it have everything that a class needs? */
static bool contains(const struct point *p, const struct point *class)
{
	for (unsigned int i = 0; i < AXIS_COUNT; i++)
		if (class->values[i] != world_usual(i) && class->values[i] != p->values[i])
			return false;
	return true;
}

static bool is_possible(const struct point *p)
{
	if (world_excludes(p->opener, p->instruction))
		return false;
	for (unsigned int i = 0; i < AXIS_COUNT; i++)
		if (world_refuses(p, i))
			return false;
	return true;
}

static bool still_illegal(const struct point *p)
{
	return is_possible(p) && try_situation(p).outcome == ILLEGAL;
}

/* Gives every axis the lowest value with which the situation stays illegal, and then the opener. */
static void make_small(struct point *p)
{
	struct point smaller = *p;

	for (unsigned int axis = AXIS_COUNT; axis-- > 0;) {
		for (u8 v = world_usual(axis); v < p->values[axis]; v++) {
			smaller = *p;
			smaller.values[axis] = v;
			if (!still_illegal(&smaller))
				continue;
			*p = smaller;
			break;
		}
	}
	for (u8 opener = 0; opener < p->opener && opener < 2; opener++) {
		smaller = *p;
		smaller.opener = opener;
		if (!still_illegal(&smaller))
			continue;
		*p = smaller;
		break;
	}
}

static void classify(const struct point *p)
{
	struct point small = *p;
	size_t c = 0;

	while (c < run.class_count && !contains(p, &run.classes[c]))
		c++;
	if (c == run.class_count && run.made_small < MADE_SMALL) {
		run.made_small++;
		make_small(&small);
		for (c = 0; c < run.class_count && !same_point(&small, &run.classes[c]);)
			c++;
	}
	if (c == run.class_count && c < CLASSES && run.made_small <= MADE_SMALL)
		run.classes[run.class_count++] = small;
	if (c < CLASSES)
		run.of_class[c]++;
	else
		run.not_classed++;
}

/* --- Known deviations --- */

static void note_quirks(const struct point *p, const struct verdict_of *v)
{
	size_t i = 0;

	run.ambiguous += v->several;
	while (i < run.set_count && run.sets[i].quirks != v->quirks)
		i++;
	if (i == SETS)
		error("more than %d sets of quirks explain what this block shows", SETS);
	if (i == run.set_count)
		run.sets[run.set_count++] = (struct set){ v->quirks, 0, *p };
	run.sets[i].count++;
}

static void format_sets(struct text *text)
{
	for (size_t i = 0; i < run.set_count; i++) {
		text_add(text, "%s", i ? "," : "");
		format_quirks(text, run.sets[i].quirks, "+");
		text_add(text, ":%u", run.sets[i].count);
	}
}

static void report_sets(void)
{
	for (size_t i = 0; i < run.set_count; i++) {
		struct text text = TEXT(buffer);

		format_quirks(&text, run.sets[i].quirks, " and ");
		text_add(&text, ": %u, the first is ", run.sets[i].count);
		world_name(&text, &run.sets[i].first);
		report_line("NOTE: %s: not legal, by %s", stage_case_name(), text_seal(&text));
	}
}

/* --- The block --- */

/* The trace of a situation, for the host's opinion of it. */
static void show_trace(const struct point *p, const struct verdict_of *v)
{
	static const char *const words[OUTCOMES] = { "legal", "by=", "illegal", "flaky" };
	char name[WORLD_NAME], outcome[WORLD_NAME];
	struct text text = TEXT(buffer), of = TEXT(name), how = TEXT(outcome);

	world_name(&of, p);
	text_add(&how, "%s", words[v->outcome]);
	format_quirks(&how, v->outcome == QUIRKY ? v->quirks : 0, "+");
	format_seen(&text);
	report_line("PLAYED: %s: %s %s %08x %s", stage_case_name(), text_seal(&of), text_seal(&how),
		    v->hash, text_seal(&text));
}

static void show_flaky(const struct point *p, struct text *both)
{
	char name[WORLD_NAME];
	struct text text = TEXT(name);

	world_name(&text, p);
	report_line("NOTE: %s: flaky: %s: %s", stage_case_name(), text_seal(&text),
		    text_seal(both));
}

static void play_point(const struct point *p)
{
	const u32 apart_from_samples = 0x73686f77, show = this_cpu.args->show;
	struct verdict_of v = try_situation(p);
	struct text both = TEXT(buffer);
	u32 name;

	if (v.outcome == ILLEGAL)
		try_again(&v, p, &both);
	run.situations++;
	run.outcomes[v.outcome]++;
	if (v.no_trace && !run.model_fails)
		run.without_trace = *p;
	run.model_fails |= v.no_trace;
	if (v.outcome == UNPLAYED) {
		if (!run.first_outside)
			run.first_outside = v.why;
		return;
	}
	name = world_hash(p);
	run.hash += world_mix(world_mix(0, name), v.hash); /* in any order */
	if (v.outcome == FLAKY)
		show_flaky(p, &both);
	if (show && world_mix(apart_from_samples, name) % show == 0)
		show_trace(p, &v);
	if (v.outcome == ILLEGAL)
		classify(p);
	if (v.outcome == QUIRKY)
		note_quirks(p, &v);
}

static void report_block(void)
{
	struct text text = TEXT(buffer);

	format_sets(&text);
	report_line("BLOCK: %s: situations=%u legal=%u quirks=%s ambiguous=%u illegal=%u flaky=%u "
		    "unplayed=%u hash=%08x",
		    stage_case_name(), run.situations, run.outcomes[LEGAL], text_seal(&text),
		    run.ambiguous, run.outcomes[ILLEGAL], run.outcomes[FLAKY],
		    run.outcomes[UNPLAYED], run.hash);
	if (run.first_outside)
		report_line("NOTE: %s: unplayed: %s", stage_case_name(), run.first_outside);
	report_profile();
}

/* The situation as its name, with what it showed and what would have been legal. */
static const char *show(const struct point *p)
{
	const char *law = this_cpu.args->law;
	struct verdict_of v = try_situation(p);
	struct text text = TEXT(buffer);

	if (v.outcome == UNPLAYED)
		return v.why;
	format_legal(&text);
	report_line("WANT: %s: %s", stage_case_name(), text_seal(&text));
	text = TEXT(buffer);
	format_seen(&text);
	report_line("SEEN: %s: %s", stage_case_name(), text_seal(&text));
	text = TEXT(buffer);
	format_situation(&text);
	if (v.quirks) {
		text_add(&text, " --quirk ");
		format_quirks(&text, v.quirks, " --quirk ");
	}
	report_line("NOTE: %s: ./x86/explain %s", stage_case_name(), text_seal(&text));
	text = TEXT(buffer);
	world_name(&text, p);
	report_line("NOTE: %s: alone: ./run_tests.sh --only %s%s%s", stage_case_name(),
		    text_seal(&text), law ? " guest-" : "", law ? law : "");
	if (v.why)
		report_line("NOTE: %s: left the scene: %s", stage_case_name(), v.why);
	return NULL;
}

static void report_classes(void)
{
	for (size_t c = 0; c < run.class_count; c++) {
		char name[WORLD_NAME];
		struct text text = TEXT(name);

		world_name(&text, &run.classes[c]);
		report_line("NOTE: %s: class of %u: %s", stage_case_name(), run.of_class[c],
			    text_seal(&text));
	}
	if (run.not_classed)
		report_line("NOTE: %s: not classed: %lu", stage_case_name(), (u64)run.not_classed);
	show(&run.classes[0]);
}

static void play_only(const struct block *block)
{
	struct point p;
	const char *problem = world_find(this_cpu.args->only, &p);

	if (problem)
		error("only=%s: %s", this_cpu.args->only, problem);
	if (p.opener != block->opener || p.instruction != block->instruction)
		skip("only=%s is a situation of %s.%s", this_cpu.args->only, openers[p.opener].word,
		     world_instructions[p.instruction].word);
	play_point(&p);
	report_block();
	problem = show(&p);
	if (problem && !run.model_fails)
		skip("it is not in the model's world: %s", problem);
}

static struct world_selection selected(void)
{
	const struct args *args = this_cpu.args;
	struct world_selection selection = { .sample = args->sample,
					     .seed = args->seed,
					     .depth = args->depth ? args->depth : WORLD_DEPTH,
					     .from = args->from,
					     .to = args->to };
	const char *bad = args->axes ? world_read_axes(args->axes, &selection.axes) : NULL;

	if (bad)
		error("axes=%s: lib/x86/world/axes.def has no axis %s", args->axes, bad);
	bad = args->then ? world_read_followers(args->then, &selection.then) : NULL;
	if (bad)
		error("then=%s: no instruction that may come second is named %s", args->then, bad);
	return selection;
}

static void play_all(const struct block *block)
{
	struct world_selection selection = selected();
	struct point p;

	profile_enter(PROFILE_ENUMERATE);
	world_first(&p, block->opener, block->instruction);
	do
		if (world_takes(&selection, &p))
			play_point(&p);
	while (world_next(&p, selection.depth, selection.then));
	profile_enter(PROFILE_BODY);
	if (!run.situations)
		skip("none of its situations is selected");
	if (run.outcomes[UNPLAYED] == run.situations && !run.model_fails)
		skip("none of its situations is in the model's world: %s", run.first_outside);
	report_block();
	report_sets();
	if (run.class_count)
		report_classes();
	else if (run.set_count)
		show(&run.sets[0].first);
}

/* Fails the block if something came when no scene played, and names the situation that sent it. */
static void report_stray(const struct stray *stray)
{
	char name[WORLD_NAME] = "";
	struct text text = TEXT(name);

	if (stray->was_sent)
		world_name(&text, &stray->sent_by);
	check(!stray->count, "vector %u came when no scene played, after %s; %u such events in all",
	      stray->vector, stray->was_sent ? text_seal(&text) : "nothing that sent it",
	      stray->count);
}

static void stop_escaping(void)
{
	unexpected_leads_to(NULL);
}

void play_block(const void *argument)
{
	const struct block *block = argument;
	struct stray stray;
	const char *excluded = world_excludes(block->opener, block->instruction);

	if (excluded)
		skip("%s", excluded);
	__builtin_memset(&run, 0, sizeof(run));
	judge_begin();
	stage_judged();
	stage_at_end(stop_escaping);
	if (this_cpu.args->only)
		play_only(block);
	else
		play_all(block);
	stray = leave_clean();
	if (run.model_fails) {
		char name[WORLD_NAME];
		struct text text = TEXT(name);

		world_name(&text, &run.without_trace);
		error("the model finds no legal trace of %s", text_seal(&text));
	}
	report_stray(&stray);
	check(!run.outcomes[FLAKY],
	      "%u of %u situations showed something else when they were "
	      "played again",
	      run.outcomes[FLAKY], run.situations);
	check(!run.outcomes[ILLEGAL], "%u of %u situations are illegal, in %lu classes",
	      run.outcomes[ILLEGAL], run.situations, (u64)run.class_count);
	check(!run.outcomes[QUIRKY], "%u of %u situations are legal only with quirks",
	      run.outcomes[QUIRKY], run.situations);
}
