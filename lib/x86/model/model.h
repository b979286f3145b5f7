/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The manuals' rules as a program: one processor at the granularity of instructions, which plays a
 * situation and says which events it delivers, in which order and where. docs/model.md has the
 * whole of it in words.
 *
 * Where the manuals leave something open the model asks a question (choices.def), and each answer
 * is a trace of its own. The legal set of a situation is what all answers together give:
 *
 *	model_begin(&model, &situation);
 *	while (model_next(&model))
 *		... model.events[0] to model.events[model.count - 1] ...
 *	if (model.unknown)
 *		... the situation is not in the model's world, and this says why ...
 *
 * Nothing here allocates, recurses or looks at the machine. A struct model belongs to its caller.
 */
#ifndef ORDEAL_MODEL_H
#define ORDEAL_MODEL_H

#include "model/cpu.h"
#include "order/trace.h"

enum {
	MODEL_QUESTIONS = 48,  /* asked while one trace is played */
	MODEL_LEGAL_MAX = 128, /* different traces of one situation */
};

/* One question that was asked while the present trace was played, in the order of asking. */
struct question {
	u8 choice; /* enum choice; CHOICE_COUNT + enum quirk */
	u8 answer;
	u8 answers; /* how many there are */
	u8 moment;  /* from which the play goes on for the next answer: the one of that number, from
		     * 1; 0: its start */
};

/* Where a play stands, after a boundary at which something was asked: whoever goes back to it gives
 * the next question another answer, and needs not play again what leads there. */
struct moment {
	struct cpu cpu;
	s8 answered[CHOICE_COUNT];
	u8 count, asked, boundaries;
	u64 quirks, refused, acted;
};

struct model;

/* An event that is about to be delivered. */
struct delivery {
	u8 vector;
	u8 kind; /* enum delivery_kind of inside.h */
	u32 error;
	enum rule why;
};

/* What a hypervisor adds to a processor (inner/): whoever plays a guest is asked these. */
struct beneath {
	/* A play begins, at the scene's first step. */
	void (*begin)(struct model *model);

	/* Instead of boundary() of inside.h. */
	void (*boundary)(struct model *model);

	/* @event was raised while @during was being delivered (NULL: nothing was): does the guest
	 * leave instead? Then it has left. */
	bool (*intercepts)(struct model *model, const struct delivery *event,
			   const struct delivery *during);

	/* @event reads its gate (@gate: NULL), or writes its frame: does the guest leave instead,
	 * because nested paging lacks the page? Then it has left. */
	bool (*misses)(struct model *model, const struct delivery *event,
		       const struct gate_state *gate);

	/* The delivery of #DF faults. */
	void (*shut_down)(struct model *model);
};

struct model {
	const struct situation *situation;
	const struct beneath *beneath; /* NULL: bare hardware */
	bool injecting;		       /* what is being delivered was injected */
	enum rule mutant;	       /* this rule is wrong; RULE_NONE: none is */
	s8 profile[CHOICE_COUNT];      /* answers that are known; -1: ask */
	u64 allowed;		       /* a bit for each quirk that a trace may use */
	u8 most_quirks;		       /* at once */
	bool repeats;		       /* a trace that other answers give as well is given again */
	bool (*fits)(const struct model *model, size_t n); /* NULL: every trace matters */

	/* The present trace */
	size_t count;
	struct model_event events[MODEL_EVENTS];
	const char *unknown; /* why the situation is not in the model's world; NULL: it is */
	u64 quirks;	     /* a bit for each that it uses */
	bool endless;	     /* by a quirk: then #DB comes in #DB's handler, again and again */
	bool stopped;	     /* by a quirk: then nothing is executed any more */
	u64 acted;	     /* those that decided something after the last event */

	size_t question_count;
	struct question questions[MODEL_QUESTIONS];

	/* How the enumeration stands */
	struct cpu cpu;
	const struct instruction *here;		/* at the present boundary, or NULL */
	u8 code_breakpoints, other_breakpoints; /* a bit for each that is armed */
	u8 arrivals;				/* a bit for each that there is */
	struct raised
		raised; /* what the line of the priority table that was looked at last raises */
	s8 answered[CHOICE_COUNT]; /* in the present trace; -1: not asked yet */
	size_t asked;
	bool started;
	bool given;	 /* model_next() has given a trace */
	bool by_profile; /* one of the traces so far has an answer of the profile */
	u8 level;	 /* so many quirks does the present trace use: fewest first */
	u64 refused;	 /* quirks that it does not use, although they were asked */
	bool cut;	 /* fits() said that its rest does not matter */
	u8 fitting;	 /* so many of its events fit */
	u8 boundaries, moment_count;
	struct moment moments[MODEL_QUESTIONS];
	size_t seen_count;
	u64 seen[MODEL_LEGAL_MAX]; /* hashes of the traces so far */
};

/* Begins the enumeration of the legal traces. The situation must stay where it is. */
void model_begin(struct model *model, const struct situation *situation);

/* As model_begin(), but with this rule wrong, and these answers given (NULL: none is). */
void model_begin_with(struct model *model, const struct situation *situation, enum rule mutant,
		      const s8 *profile);

/* After either: a guest is played. Answers are not resumed in the middle of a play. */
void model_play_beneath(struct model *model, const struct beneath *beneath);

/*
 * After either: traces that use up to @most of the quirks in @allowed (a bit for each enum quirk)
 * are enumerated as well, those with the fewest first. If a trace without quirks is not in the
 * model's world, model_next() says so, and may be asked for the next.
 */
void model_allow(struct model *model, u64 allowed, unsigned int most);

/*
 * From now on only those traces are given in which each event fits: @fits is asked about event @n
 * of @model->events when it has been delivered. A trace ends at its first event that does not, so
 * that what would follow is not played. May be called when the first trace is there, which stays.
 */
void model_follow(struct model *model, bool (*fits)(const struct model *model, size_t n));

/* The next legal trace, different from all before; false if there is none left, or the situation
 * turned out not to be in the model's world. */
bool model_next(struct model *model);

/* Event @n of the present trace as the recorder would have logged it. @event points to @entry. */
void model_event(const struct model *model, size_t n, struct log_entry *entry, struct event *event);

/* The saved RIP of event @n of the present trace; 0 if it came somewhere in a handler. */
u64 model_event_rip(const struct model *model, size_t n);

/* What stands behind the events of a trace after which nothing is executed any more. */
#define MODEL_STOPPED "STOPPED"

/* Appends the present trace, as trace_format() writes that of a guest. */
void model_format(struct text *text, const struct model *model);

/* A hash of the present trace, the same on host and guest. */
u64 model_hash(const struct model *model);

/* A rule, as rules.def has it. */
struct rule_text {
	const char *name, *text, *wrong, *citation;
};
extern const struct rule_text rules[RULE_COUNT];

/* A choice, as choices.def has it. */
struct choice_text {
	const char *name, *text, *citation;
	const char *answers[CHOICE_ANSWERS]; /* NULL where there are fewer */
};
extern const struct choice_text choices[CHOICE_COUNT];

/* A quirk, as quirks.def has it. */
struct quirk_text {
	const char *section, *text;
};
extern const struct quirk_text quirks[QUIRK_COUNT];

/* The quirk of that section's name; QUIRK_COUNT: there is none. */
enum quirk quirk_named(const char *section);

/* How many quirks are in a set. */
unsigned int quirk_count(u64 set);

#endif
