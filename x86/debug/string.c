/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events between the iterations of a repeated string instruction: each iteration is a boundary.
 * What comes there saves the address of the instruction itself, the registers as the iterations so
 * far left them, and RF=1 if it is a fault; the instruction then goes on where it was.
 */
#define FAMILY "string"
#include "stage/case.h"

#define SINGLE_STEP "SDM 3B, Single-Step Exception Condition; APM 2, Single Stepping"
#define REPEATED    "SDM 2B, REP/REPE/REPZ/REPNE/REPNZ; APM 3, Repeat Prefixes"
#define SOURCE	    PLAY_WRITABLE
#define DESTINATION (PLAY_WRITABLE + PAGE_SIZE / 2)

enum {
	COUNT = 3,
	FAULTS_IN = 2, /* the iteration, counted from 1, that faults or meets a breakpoint */
};

static u64 counts[COUNT + 1]; /* RCX at each event */
static size_t events;

static void note_count(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	if (events < ARRAY_SIZE(counts))
		counts[events++] = frame->gprs.rcx;
}

static void rep_movsb(u64 source, u64 destination)
{
	scene(L(REP_MOVSB), NOP);
	the_scene()->in.rsi = source;
	the_scene()->in.rdi = destination;
	the_scene()->in.rcx = COUNT;
	the_scene()->on_delivery = note_count;
	events = 0;
}

CASE(stepped, "H03",
     "a single-stepped REP MOVSB traps after each iteration, at itself until the last, and then behind",
     SINGLE_STEP "; " REPEATED)
{
	rep_movsb(SOURCE, DESTINATION);
	the_scene()->in_rflags |= RFLAGS_TF;
	play();
	for (size_t i = 0; i < COUNT; i++)
		check(counts[i] == COUNT - 1 - i, "RCX was %lu at trap %lu", counts[i], (u64)i + 1);
	expect(DB(AT(L), DR6(DR6_BS)), DB(AT(L), DR6(DR6_BS)), DB(AT(AFTER(L)), DR6(DR6_BS)),
	       DB(AT(LANDING), DR6(DR6_BS)));
}

/* The destination runs into a page that is not there. */
CASE(fault, "H04",
     "REP MOVSB that faults in an iteration saves its own address, RF=1 and the registers of the iterations that are over",
     "SDM 3A, Page-Fault Exception; SDM 3B, Instruction-Breakpoint Exception Condition; " REPEATED)
{
	rep_movsb(SOURCE, PLAY_BEYOND - (FAULTS_IN - 1));
	play();
	check(counts[0] == COUNT - (FAULTS_IN - 1), "RCX was %lu at the #PF", counts[0]);
	expect(PF(PF_WRITE, AT(L), RF(1), CR2(PLAY_BEYOND)));
}

/* The SDM lets the trap of a fast string operation wait for the end of a group of iterations. */
CASE(data_breakpoint, "H05",
     "REP MOVSB that meets a data breakpoint in an iteration traps once, between two iterations or behind the last",
     "SDM 3B, Data Memory and I/O Breakpoint Exception Conditions; " REPEATED)
{
	rep_movsb(SOURCE, DESTINATION);
	watch(0, WATCH_WRITE, DESTINATION + FAULTS_IN - 1, 1);
	play();
	observed("the trap came after %lu of %d iterations", COUNT - counts[0], COUNT);
	check(counts[0] <= COUNT - FAULTS_IN, "RCX was %lu at the trap", counts[0]);
	expect_one_of(LEGAL("between two iterations", DB(AT(L), DR6(DR6_B0))),
		      LEGAL("behind the last iteration", DB(AT(AFTER(L)), DR6(DR6_B0))));
}
