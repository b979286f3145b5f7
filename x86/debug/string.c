/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events between the iterations of a repeated string instruction: each iteration is a boundary.
 * What comes there saves the address of the instruction itself, the registers as the iterations so
 * far left them, and RF=1 if it is a fault; the instruction then continues where it was.
 */
#include "stage/case.h"

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
	struct scene *s = scene(L(REP_MOVSB), NOP);

	s->in.rsi = source;
	s->in.rdi = destination;
	s->in.rcx = COUNT;
	s->on_delivery = note_count;
	s->habits = HANDLERS_LOOK;
	events = 0;
}

CASE(stepped, "H03",
     "a single-stepped REP MOVSB traps after each iteration: with RIP at itself until the last one, and then at the next instruction",
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

/* The APM has RF=1 there "normally": "RFLAGS Register". */
CASE(rf_between, "F05",
     "a trap between two iterations of REP MOVSB saves RF=1, and that after the last one RF=0 (Intel; the APM leaves it open)",
     "SDM 3B, Instruction-Breakpoint Exception Condition")
{
	require(!cpu_is_amd(), "RF=1 between iterations (a CPU that is not AMD's)");
	rep_movsb(SOURCE, DESTINATION);
	the_scene()->in_rflags |= RFLAGS_TF;
	play();
	expect(DB(AT(L), DR6(DR6_BS), RF(1)), DB(AT(L), DR6(DR6_BS), RF(1)),
	       DB(AT(AFTER(L)), DR6(DR6_BS), RF(0)), DB(AT(LANDING), DR6(DR6_BS)));
}

/* The destination runs into a page that is not there. */
CASE(fault, "H04",
     "a REP MOVSB that faults in an iteration saves its own address and RF=1, and its registers count the iterations that are complete",
     "SDM 3A, Page-Fault Exception; SDM 3B, Instruction-Breakpoint Exception Condition; " REPEATED)
{
	rep_movsb(SOURCE, PLAY_BEYOND - (FAULTS_IN - 1));
	play();
	check(counts[0] == COUNT - (FAULTS_IN - 1), "RCX was %lu at the #PF", counts[0]);
	expect(PF(PF_WRITE, AT(L), RF(1), CR2(PLAY_BEYOND)));
}

/* The data breakpoint only brings a #DB between two iterations, or after the last. */
CASE(breakpoint, "F06",
     "RF=1 lets a REP MOVSB pass its instruction breakpoint in all its iterations, although a trap comes between two of them",
     "SDM 3B, Instruction-Breakpoint Exception Condition; " REPEATED)
{
	rep_movsb(SOURCE, DESTINATION);
	break_on(0, L);
	watch(1, WATCH_WRITE, DESTINATION, 1);
	play();
	expect_one_of(LEGAL("between two iterations", DB(AT(L), DR6(DR6_B0), NO_DR6(DR6_B1)),
			    DB(AT(L), DR6(DR6_B1))),
		      LEGAL("after the last iteration", DB(AT(L), DR6(DR6_B0), NO_DR6(DR6_B1)),
			    DB(AT(AFTER(L)), DR6(DR6_B1))));
}

/* The SDM lets the trap of a fast string operation wait for the end of a group of iterations. */
CASE(data_breakpoint, "H05",
     "a REP MOVSB that meets a data breakpoint in an iteration traps once, between two iterations or after the last",
     "SDM 3B, Data Memory and I/O Breakpoint Exception Conditions; " REPEATED)
{
	rep_movsb(SOURCE, DESTINATION);
	watch(0, WATCH_WRITE, DESTINATION + FAULTS_IN - 1, 1);
	play();
	observed("the trap came after %lu of %d iterations", COUNT - counts[0], COUNT);
	check(counts[0] <= COUNT - FAULTS_IN, "RCX was %lu at the trap", counts[0]);
	expect_one_of(LEGAL("between two iterations", DB(AT(L), DR6(DR6_B0))),
		      LEGAL("after the last iteration", DB(AT(AFTER(L)), DR6(DR6_B0))));
}

/* Found by the generated world. The #DB that comes between two iterations is what shows whether the
 * first of them has ended the shadow: the interrupt itself may wait until the last. */
CASE(shadow, "C08",
     "the first iteration of a REP MOVSB ends the shadow of STI: a #DB after it, through a trap gate, lets the interrupt in at once",
     "SDM 2B, STI; APM 2, Interrupt Shadows; SDM 3A, Priority Among Concurrent Events; " REPEATED)
{
	struct scene *s = scene(LOAD_MOVSB_COUNT, STI, L(REP_MOVSB), NOP);

	s->in.r10 = COUNT;
	pend_irq(VEC);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	watch(0, WATCH_ACCESS, PLAY_WRITABLE, 1);
	play();
	expect_one_of(LEGAL("between two iterations", DB(AT(L), IF(1), DR6(DR6_B0)),
			    IRQ(VEC, AT(ENTRY_OF(DB_VECTOR)), IF(1))),
		      LEGAL("after the last iteration", DB(AT(AFTER(L)), IF(1), DR6(DR6_B0)),
			    IRQ(VEC, AT(ENTRY_OF(DB_VECTOR)), IF(1))));
}
