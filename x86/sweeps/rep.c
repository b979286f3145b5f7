/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer interrupt moved across a repeated string instruction. Between two iterations it saves the
 * address of the instruction, the registers as they stand after whole iterations, and RF=1, so that
 * resuming it does not meet its code breakpoint again; before the first iteration and after the
 * last one it saves RF=0. However it is cut up, every iteration is done once. REPNE SCASB that has
 * found its byte is over, whatever RCX says: an interrupt that went back to it would scan on.
 */
#include "base/string.h"
#include "base/text.h"
#include "sweep/sweep.h"

#define RF_MID_REP "SDM 3B, Instruction-Breakpoint Exception Condition"
#define SUSPENDED  "SDM 2B, REP/REPE/REPZ/REPNE/REPNZ"

enum {
	COUNT = 48,		/* iterations that RCX allows */
	FOUND = 40,		/* iterations of REPNE SCASB: then it has found its byte */
	DISTANCE = 1024,	/* from source to target */
	INTEL_EBX = 0x756e6547, /* "Genu" */
};

/* Where on_delivery keeps the interrupted registers. */
enum { SPARE_RCX, SPARE_RSI, SPARE_RDI };

enum where { BEFORE, FIRST, AFTER_BREAKPOINT, BETWEEN, DONE, AFTER_IT, LATER, WHERE_COUNT };

struct rep {
	u16 setup, instruction;
	u64 iterations;	 /* that it does */
	bool copies;	 /* else it scans */
	bool breakpoint; /* DR0 is on it */
};

static bool rf_is_promised;

static void keep_registers(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	entry->spare[SPARE_RCX] = frame->gprs.rcx;
	entry->spare[SPARE_RSI] = frame->gprs.rsi;
	entry->spare[SPARE_RDI] = frame->gprs.rdi;
}

static void lay_out(const void *argument)
{
	struct scene *s;
	const struct rep *rep = argument;

	rf_is_promised = cpuid(0, 0).ebx == INTEL_EBX; /* the APM says "normally" */
	s = scene(rep->setup, STI, NOP, NOP, NOP, L(rep->instruction), PUSHF, POP_RAX, NOP, NOP);
	s->in.r10 = COUNT;
	s->on_delivery = keep_registers;
	if (rep->breakpoint)
		break_on(0, L);
}

static void play_rep(const void *argument, u32 ticks)
{
	u8 *source = (u8 *)PLAY_WRITABLE;

	(void)argument;
	for (int i = 0; i < COUNT; i++) {
		source[i] = (u8)(i + 1);
		source[DISTANCE + i] = i == FOUND - 1 ? 0 : 0xee;
	}
	lapic_timer_arm(ticks);
	play();
}

/* The interrupt of this trace; NULL if there is none. *@hits: how often the breakpoint was met. */
static const struct log_entry *find_irq(const struct rep *rep, const struct layout *layout,
					const struct trace *trace, int *hits, const char **reason)
{
	const struct want irq = IRQ(VEC), hit = DB(AT(L));
	const struct log_entry *found = NULL;

	*hits = 0;
	for (size_t i = 0; i < trace->count; i++) {
		if (!want_mismatch(&irq, layout, &trace->events[i]) && !found)
			found = trace->events[i].entry;
		else if (rep->breakpoint && !want_mismatch(&hit, layout, &trace->events[i]))
			++*hits;
		else
			*reason = "an event came that the instruction cannot cause, or twice";
	}
	return found;
}

static enum where where_of(const struct rep *rep, const struct layout *layout,
			   const struct log_entry *irq, bool after_hit)
{
	u64 at = layout_address(layout, L);
	u64 done = COUNT - irq->spare[SPARE_RCX];

	if (irq->rip != at)
		return irq->rip < at ? BEFORE : AFTER_IT;
	if (!done)
		return after_hit ? AFTER_BREAKPOINT : FIRST;
	return done == rep->iterations ? DONE : BETWEEN;
}

/* NULL, or what is inconsistent in the interrupted state. */
static const char *state_problem(const struct rep *rep, const struct log_entry *irq,
				 enum where where)
{
	u64 done = COUNT - irq->spare[SPARE_RCX], source = PLAY_WRITABLE;
	bool rf = irq->rflags & RFLAGS_RF;

	if (where == BEFORE)
		return rf && rep->copies ? "before the instruction the saved RF is 1" : NULL;
	if (done > rep->iterations || irq->spare[SPARE_RDI] != source + DISTANCE + done ||
	    (rep->copies && irq->spare[SPARE_RSI] != source + done))
		return "RCX, RSI and RDI do not tell of the same number of iterations";
	if (where == AFTER_IT && done != rep->iterations)
		return "it came after an instruction that was not done";
	if (where == DONE && !rep->copies)
		return "the byte was found, and the interrupt goes back to scan on";
	if (where == BETWEEN && rep->copies && rf_is_promised && !rf)
		return "between iterations the saved RF is 0";
	if (where == BETWEEN && !rep->copies && irq->rflags & RFLAGS_ZF)
		return "between iterations ZF says that the byte was found";
	if ((where == FIRST || where == AFTER_IT) && rep->copies && rf)
		return "RF is 1 where no iteration was interrupted";
	return NULL;
}

static const char *result_problem(const struct rep *rep)
{
	const struct gprs *out = &the_scene()->out;
	const u8 *source = (const u8 *)PLAY_WRITABLE;

	if (out->rcx != COUNT - rep->iterations ||
	    out->rdi != PLAY_WRITABLE + DISTANCE + rep->iterations)
		return "in the end RCX or RDI is wrong";
	if (rep->copies && memcmp(source, source + DISTANCE, COUNT))
		return "the copy is wrong";
	if (!rep->copies && !(out->rax & RFLAGS_ZF))
		return "in the end ZF does not say that the byte was found";
	return NULL;
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct rep *rep = argument;
	const struct log_entry *irq;
	enum where where = LATER;
	const char *problem = NULL;
	int hits;

	irq = find_irq(rep, layout, trace, &hits, &problem);
	if (irq && !problem) {
		where = where_of(rep, layout, irq, trace->events[0].entry != irq);
		problem = state_problem(rep, irq, where);
	}
	if (!problem)
		problem = result_problem(rep);
	if (!problem && rep->breakpoint && !hits)
		problem = "the breakpoint was not met";
	if (!problem && hits > (where == BETWEEN && !rf_is_promised ? 2 : 1))
		problem = "the breakpoint was met again between iterations";
	*reason = problem;
	return problem ? -1 : (int)where;
}

static const char *const names[WHERE_COUNT] = {
	[BEFORE] = "IRQ(%v)@before %i",
	[FIRST] = "IRQ(%v)@%i, no iteration done",
	[AFTER_BREAKPOINT] = "#DB@%i; IRQ(%v)@no iteration done",
	[BETWEEN] = "IRQ(%v)@%i, between iterations",
	[DONE] = "IRQ(%v)@%i, all iterations done",
	[AFTER_IT] = "IRQ(%v)@after %i",
	[LATER] = "IRQ(%v)@later",
};

static bool is_legal(const void *argument, int where)
{
	const struct rep *rep = argument;

	return (where != AFTER_BREAKPOINT || rep->breakpoint) && (where != DONE || rep->copies);
}

static void rep(const struct rep *rep)
{
	const struct sweep sweep = {
		.reaching = "between two iterations, or the platform does them as one",
		.orders = WHERE_COUNT,
		.reach = { BETWEEN, BETWEEN },
		.lay_out = lay_out,
		.play = play_rep,
		.classify = classify,
		.names = names,
		.instruction = rep->instruction,
		.legal = is_legal,
	};

	sweep_run(&sweep, rep);
}

TABLE(movsb, "F05,H01,X05",
      "a timer interrupt is moved across REP MOVSB: it saves RF=1 between iterations only, and every byte is copied once",
      RF_MID_REP, rep, .setup = LOAD_MOVSB_COUNT, .instruction = REP_MOVSB, .iterations = COUNT,
      .copies = true);
TABLE(breakpoint, "H02",
      "a timer interrupt is moved across REP MOVSB with an instruction breakpoint, which is met once, before the first iteration",
      RF_MID_REP, rep, .setup = LOAD_MOVSB_COUNT, .instruction = REP_MOVSB, .iterations = COUNT,
      .copies = true, .breakpoint = true);
TABLE(scasb, "H07",
      "a timer interrupt is moved across REPNE SCASB: between iterations RCX, RDI and ZF agree, and the scan does not go on once the byte is found",
      SUSPENDED, rep, .setup = LOAD_SCASB_COUNT, .instruction = REPNE_SCASB, .iterations = FOUND);
