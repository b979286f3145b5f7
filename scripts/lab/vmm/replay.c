/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory is copied when a case begins, rather than shared until it is written: write protection
 * would make the guest's own play exit where it does not otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "console.h"
#include "ending.h"
#include "kick.h"
#include "replay.h"
#include "sweep.h"
#include "wrong.h"

enum {
	PAGE = 4096,
	NS_IN_MS = 1000000,
	TIMES = 32,		    /* a play may take so many times what the first one took */
	LEAST_LIMIT_NS = 400000000, /* and this, whatever it took */
	TRIED = 16,		    /* exits that are looked at one by one */
	SHOWN = 3,		    /* plays of a case that are reported if they differ */
	TEXT_SIZE = 512,
};

static struct beginning beginning;
static uint64_t tsc_khz;

/* What is told of the case that is played again. Processes that sweep.c makes add to it. */
static struct told {
	struct case_log reference;
	uint64_t began; /* by kick_clock() */
	uint32_t plays, moves, inside, boundaries, differ, kicked;
	uint32_t counts[MOMENT_COUNT];
	bool incomplete;
} * told;

bool replay_parse(const char *text, struct move_order *order)
{
	char *end = NULL;

	if (!strcmp(text, "every-exit")) {
		*order = (struct move_order){ .when = MOVE_EVERY_EXIT };
		return true;
	}
	if (!strcmp(text, "sweep")) {
		*order = (struct move_order){ .when = MOVE_SWEEP };
		return true;
	}
	order->when = strncmp(text, "exit:", 5) ? MOVE_AT_TIME : MOVE_AT_EXIT;
	text += order->when == MOVE_AT_EXIT ? 5 : 0;
	order->n = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

bool replay_open(const struct vm *vm)
{
	struct vm trial = *vm;
	const char *name;

	vm_create(&trial);
	name = state_probe(&trial);
	vm_destroy(&trial);
	if (name) {
		console_mark("UNABLE %s", name);
		return false;
	}
	beginning.kvm = vm->kvm;
	beginning.run_size = vm->run_size;
	beginning.memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (beginning.memory == MAP_FAILED || madvise(vm->memory, MEMORY_SIZE, MADV_DONTFORK) < 0)
		fail("memory for the plays: %s", strerror(errno));
	told = play_shared(sizeof(*told));
	return true;
}

static void copy_memory(const struct vm *vm)
{
	static unsigned char resident[MEMORY_SIZE / PAGE];

	if (mincore(vm->memory, MEMORY_SIZE, resident) < 0)
		fail("mincore: %s", strerror(errno));
	for (size_t i = 0; i < MEMORY_SIZE / PAGE; i++)
		if (resident[i] & 1)
			memcpy(beginning.memory + i * PAGE, vm->memory + i * PAGE, PAGE);
}

void replay_prepare(const struct vm *vm)
{
	const char *problem;

	if (wrong == WRONG_LAUNCHER_DIES)
		abort();
	if (!tsc_khz)
		tsc_khz = CALL(vm->vcpu, KVM_GET_TSC_KHZ, 0);
	vm_complete(vm);
	problem = state_save(vm, &beginning.state);
	if (problem)
		fail("%s", problem);
	beginning.log = case_log;
	copy_memory(vm);
	memset(told, 0, sizeof(*told));
	told->began = kick_clock();
}

/* The moments of a play's latest migration, joined by commas. */
static void name_moments(uint32_t moments, char *text, size_t size)
{
	size_t used = snprintf(text, size, "%s", moments ? "" : "-");

	for (size_t i = 0; i < MOMENT_COUNT; i++)
		if (moments >> i & 1 && used < size)
			used += snprintf(text + used, size - used, "%s%s", used ? "," : "",
					 moment_names[i]);
}

/* @word: the mark's. A play that is still to be told. */
static void report(const char *word, struct move_order order, const struct play *play,
		   const char *what)
{
	char at[32], moments[TEXT_SIZE];

	snprintf(at, sizeof(at), "%s%llu", order.when == MOVE_AT_EXIT ? "exit:" : "",
		 (unsigned long long)order.n);
	if (order.when == MOVE_NEVER || order.when == MOVE_EVERY_EXIT)
		snprintf(at, sizeof(at), order.when == MOVE_NEVER ? "start" : "every-exit");
	name_moments(play->moments, moments, sizeof(moments));
	console_mark("%s %s %s %#llx %s | %s | %s | %s", word, told->reference.name, at,
		     (unsigned long long)play->rip, moments, play->fields, what, play->log.seen);
}

/* How the play differs from the first one; NULL if it does not. */
static const char *difference(const struct play *play)
{
	static char text[TEXT_SIZE];
	const char *where;

	if (play->trouble[0])
		return play->trouble;
	where = case_log_difference(&told->reference, &play->log);
	if (!where)
		return NULL;
	snprintf(text, sizeof(text), "%s: %s", play->log.verdict, play->log.reason);
	return text;
}

/* Of the exits of a play that differs, the first at which a migration alone makes a difference. */
static struct move_order first_exit(struct move_order order, struct play *play)
{
	uint64_t exits = play->exits < TRIED ? play->exits : TRIED;

	for (uint64_t n = 1; n <= exits; n++) {
		struct move_order alone = { .when = MOVE_AT_EXIT, .n = n };
		const struct play *again = play_case(&beginning, alone);

		if (difference(again)) {
			*play = *again;
			return alone;
		}
	}
	return order;
}

/* Whether a kick alone makes a difference, at this time or next to it: plays vary a little. */
static bool kick_differs(uint64_t at)
{
	static const int beside[] = { 0, -2, 2, -5, 5, -9, 9, -16, 16 };

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		struct move_order stay = { .when = MOVE_STAY, .n = at + beside[i] };

		if (difference(play_case(&beginning, stay)))
			return true;
	}
	return false;
}

/*
 * A play differs. If it does so when it is kicked at the same time and not migrated, the migration
 * is not the cause: that is told, and counted by itself.
 */
static void report_difference(struct move_order order, const struct play *play)
{
	struct play found = *play;

	if (order.when == MOVE_AT_TIME && kick_differs(order.n)) {
		if (!told->kicked++)
			report("KICKED", order, &found, difference(&found));
		return;
	}
	if (told->differ++ >= SHOWN)
		return;
	/* A sweep would be swept again for each of them. */
	if (order.when == MOVE_EVERY_EXIT && !told->reference.sweep)
		order = first_exit(order, &found);
	report("DIFFERS", order, &found, difference(&found));
}

/* The result is this function's until the next call. */
const struct play *replay_once(struct move_order order)
{
	static struct play kept;
	const struct play *play = &kept;

	kept = *play_case(&beginning, order);
	told->plays++;
	told->moves += play->moves;
	told->inside += play->inside;
	for (size_t i = 0; i < MOMENT_COUNT; i++)
		told->counts[i] += play->counts[i];
	if (difference(play))
		report_difference(order, play);
	return play;
}

uint64_t replay_ns(uint64_t ticks)
{
	return ticks * NS_IN_MS / tsc_khz;
}

void replay_incomplete(void)
{
	told->incomplete = true;
}

void replay_new_boundary(void)
{
	told->boundaries++;
}

static void tell(void)
{
	char counts[TEXT_SIZE] = "";
	size_t used = 0;

	for (size_t i = 0; i < MOMENT_COUNT; i++)
		if (told->counts[i] && used < sizeof(counts))
			used += snprintf(counts + used, sizeof(counts) - used, " %s=%u",
					 moment_names[i], told->counts[i]);
	console_mark("MOVED %s plays=%u moves=%u inside=%u boundaries=%u differ=%u kicked=%u "
		     "incomplete=%u ns=%llu%s",
		     told->reference.name, told->plays, told->moves, told->inside, told->boundaries,
		     told->differ, told->kicked, told->incomplete,
		     (unsigned long long)(kick_clock() - told->began), counts);
}

void replay_case(struct move_order order)
{
	uint64_t limit = (kick_clock() - told->began) * TIMES;

	told->reference = case_log;
	told->began = kick_clock();
	beginning.time_limit = limit > LEAST_LIMIT_NS ? limit : LEAST_LIMIT_NS;
	if (!strcmp(case_log.verdict, "SKIP")) {
		tell();
		return;
	}
	if (order.when == MOVE_SWEEP || order.when == MOVE_AT_TIME)
		sweep_case(&beginning, order);
	else
		replay_once(order);
	tell();
}
