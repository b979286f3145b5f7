/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The orders of a guest's events, with the rule behind each.
 */
#include "guest.h"

#include <stdio.h>
#include <string.h>

#include "near.h"
#include "words.h"

enum { TEXT_SIZE = 1 << 15 };

static struct inner inner;
static struct guest_situation guest;

static void begin(const struct question_asked *asked, bool amd)
{
	guest = asked->guest;
	guest.scene = asked->situation;
	guest.scene.state &= (u16)~STATE_AMD;
	guest.scene.state |= amd ? STATE_AMD : 0;
	inner_begin_with(&inner, &guest, asked->mutant, asked->profile, asked->inner_mutant,
			 asked->inner_profile);
}

const char *guest_traces(const struct question_asked *asked, bool amd)
{
	static char buffer[TEXT_SIZE];
	struct text text = TEXT(buffer);

	begin(asked, amd);
	for (size_t n = 0; inner_next(&inner); n++) {
		text_add(&text, "%s", n ? " || " : "");
		model_format(&text, &inner.model);
	}
	if (inner.model.unknown) {
		text = TEXT(buffer);
		text_add(&text, "? %s", inner.model.unknown);
	}
	return text_seal(&text);
}

static void print_rule(const struct rule_text *rule)
{
	printf("        %s\n        [%s]\n", rule->text, rule->citation);
}

static void print_event(size_t n)
{
	const struct model_event *e = &inner.model.events[n];
	char buffer[256];
	struct text text = TEXT(buffer);
	struct log_entry entry;
	struct event event;

	model_event(&inner.model, n, &entry, &event);
	event_format(&text, guest.scene.layout, &event);
	printf("  %s%s\n", text_seal(&text), e->somewhere ? " (in the middle of a handler)" : "");
	if (e->kind == LOG_ENTRY)
		return;
	print_rule(any_rule(e->rule));
	if (e->refused)
		puts("        The entry does not begin: VMfailValid");
	if (e->held && e->held != RULE_NMI)
		printf("        It had to wait, because %s\n        [%s]\n", rules[e->held].text,
		       rules[e->held].citation);
}

static void print_choices(void)
{
	for (size_t i = 0; i < inner.model.asked; i++) {
		const struct question *q = &inner.model.questions[i];
		const struct choice_text *c = any_choice(q->choice);

		printf("    Left open: %s Here %s.\n        [%s=%u. %s]\n", c->text,
		       c->answers[q->answer], c->name, q->answer, c->citation);
	}
}

static void print_orders(const struct question_asked *asked, bool amd, const char *who)
{
	begin(asked, amd);
	puts(who);
	for (size_t n = 1; inner_next(&inner); n++) {
		printf("%sorder %zu\n", n > 1 ? "or " : "", n);
		for (size_t i = 0; i < inner.model.count; i++)
			print_event(i);
		if (!inner.model.count)
			puts("  nothing is delivered, and nothing exits");
		print_choices();
	}
}

/* For one vendor. NULL, or why not. */
static const char *explain_for(const struct question_asked *asked, bool amd)
{
	const char *problem = wrong_control(&asked->guest, amd);

	if (problem)
		return problem;
	guest_traces(asked, amd);
	if (inner.model.unknown)
		return message("not modelled: %s", inner.model.unknown);
	print_orders(asked, amd, amd ? "AMD" : "Intel");
	return NULL;
}

const char *explain_guest(const struct question_asked *asked)
{
	static char intel[TEXT_SIZE];
	bool of_vmx = !wrong_control(&asked->guest, false);
	bool of_svm = !wrong_control(&asked->guest, true);
	const char *problem;

	if (asked->vendor_given)
		return explain_for(asked, asked->situation.state & STATE_AMD);
	if (!of_vmx)
		return explain_for(asked, true);
	if (!of_svm)
		return explain_for(asked, false);
	strcpy(intel, guest_traces(asked, false));
	if (inner.model.unknown)
		return message("not modelled: %s", inner.model.unknown);
	if (!strcmp(intel, guest_traces(asked, true))) {
		print_orders(asked, false, "Intel and AMD");
		return NULL;
	}
	problem = explain_for(asked, false);
	puts("");
	return problem ? problem : explain_for(asked, true);
}
