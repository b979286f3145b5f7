/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One play of a case from where it began, in a process of its own with a virtual machine of its
 * own, migrated on the way.
 */
#ifndef ORDEAL_VMM_PLAY_H
#define ORDEAL_VMM_PLAY_H

#include "case_log.h"
#include "moments.h"
#include "run.h"
#include "state.h"

enum when {
	MOVE_NEVER,
	MOVE_EVERY_EXIT, /* at each exit to this program */
	MOVE_AT_EXIT,	 /* at exit n of the case, from 1 */
	MOVE_AT_TIME,	 /* n nanoseconds after the case began, by a kick */
	MOVE_STAY,	 /* the same kick, and no migration: to tell what a kick alone does */
	MOVE_SWEEP,	 /* at every time in turn (sweep.c): not for one play */
};

struct move_order {
	enum when when;
	uint64_t n;
};

/* Where a case began: all that a play needs. */
struct beginning {
	struct case_log log; /* what was said of the case before */
	struct state state;
	uint8_t *memory;
	uint64_t time_limit; /* ns, and again so many after each migration */
	int kvm;
	size_t run_size;
};

struct play {
	struct case_log log;
	struct stage_words stage;      /* when the case was over */
	struct stage_words there;      /* at the latest migration */
	uint64_t tsc;		       /* the guest's when the play began */
	uint64_t exits;		       /* to this program, until the case was over */
	uint32_t moves;		       /* migrations */
	uint32_t inside;	       /* those inside a scene */
	uint32_t counts[MOMENT_COUNT]; /* those inside a scene at which this was true */
	uint32_t moments;	       /* of the latest migration, as the four that follow */
	bool in_scene;
	uint64_t boundary, rip;
	char fields[512];  /* what the new virtual machine did not keep */
	char trouble[256]; /* why the play ended before the case was over; empty if it did not */
};

/* Plays the case and waits for its end. The result is valid until the next call. */
const struct play *play_case(const struct beginning *from, struct move_order order);

/*
 * Goes on in this process to time @at and moves the beginning there. False if the case's first
 * scene has begun there: then the beginning is of no use.
 */
bool play_to(struct beginning *from, uint64_t at);

/* Memory of zeros that this process shares with those it makes. */
void *play_shared(size_t size);

#endif
