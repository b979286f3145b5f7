/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a sweep chooses its samples. It plays a sample for a timer count and is told on which order
 * it fell; orders are numbered in order of arrival, so that 0 is "before all" and the last is
 * "later". A coarse search finds the window by itself: from the last count that is "before" to the
 * first that is "later". The fine pass plays every count of it, and each several times where the
 * platform does not repeat itself. What it costs is bounded by a budget, and a sweep that used it
 * up says so.
 */
#ifndef ORDEAL_SEARCH_H
#define ORDEAL_SEARCH_H

#include "base/types.h"

enum {
	SEARCH_MAX_ORDERS = 16,
	SEARCH_MAX_STRETCHES = 64,
	SEARCH_LONGEST_ARM = 1 << 26, /* timer ticks: if it is not late then, it does not run */
	SEARCH_NOISY_REPEATS = 4,     /* samples for a count where one does not tell */
};

struct search_subject {
	int orders; /* 2 to SEARCH_MAX_ORDERS */

	/*
	 * Plays one sample with the timer set to @ticks, 1 or more. Its order; -1 if it was
	 * illegal, which ends the sweep.
	 */
	int (*sample)(const void *argument, u32 ticks);

	/* The sample just played is the first of its order in the fine pass. May be NULL. */
	void (*first)(const void *argument, int order, u32 ticks);

	u64 (*now)(void); /* the clock of the budget; need not run, must not jump */
	const void *argument;
};

struct search_budget {
	u32 samples;
	u64 clock; /* ticks of now() */
};

/* Ample for every platform that takes less than some seconds; TSC ticks. */
#define SEARCH_BUDGET ((struct search_budget){ .samples = 6000, .clock = 1ull << 28 })

enum search_end {
	SEARCH_WHOLE,	/* every count of the window was played */
	SEARCH_STRIDED, /* the budget is too small: only every @step-th, and each change of order */
	SEARCH_CUT,	/* the budget was used up at @to, before the end of the window */
	SEARCH_NO_WINDOW,  /* the budget was used up before the window was found */
	SEARCH_NEVER_LATE, /* with SEARCH_LONGEST_ARM the interrupt still comes inside the scene */
	SEARCH_CLOCK_JUMP, /* one sample took over half of the budget's clock, or less than 0 */
	SEARCH_ILLEGAL,	   /* a sample was illegal */
};

/* Neighbouring counts that fell on the same order. */
struct search_stretch {
	u32 first, last;
	int order;
};

struct search_outcome {
	enum search_end end;
	u32 from, to;	/* timer counts of the window, both included */
	u32 window_end; /* SEARCH_CUT: where it would have ended */
	u32 step, repeats;
	bool noisy;		    /* the same count fell on several orders */
	u32 searched;		    /* samples of the coarse search: judged, not counted below */
	u32 samples;		    /* of the fine pass */
	u64 clock;		    /* what all of it took */
	u64 jumped_from, jumped_to; /* SEARCH_CLOCK_JUMP */
	u32 last_ticks;		    /* the count of the last sample */
	u32 counts[SEARCH_MAX_ORDERS];
	u32 first[SEARCH_MAX_ORDERS], last[SEARCH_MAX_ORDERS]; /* counts, where counts[] is not 0 */
	size_t stretch_count; /* may exceed SEARCH_MAX_STRETCHES: then the rest is not kept */
	struct search_stretch stretches[SEARCH_MAX_STRETCHES];
};

/* Has no effects but those of @subject. */
void search_window(const struct search_subject *subject, struct search_budget budget,
		   struct search_outcome *outcome);

struct text;

/* Appends the counts of one order: "1-90,93"; "~1-240" if other orders lie between too often. */
void search_ticks_format(struct text *text, const struct search_outcome *outcome, int order);

/* Appends why the sweep is not whole: nothing if it is. For a person; docs/results.md, SWEEP. */
void search_end_format(struct text *text, const struct search_outcome *outcome);

#endif
