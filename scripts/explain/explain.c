/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86/explain: prints the legal orders of a situation, with the rule and the section of the manuals
 * behind each event. Nothing is booted. docs/model.md has the words.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "guest.h"
#include "lists.h"
#include "near.h"
#include "notation.h"
#include "write_case.h"

enum {
	LINE = 4096,
	WORDS = 96,
	BAD_INPUT = 2,
};

static const char usage[] =
	"Usage: x86/explain SCENE [OPTION VALUE]...\n"
	"       x86/explain --world NAME [OPTION VALUE]... | --write-case NAME\n"
	"       x86/explain --guest SCENE [OPTION VALUE]... [--entry WORDS]...\n"
	"       x86/explain --batch | --guest-batch | --bench | --list rules|choices|quirks|instructions|guest-rules|guest-choices|controls\n"
	"       x86/explain --world-batch | --world-explain | --world-blocks [SELECTION]... | --world-names BLOCK [SELECTION]...\n"
	"\n"
	"Prints the orders in which the manuals let events be delivered, with the rule behind each.\n"
	"\n"
	"    x86/explain 'STI; L: RDMSR' --pending irq60\n"
	"    x86/explain 'STI; L: RDMSR' --pending irq60 --gate GP=trap --vendor amd\n"
	"    x86/explain 'L: NOP' --pending irq60,nmi --flags if --break L\n"
	"    x86/explain --world STI.RDMSR.irq60.tg --vendor amd\n"
	"    x86/explain --guest 'L: NOP' --flags if --entry inject=GP:0,blocking=sti,irq60\n"
	"\n"
	"Options: --vendor --pending --flags --cpl --gate --idt-limit --break --watch --tpr --in-service\n"
	"         --timer --arrive --state --handlers --set --stack --elsewhere --there --choose --mutant\n"
	"         --quirk\n"
	"docs/model.md explains each. --batch reads one situation a line from standard input and prints\n"
	"its legal traces, separated by \" || \"; --bench reads them, and counts legal sets a second.\n"
	"--write-case prints a case that stages a situation of the generated world.\n"
	"--world takes the situation from the generated world. --world-batch reads NAME [OPTION VALUE]...\n"
	"a line, and prints the hash of the name, the situation and its legal traces, with tabs between;\n"
	"--world-explain explains each, and ends each with a line \"--\".\n"
	"--world-blocks counts situations, block by block, and those that may be outside the model's world;\n"
	"--world-names lists those of one block. SELECTION: sample=N seed=S depth=N axes=LIST from=N to=N,\n"
	"as in docs/results.md, and vendor=amd, vendor=intel for --world-blocks.\n";

static struct model model;

/* The quirks that decided something. */
static void print_quirks(u64 set)
{
	for (size_t i = 0; i < QUIRK_COUNT; i++)
		if (set >> i & 1)
			printf("        Not as the manuals say: %s\n        [%s]\n", quirks[i].text,
			       quirks[i].section);
}

static void print_event(size_t n)
{
	const struct model_event *e = &model.events[n];
	char buffer[256];
	struct text text = TEXT(buffer);
	struct log_entry entry;
	struct event event;

	model_event(&model, n, &entry, &event);
	event_format(&text, &model.situation->layout[0], &event);
	printf("  %s%s\n", text_seal(&text), e->somewhere ? " (in the middle of a handler)" : "");
	printf("        %s\n        [%s]\n", rules[e->rule].text, rules[e->rule].citation);
	if (e->held && e->held != RULE_NMI)
		printf("        It had to wait, because %s\n        [%s]\n", rules[e->held].text,
		       rules[e->held].citation);
	print_quirks(e->quirks);
}

static void print_choices(void)
{
	for (size_t i = 0; i < model.asked; i++) {
		const struct question *q = &model.questions[i];
		const struct choice_text *c = &choices[q->choice];

		if (q->choice >= CHOICE_COUNT)
			continue; /* a quirk */
		printf("    Left open: %s Here %s.\n        [%s=%u. %s]\n", c->text,
		       c->answers[q->answer], c->name, q->answer, c->citation);
	}
}

/* The legal traces, separated by " || ", for comparisons. */
static const char *all_traces(const struct question_asked *asked, u16 vendor)
{
	static char buffer[LINE * 8];
	static struct situation s;
	struct text text = TEXT(buffer);

	s = asked->situation;
	s.state = (u16)((s.state & ~STATE_AMD) | vendor);
	model_begin_with(&model, &s, asked->mutant, asked->profile);
	model_allow(&model, asked->quirks, QUIRK_COUNT);
	for (size_t n = 0; model_next(&model); n++) {
		text_add(&text, "%s", n ? " || " : "");
		model_format(&text, &model);
	}
	if (model.unknown) {
		text = TEXT(buffer);
		text_add(&text, "? %s", model.unknown);
	}
	return text_seal(&text);
}

static void explain_for(const struct question_asked *asked, u16 vendor, const char *who)
{
	static struct situation s;
	size_t n = 0;

	s = asked->situation;
	s.state = (u16)((s.state & ~STATE_AMD) | vendor);
	model_begin_with(&model, &s, asked->mutant, asked->profile);
	model_allow(&model, asked->quirks, QUIRK_COUNT);
	printf("%s\n", who);
	while (model_next(&model)) {
		n++;
		printf("%sorder %zu%s\n", n > 1 ? "or " : "", n,
		       model.level ? ", which is not legal" : "");
		for (size_t i = 0; i < model.count; i++)
			print_event(i);
		if (model.endless)
			puts("  #DB, again and again");
		else if (model.stopped)
			puts("  nothing is executed any more");
		else if (!model.count)
			puts("  nothing is delivered");
		if (model.acted)
			puts("  and after that:");
		print_quirks(model.acted);
		print_choices();
	}
}

static int explain(const struct question_asked *asked)
{
	static char intel[LINE * 8];
	bool amd = asked->situation.state & STATE_AMD;

	strcpy(intel, all_traces(asked, 0));
	if (model.unknown && (!asked->vendor_given || !amd)) {
		fprintf(stderr, "x86/explain: not modelled: %s\n", model.unknown);
		return BAD_INPUT;
	}
	if (asked->vendor_given) {
		explain_for(asked, amd ? STATE_AMD : 0, amd ? "AMD" : "Intel");
	} else if (!strcmp(intel, all_traces(asked, STATE_AMD))) {
		explain_for(asked, 0, "Intel and AMD");
	} else {
		explain_for(asked, 0, "Intel");
		puts("");
		explain_for(asked, STATE_AMD, "AMD");
	}
	if (!model.unknown)
		return 0;
	fprintf(stderr, "x86/explain: not modelled: %s\n", model.unknown);
	return BAD_INPUT;
}

/* --- Many at once --- */

/* The words of the next line; < 0: there is none, or it has too many. */
static int next_words(char **words, unsigned int *line_number)
{
	static char line[LINE];

	if (!fgets(line, sizeof(line), stdin))
		return -1;
	++*line_number;
	return split_words(line, words, WORDS);
}

static int bad_line(unsigned int line_number, const char *problem)
{
	fprintf(stderr, "x86/explain: line %u: %s\n", line_number, problem);
	return BAD_INPUT;
}

/* Reads a situation; ends the program with a message if it cannot be read. */
static bool next_question(struct question_asked *asked, unsigned int *line_number, int *status)
{
	char *words[WORDS];
	unsigned int before = *line_number;
	int n = next_words(words, line_number);
	const char *problem;

	if (*line_number == before)
		return false;
	problem = n < 0 ? "too many words, or a ' is missing" : read_question(asked, words, n);
	if (!problem)
		return true;
	*status = bad_line(*line_number, problem);
	return false;
}

/* As batch(), of guests, each for its vendor. */
static int guest_batch(const char *mutant)
{
	static struct question_asked asked;
	unsigned int line_number = 0;
	char *words[WORDS];
	int n;

	while ((n = next_words(words, &line_number)) >= 0) {
		const char *problem = read_guest(&asked, words, n);

		if (problem)
			return bad_line(line_number, problem);
		for (size_t i = 1; mutant && i < INNER_RULE_COUNT; i++)
			if (!strcmp(mutant, inner_rules[i].name))
				asked.inner_mutant = (enum inner_rule)i;
		puts(guest_traces(&asked, asked.situation.state & STATE_AMD));
	}
	return 0;
}

static int batch(const char *mutant)
{
	static struct question_asked asked;
	unsigned int line_number = 0;
	int status = 0;

	while (next_question(&asked, &line_number, &status)) {
		for (size_t i = 1; mutant && i < RULE_COUNT; i++)
			if (!strcmp(mutant, rules[i].name))
				asked.mutant = (enum rule)i;
		puts(all_traces(&asked, asked.situation.state & STATE_AMD));
	}
	return status;
}

static const char *as_words(const struct question_asked *asked)
{
	static char buffer[LINE];
	struct text text = TEXT(buffer);

	situation_format(&text, &asked->situation);
	return text_seal(&text);
}

/* One line for each situation, or (@why) the explanation, which a line "--" ends. */
static int world_batch(bool why)
{
	static struct question_asked asked;
	unsigned int line_number = 0;
	char *words[WORDS];
	struct point point;
	int n;

	while ((n = next_words(words, &line_number)) >= 0) {
		const char *problem = read_named(&asked, words, n, &point);

		if (problem)
			return bad_line(line_number, problem);
		if (why) {
			printf("./x86/explain %s\n", as_words(&asked));
			explain(&asked);
			puts("--");
		} else {
			printf("%08x\t%s\t%s\n", world_hash(&point), as_words(&asked),
			       all_traces(&asked, asked.situation.state & STATE_AMD));
		}
	}
	return 0;
}

static int bench(void)
{
	static struct question_asked asked;
	unsigned int line_number = 0;
	unsigned long sets = 0, traces = 0;
	clock_t used = 0;
	int status = 0;

	while (next_question(&asked, &line_number, &status)) {
		clock_t begin = clock();

		for (int i = 0; i < 100; i++) {
			model_begin(&model, &asked.situation);
			while (model_next(&model))
				traces++;
			sets++;
		}
		used += clock() - begin;
	}
	printf("%lu legal sets, %lu traces, %.3f s: %.0f sets a second\n", sets, traces,
	       (double)used / CLOCKS_PER_SEC,
	       (double)sets * CLOCKS_PER_SEC / (double)(used ? used : 1));
	return status;
}

static int bad_input(const char *problem)
{
	fprintf(stderr, "x86/explain: %s\n", problem);
	return BAD_INPUT;
}

static int explain_named(int argc, char **argv)
{
	static struct question_asked asked;
	struct point point;
	const char *problem = read_named(&asked, argv, argc, &point);

	if (problem)
		return bad_input(problem);
	printf("./x86/explain %s\n", as_words(&asked));
	return explain(&asked);
}

int main(int argc, char **argv)
{
	static struct question_asked asked;
	const char *problem;

	if (argc < 2 || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? BAD_INPUT : 0;
	}
	if (!strcmp(argv[1], "--batch"))
		return batch(argc > 2 ? argv[2] : NULL);
	if (!strcmp(argv[1], "--bench"))
		return bench();
	if (!strcmp(argv[1], "--guest-batch"))
		return guest_batch(argc > 2 ? argv[2] : NULL);
	if (!strcmp(argv[1], "--guest")) {
		problem = read_guest(&asked, argv + 2, argc - 2);
		if (!problem)
			problem = explain_guest(&asked);
		return problem ? bad_input(problem) : 0;
	}
	if (!strcmp(argv[1], "--list")) {
		problem = list_all(argc > 2 ? argv[2] : "");
		return problem ? bad_input(problem) : 0;
	}
	if (!strcmp(argv[1], "--world"))
		return explain_named(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--world-batch"))
		return world_batch(false);
	if (!strcmp(argv[1], "--world-explain"))
		return world_batch(true);
	if (!strcmp(argv[1], "--world-blocks")) {
		problem = list_blocks(argv + 2, argc - 2);
		return problem ? bad_input(problem) : 0;
	}
	if (!strcmp(argv[1], "--write-case")) {
		problem = argc > 2 ? write_case(argv[2]) : "--write-case needs a situation";
		return problem ? bad_input(problem) : 0;
	}
	if (!strcmp(argv[1], "--world-names")) {
		problem = list_names(argv + 2, argc - 2);
		return problem ? bad_input(problem) : 0;
	}
	problem = read_question(&asked, argv + 1, argc - 1);
	return problem ? bad_input(problem) : explain(&asked);
}
