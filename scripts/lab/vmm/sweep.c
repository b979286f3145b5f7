/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between two times at which the guest was at the same boundary there is no other one, because
 * registers tell boundaries apart: KVM's own way out and in lies there. So only gaps between times
 * with different boundaries are halved, until none is left or the budget is used up.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ending.h"
#include "kick.h"
#include "replay.h"
#include "sweep.h"

enum {
	MAX_TIMES = 256,
	FIRST_TIMES = 16, /* equally far apart, over what the scenes take */
	FAR_NS = 150000,  /* more than what a kick comes too late by */
	NEAR_NS = 2000,	  /* how near to a scene its plays begin */
	BLUR_NS = 64,
	OFTEN = 4,
	AFTER_NS = 10000, /* the scenes of a play end at about the same time in all plays */
};

enum place { BEFORE, IN_SCENE, BETWEEN, AFTER };

struct time {
	uint64_t at, boundary;
	enum place place;
};

static struct {
	struct time times[MAX_TIMES];
	size_t n;
	uint64_t end; /* guest time from the play's beginning to the end of its last scene */
} sweep;

/* How many plays were moved at this boundary. */
static size_t met(uint64_t boundary)
{
	size_t n = 0;

	for (size_t i = 0; i < sweep.n; i++)
		n += sweep.times[i].boundary == boundary;
	return n;
}

static enum place place_of(const struct play *play)
{
	if (play->in_scene)
		return IN_SCENE;
	if (!play->moves)
		return AFTER;
	if (!play->there.began)
		return BEFORE;
	return play->there.ended - play->tsc + AFTER_NS < sweep.end ? BETWEEN : AFTER;
}

/* Plays the case, moved at this time, and keeps in order what was found. False: no more budget. */
static bool play_at(uint64_t at)
{
	struct move_order order = { .when = MOVE_AT_TIME, .n = at };
	const struct play *play;
	size_t i = sweep.n;

	if (sweep.n == MAX_TIMES) {
		replay_incomplete();
		return false;
	}
	play = replay_once(order);
	if (play->in_scene && !met(play->boundary))
		replay_new_boundary();
	while (i > 0 && sweep.times[i - 1].at > at)
		i--;
	memmove(&sweep.times[i + 1], &sweep.times[i], (sweep.n - i) * sizeof(sweep.times[0]));
	sweep.times[i] = (struct time){ at, play->boundary, place_of(play) };
	sweep.n++;
	return true;
}

/* Whether a boundary of a scene may lie between two times. */
static bool hides(const struct time *one, const struct time *next, uint64_t resolution)
{
	if (next->at - one->at <= resolution || one->boundary == next->boundary)
		return false;
	/* Plays vary by some instructions: two boundaries alternate where one follows the other. */
	if (next->at - one->at <= BLUR_NS && met(one->boundary) >= OFTEN &&
	    met(next->boundary) >= OFTEN)
		return false;
	return one->place == IN_SCENE || next->place == IN_SCENE || one->place != next->place;
}

/* Halves each gap that may hide a boundary. Returns whether to look again. */
static bool halve(uint64_t resolution)
{
	bool again = false;

	for (size_t i = 0; i + 1 < sweep.n; i++) {
		const struct time *one = &sweep.times[i], *next = &sweep.times[i + 1];

		if (!hides(one, next, resolution))
			continue;
		if (!play_at(one->at + (next->at - one->at) / 2))
			return false;
		again = true;
		i++;
	}
	return again;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/*
 * The latest time known at which the first scene has not begun, by halving: what a play costs
 * before is not the same in all of them. 0 if there is none.
 */
static uint64_t find_before(uint64_t begin)
{
	uint64_t before = 0, after = begin + FAR_NS;

	while (after - before > NEAR_NS) {
		uint64_t at = before + (after - before) / 2;

		if (place_of(replay_once((struct move_order){ .when = MOVE_AT_TIME, .n = at })) ==
		    BEFORE)
			before = at;
		else
			after = at;
	}
	return before;
}

/* Sweeps over the scenes, which begin soon after the place where all plays now begin. */
static void sweep_scenes(struct move_order order)
{
	const struct play *scout = replay_once((struct move_order){ .when = MOVE_NEVER });
	uint64_t resolution = kick_resolution(), to;

	if (order.when == MOVE_AT_TIME) {
		replay_once(order);
		return;
	}
	if (scout->trouble[0] || !scout->stage.began)
		return;
	sweep.end = scout->stage.ended - scout->tsc;
	to = replay_ns(sweep.end) + AFTER_NS;
	for (size_t i = 0; i < FIRST_TIMES; i++)
		if (!play_at(to * i / (FIRST_TIMES - 1)))
			return;
	while (halve(resolution))
		;
}

/* Sweeps in a process that goes to this time first. False if the first scene has begun there. */
static bool sweep_from(struct beginning *from, uint64_t at, struct move_order order)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		fail("fork: %s", strerror(errno));
	if (!child) {
		if (!play_to(from, at))
			_exit(1);
		sweep_scenes(order);
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid: %s", strerror(errno));
	return !status;
}

/*
 * What the kernel does before a play reaches its scene varies by a hundred instructions. So one
 * process goes there first, and all plays begin where it stopped.
 */
void sweep_case(struct beginning *from, struct move_order order)
{
	const struct play *scout = replay_once((struct move_order){ .when = MOVE_NEVER });
	uint64_t before;

	sweep.n = 0;
	if (scout->trouble[0] || !scout->stage.began)
		return;
	sweep.end = scout->stage.ended - scout->tsc;
	before = find_before(replay_ns(scout->stage.began - scout->tsc));
	for (uint64_t near = NEAR_NS; near <= FAR_NS; near *= 3)
		if (sweep_from(from, less(before, near), order))
			return;
	replay_incomplete();
}
