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

/* watchdog.c: from now on a hypervisor that goes round without end, while its guest has IF=1, is
 * told by a call of @bark, from a handler that must be left for good. A situation that needs the
 * LAPIC timer has no watchdog. */
void watchdog_begin(void (*bark)(u8 vector, const char *why));

/* The watchdog is over, if there was one; true: its interrupt may be pending. */
bool watchdog_end(void);

/* What it says. */
extern const char does_not_end[];

/* play.c: from a handler, which is left for good: the scene is over. */
void leave_scene(u8 vector, const char *why);

/* What came when no scene played: it belongs to a situation before. */
struct stray {
	u32 count; /* the rest is of the first */
	u8 vector;
	bool was_sent; /* by a situation of this boot, the last that sent such a thing */
	struct point sent_by;
};

/* play.c: the last situation of a block is over: puts back what it may have left, and says what
 * has come since the block began when no scene played. */
struct stray leave_clean(void);
/*
 * What differs between images that play the generated world: native.c, or x86/guest/guest.c. Before
 * each block; the landing of a scene that was laid out; and the scene, all of which is prepared but
 * DR7.GD. The last returns as play_situation() does, or by leave_scene(), and begins with
 * arm_timer(), as late as it can.
 */
struct scene;
void player_begin(void);
void player_land(struct scene *scene);
const char *player_play(struct scene *scene, const struct situation *situation);

/* The scene is about to be played: starts the watchdog, if it can be told of here. */
void player_watch(void);

/* What the model is asked about in place of a situation, and what is prepared of it. */
void player_twin(struct situation *situation);

/* Did an event of the last scene come to the player itself? It is not in the log. */
bool player_was_hit(void);

/* play.c: starts the timer of a situation that has one. */
void arm_timer(const struct situation *situation);

/* seen.c: is it in the middle of a handler? Where is a matter of time: a translator of code lets an
 * interrupt in only where one of its translations ends. */
bool is_somewhere(struct position at);

/* A hash of what was recorded, in which all such places are one. */
u32 hash_trace(const struct trace *trace, const struct layout *layout);

/* clean.c: before a situation, puts back what the one before may have left. */
void clean_stage(void);

/* The machine is now prepared for this situation, so that the next clean_stage() knows. */
void will_be_left(const struct situation *situation);

/* And how it ended: if not by its landing, anything may be left. */
void is_left(bool by_its_landing);

/* judge.c: what came of one situation */
enum outcome {
	LEGAL,
	QUIRKY, /* not legal, and explained by known deviations */
	ILLEGAL,
	FLAKY,	  /* illegal, and something else when it was played again */
	UNPLAYED, /* it is not in the model's world */
	OUTCOMES,
};

struct verdict_of {
	enum outcome outcome;
	const char *why; /* it left the scene in another way, or is not in the model's world */
	u64 quirks;	 /* a bit for each enum quirk: the fewest that explain it */
	bool several;	 /* other sets of as many quirks explain it as well */
	bool no_trace;	 /* UNPLAYED, for the model finds no legal trace: a fault of the model */
	u32 hash;	 /* of what was recorded */
};

/* plant.c: what goes wrong in a situation on purpose */
enum plant {
	PLANT_NOTHING,
#define PLANT(id, word, what) PLANT_##id,
#include "plant.def"
#undef PLANT
	PLANT_COUNT,
};
enum plant planted_at(const struct point *point);

/* The situation that is to be played in place of this one. */
const struct situation *plant_alters(enum plant plant, const struct situation *situation);

/* Ends the boot, or does not return, if that is what is planted. */
void plant_strikes(enum plant plant);

/* Does not go on, with IF=1, if that is what is planted. */
void plant_sticks(enum plant plant);

/* Plays and judges one situation. */
struct verdict_of try_situation(const struct point *point);

/* Plays a situation that was illegal again. If it shows something else, *v becomes FLAKY, and what
 * was seen the two times is appended. */
void try_again(struct verdict_of *v, const struct point *point, struct text *both);

/* A block begins. */
void judge_begin(void);

/* Appends the legal set of the situation that was tried last, joined by " || "; what it showed; and
 * the situation itself, in the words of x86/explain. */
void format_legal(struct text *text);
void format_seen(struct text *text);
void format_situation(struct text *text);

/* quirks.c: a bit for each quirk of the argument quirks=; a bad one is an error of the case. */
u64 allowed_quirks(void);

/* Of two sets that are as large, the one with the first quirk that is not in both. */
u64 first_quirks(u64 a, u64 b);

/* Appends the names of a set of quirks, joined by @between. */
void format_quirks(struct text *text, u64 quirks, const char *between);

/* Prints as OBSERVED what was learnt of the platform since the last call. */
void report_profile(void);

#endif
