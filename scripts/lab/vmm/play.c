/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM ties a virtual machine to the process that made it, and fork() gives each play a copy of the
 * memory that costs only the pages it writes. A play that fails ends its process and nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ending.h"
#include "fields.h"
#include "kick.h"
#include "play.h"
#include "wrong.h"

enum {
	MSR_TSC = 0x10,
	FIRST_ENTRY_NS = 20000,
	STUCK = 64, /* migrations in a row at one boundary: the guest does not get on */
};

static struct play *result; /* shared with the process of the play */

static void end_play(const char *text)
{
	snprintf(result->trouble, sizeof(result->trouble), "%s", text);
	_exit(0);
}

static void note_boundary(const struct vm *vm, const struct state *state)
{
	result->moments = moments_of(state);
	result->there = vm_stage(vm);
	result->in_scene = result->there.playing != 0;
	result->boundary = moments_boundary(state, result->exits);
	result->rip = state->regs.rip;
	result->moves++;
	result->inside += result->in_scene;
	for (size_t i = 0; result->in_scene && i < MOMENT_COUNT; i++)
		result->counts[i] += result->moments >> i & 1;
}

static void begin(struct vm *vm, const struct state *state)
{
	const char *problem;

	vm_create(vm);
	state_enable(vm);
	problem = state_restore(vm, state);
	if (problem)
		fail("%s", problem);
	vm_warm(vm);
}

/* The virtual machine as it is goes away, and another one goes on in its place. */
static void move(struct vm *vm)
{
	static struct state before, after;
	static uint64_t latest, times;
	const char *problem = state_save(vm, &before);

	if (problem)
		fail("%s", problem);
	times = moments_boundary(&before, 0) == latest ? times + 1 : 0;
	latest = moments_boundary(&before, 0);
	if (times == STUCK)
		fail("the guest does the same again and again");
	if (wrong == WRONG_DIES)
		abort();
	while (wrong == WRONG_HANGS)
		pause();
	note_boundary(vm, &before);
	vm_destroy(vm);
	begin(vm, &before);
	if (result->fields[0])
		return; /* the first loss is the one to look at */
	problem = state_save(vm, &after);
	if (problem)
		fail("%s", problem);
	fields_difference(&before, &after, result->fields, sizeof(result->fields));
}

static uint64_t guest_tsc(const struct vm *vm)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} one = { { .nmsrs = 1 }, { .index = MSR_TSC } };

	CALL(vm->vcpu, KVM_GET_MSRS, &one);
	return one.entry.data;
}

static bool moves_here(struct move_order order)
{
	return order.when == MOVE_EVERY_EXIT ||
	       (order.when == MOVE_AT_EXIT && result->exits == order.n);
}

/* A virtual machine that goes on from @from. */
static void begin_at(struct vm *vm, const struct beginning *from)
{
	enum wrong later = wrong;

	*vm = (struct vm){ .kvm = from->kvm, .memory = from->memory, .run_size = from->run_size };
	case_log = from->log;
	kick_limit(from->time_limit);
	wrong = WRONG_NOTHING; /* it is the migration that goes wrong */
	begin(vm, &from->state);
	wrong = later;
}

/*
 * A first KVM_RUN makes KVM's tables, which takes long, and not always equally long. The kick comes
 * before the guest has executed anything, where time is the number of instructions.
 */
static void enter_once(const struct vm *vm)
{
	kick_arm(vm, FIRST_ENTRY_NS);
	while (vm_run(vm) || !kick_came())
		;
	kick_disarm(vm);
}

static _Noreturn void run_play(const struct beginning *from, struct move_order order)
{
	struct vm vm;

	ending_of_play = end_play;
	begin_at(&vm, from);
	if (order.when == MOVE_AT_TIME || order.when == MOVE_STAY) {
		enter_once(&vm);
		kick_arm(&vm, order.n);
	}
	result->tsc = guest_tsc(&vm);
	while (!case_log.over) {
		if (vm_run(&vm)) {
			result->exits++;
			if (!moves_here(order) || case_log.over)
				continue;
			if (wrong != WRONG_HALF_ACCESS)
				vm_complete(&vm);
			move(&vm);
			kick_limit(from->time_limit);
		} else if (kick_came()) {
			kick_disarm(&vm);
			if (order.when == MOVE_AT_TIME)
				move(&vm);
			kick_limit(from->time_limit);
		}
	}
	result->log = case_log;
	result->stage = vm_stage(&vm);
	_exit(0);
}

bool play_to(struct beginning *from, uint64_t at)
{
	struct stage_words stage;
	const char *problem;
	struct vm vm;

	kick_wait_for_tick();
	ending_of_play = end_play;
	begin_at(&vm, from);
	enter_once(&vm);
	kick_arm(&vm, at);
	while (vm_run(&vm) || !kick_came())
		if (case_log.over)
			return false;
	kick_disarm(&vm);
	problem = state_save(&vm, &from->state);
	if (problem)
		fail("%s", problem);
	stage = vm_stage(&vm);
	from->log = case_log;
	vm_destroy(&vm);
	kick_limit(0);
	ending_of_play = NULL;
	return !stage.playing && !stage.began;
}

void *play_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("shared memory: %s", strerror(errno));
	return memory;
}

const struct play *play_case(const struct beginning *from, struct move_order order)
{
	pid_t child;
	int status;

	if (!result)
		result = play_shared(sizeof(*result));
	memset(result, 0, sizeof(*result));
	kick_wait_for_tick();
	child = fork();
	if (child < 0)
		fail("fork: %s", strerror(errno));
	if (!child)
		run_play(from, order);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid: %s", strerror(errno));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(result->trouble, sizeof(result->trouble),
			 "the guest never ended the case");
	else if (WIFSIGNALED(status))
		snprintf(result->trouble, sizeof(result->trouble), "the launcher died of signal %d",
			 WTERMSIG(status));
	return result;
}
