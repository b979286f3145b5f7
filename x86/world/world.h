/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Playing and judging the generated world.
 */
#ifndef ORDEAL_X86_WORLD_H
#define ORDEAL_X86_WORLD_H

#include "model/model.h"
#include "order/trace.h"
#include "world/world.h"

struct block {
	u8 opener, instruction;
};

/* blocks.c's cases: plays all situations of a struct block, and judges them. */
void play_block(const void *block);

/* play.c: where everything lies on this machine. Called once for each block. */
void survey(struct ground *ground);

/*
 * Lays out and plays the situation of @point, which is @situation, from a clean stage.
 * Returns NULL, or how it left the scene other than by its landing. What was recorded is
 * in the log.
 */
const char *play_situation(const struct point *point, const struct situation *situation);

/* judge.c: what came of one situation */
enum outcome {
	LEGAL,
	QUIRKY, /* not legal, and explained by known deviations */
	ILLEGAL,
	UNPLAYED, /* it is not in the model's world */
};

struct verdict_of {
	enum outcome outcome;
	const char *why; /* it left the scene in another way, or is not in the model's world */
	u64 quirks;	 /* a bit for each enum quirk: the fewest that explain it */
	bool several;	 /* other sets of as many quirks explain it as well */
	u32 hash;	 /* of what was recorded */
};

/* Plays and judges one situation. */
struct verdict_of try_situation(const struct point *point);

/* A block begins. */
void judge_begin(void);

/* Appends the legal set of the situation that was tried last, joined by " || "; what it showed; and
 * the situation itself, in the words of x86/explain. */
void format_legal(struct text *text);
void format_seen(struct text *text);
void format_situation(struct text *text);

/* Appends the names of a set of quirks, joined by @between. */
void format_quirks(struct text *text, u64 quirks, const char *between);

/* Prints as OBSERVED what was learnt of the platform since the last call. */
void report_profile(void);

#endif
