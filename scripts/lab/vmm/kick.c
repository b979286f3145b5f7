/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer of Linux is as coarse as the hardware's (16 instructions in the lab), so the timer gets a
 * rough time and the guest starts later by a counted loop: each instruction of the loop moves the
 * kick by exactly one instruction of the guest.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ending.h"
#include "kick.h"

enum {
	ROUGH_NS = 4096,
	LEAD_NS = 16384, /* more than the timer takes to be set */
	SECOND_NS = 1000000000,
	TICK_NS = 4000000, /* of the kernel, which Debian builds with HZ=250 */
	AFTER_TICK_NS = 100000,
	PS = 1000, /* picoseconds in a nanosecond */
	TRIAL = 1 << 16,
};

static struct kvm_run *volatile kicked_run;
static volatile sig_atomic_t came;
static struct timer {
	int signal;
	pid_t owner; /* the process that made it: no other has it */
	timer_t id;
} kick_timer = { .signal = SIGUSR1 }, limit_timer = { .signal = SIGALRM };
static uint64_t instruction_ps;

/* KVM_RUN returns at once if the signal came just before it. */
static void on_kick(int number)
{
	(void)number;
	came = 1;
	if (kicked_run)
		kicked_run->immediate_exit = 1;
}

/* Sends the signal after so many nanoseconds; 0: never. */
static void set_timer(struct timer *timer, uint64_t ns)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = timer->signal };
	struct itimerspec when = { .it_value = { .tv_sec = ns / SECOND_NS,
						 .tv_nsec = ns % SECOND_NS } };

	if (timer->owner != getpid() && timer_create(CLOCK_MONOTONIC, &event, &timer->id) < 0)
		fail("timer_create: %s", strerror(errno));
	timer->owner = getpid();
	if (timer_settime(timer->id, 0, &when, NULL) < 0)
		fail("timer_settime: %s", strerror(errno));
}

/* n instructions, in a loop of two. */
static void spin(uint64_t n)
{
	uint64_t loops = n / 2;

	if (n & 1)
		__asm__ volatile("nop");
	if (loops)
		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(loops) : : "cc");
}

uint64_t kick_resolution(void)
{
	uint64_t start;

	if (!instruction_ps) {
		start = kick_clock();
		spin(TRIAL);
		instruction_ps = (kick_clock() - start) * PS / TRIAL;
		instruction_ps += !instruction_ps;
	}
	return instruction_ps < PS ? 1 : instruction_ps / PS;
}

void kick_arm(const struct vm *vm, uint64_t ns)
{
	uint64_t rough = (ns / ROUGH_NS + 1) * ROUGH_NS;

	kick_resolution();
	signal(SIGUSR1, on_kick);
	kicked_run = vm->run;
	came = 0;
	set_timer(&kick_timer, rough + LEAD_NS);
	spin((rough - ns + LEAD_NS) * PS / instruction_ps);
}

void kick_disarm(const struct vm *vm)
{
	set_timer(&kick_timer, 0);
	kicked_run = NULL;
	vm->run->immediate_exit = 0;
}

bool kick_came(void)
{
	return came;
}

void kick_limit(uint64_t ns)
{
	set_timer(&limit_timer, ns);
}

void kick_wait_for_tick(void)
{
	uint64_t next = (kick_clock() / TICK_NS + 1) * TICK_NS + AFTER_TICK_NS;
	struct timespec then = { .tv_sec = next / SECOND_NS, .tv_nsec = next % SECOND_NS };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
}

uint64_t kick_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}
