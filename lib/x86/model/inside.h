/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the model say to each other.
 */
#ifndef ORDEAL_MODEL_INSIDE_H
#define ORDEAL_MODEL_INSIDE_H

#include "model/model.h"

/* How an event is delivered: which RIP and RF it saves, and what EXT says if it cannot be. */
enum delivery_kind {
	KIND_EXTERNAL, /* a maskable interrupt, or an NMI */
	KIND_FAULT,
	KIND_BREAKPOINT, /* #DB of an instruction breakpoint: a fault, but for RF */
	KIND_DETECT,	 /* #DB of DR7.GD: the same */
	KIND_TRAP,	 /* #DB after an instruction */
	KIND_SOFTWARE,	 /* INT n, INT3, INT1 */
};

/* How far a handler is behind its first instructions, as the offset of PLACE_OUTSIDE. */
enum handler_progress {
	HANDLER_HAS_BEGUN,
	HANDLER_HAS_SENT,
	HANDLER_HAS_SENT_EOI,
};

/* Does the model follow this rule? It follows all but one of which it was told not to. */
static inline bool right(const struct model *model, enum rule rule)
{
	return model->mutant != rule;
}

static inline bool is_amd(const struct model *model)
{
	return model->cpu.state & STATE_AMD;
}

static inline bool in_handler(const struct cpu *cpu)
{
	return cpu->at.place & PLACE_ENTRY || cpu->at.place == PLACE_OUTSIDE;
}

/*
 * Can nothing come any more, unless an instruction raises it or a handler sends it? Then boundaries
 * at which nothing is executed that matters need not be looked at. What can still come, be it by a
 * quirk, has to be named here.
 */
static inline bool is_quiet(const struct model *model)
{
	const struct cpu *cpu = &model->cpu;

	return !model->beneath &&
	       !(cpu->nmis | cpu->highest_pending | cpu->late_vector | cpu->shadow | cpu->late_nmi |
		 cpu->tpr_is_late | cpu->traps | model->code_breakpoints |
		 (model->arrivals & ~cpu->arrived)) &&
	       !model->mutant;
}

/* The situation is not in the model's world. */
static inline void unknown(struct model *model, const char *why)
{
	if (!model->unknown)
		model->unknown = why;
}

/* choices.c: asks @choice, which has @answers. */
u8 choose(struct model *model, enum choice choice, u8 answers);

/* The tape's answer to @question (struct question), which has @answers. */
u8 ask(struct model *model, u8 question, u8 answers);

/* quirks.c: the answer to @quirk, which is allowed. */
bool quirk_answer(struct model *model, enum quirk quirk);

/* Is it allowed? */
static inline bool may_be(const struct model *model, enum quirk quirk)
{
	return model->allowed >> quirk & 1;
}

/* Does the platform do here what is wrong? To be asked last, where it makes a difference. */
static inline bool quirk(struct model *model, enum quirk quirk)
{
	return may_be(model, quirk) && quirk_answer(model, quirk);
}

/* Does the platform not raise a fault of @instruction whose @condition holds? */
bool is_not_raised(struct model *model, const struct instruction *instruction,
		   enum condition condition);

/* Those of @bits (B0 to B3) that are data breakpoints. */
u16 data_breakpoints(const struct model *model, u16 bits);

/* An event has been delivered: does the platform stop before its handler's first instruction? */
void stop_at_entry(struct model *model);

/* Is a data breakpoint reported without end, so that nothing else is to be done? If not, *traps may
 * get one that was reported before. */
bool is_quirky_trap(struct model *model, u16 *traps);

/* An IRETQ, before which the flags were @before, has unblocked a pending NMI: do its traps get
 * lost, and the TF and RF that it has loaded? */
bool lose_to_nmi(struct model *model, u32 before);

/* Does the instruction here, which stands in a shadow, lose it before it is executed? */
bool shadow_is_lost(struct model *model);

/* An interrupt is taken where the shadow of an IRETQ was lost: does it unblock NMIs? */
void interrupt_iret(struct model *model);

/* An IRETQ faults: does it do so with TF=1, and unblock NMIs in a handler? */
void fault_of_iret(struct model *model);

/* The platform looks at such an NMI: in a handler that sends something, or ends an interrupt; or,
 * at the latest, when the scene is over. */
void look_at_late_nmi(struct model *model);
void end_with_late_nmi(struct model *model);

/* So it does after an instruction of the scene that leaves to it, */
void look_after(struct model *model, const struct instruction *i);

/* and where the guest could take an interrupt. */
void look_through_window(struct model *model);

/* Does a blocked NMI come before the IRETQ that would unblock it? It is pending then. */
bool comes_before_iret(struct model *model);

/* An instruction breakpoint is about to be reported: does its #DB look like that of a step, so that
 * the handler does not set RF, and meets it again for ever? */
bool is_met_without_end(struct model *model);

/* Is a MOV to CR8 that lets in an interrupt that TPR has held back not stepped? */
bool loses_step_of_cr8(struct model *model);

/* Is the instruction here, which does not fault, begun a second time? RF and traps are set then. */
bool is_begun_twice(struct model *model);

/* A #DB that is not that of DR7.GD is about to be delivered: does GD outlive it? */
void keep_guard(struct model *model, bool by_int1);

/* It has: the MOV from DR6 of the handler @h raises #DB, whose handler clears DR6, and whose IRETQ
 * may let an NMI in. */
void meet_guard(struct model *model, const struct handler *h);

/* lapic.c: IRR, ISR and TPR as they are in the situation. */
void lapic_begin(struct model *model);

/* The vector that the LAPIC offers; 0: none. */
u8 offered(struct model *model);

/* The processor takes @vector: it is in service. */
void acknowledge(struct model *model, u8 vector);

/* The model is wrong: @vector, whose delivery faulted, is in service no more, but in IRR. */
void take_back(struct model *model, u8 vector);

/* Puts @vector into IRR. */
void request(struct model *model, u8 vector);

/* What the situation lets arrive at @place becomes pending, the first time. */
void arrive_at(struct model *model, u16 place);

/* So much code is behind the processor, or it was serialized, that nothing is late any more. */
void catch_up(struct model *model);

/* EOI: the highest interrupt is in service no more. */
void send_eoi(struct model *model);

/* boundary.c: the processor stands at a boundary; one event is delivered, or one instruction
 * executed. */
void boundary(struct model *model);

/* Its lines, one by one: does it wait, and it is taken. */
enum priority_line {
	LINE_TRAP,
	LINE_NMI,
	LINE_IRQ,
	LINE_BREAKPOINT,
	LINE_FETCH,
	LINE_DECODE,
	LINE_EXECUTE,
	LINES,
};
bool line_waits(struct model *model, enum priority_line line);
void line_take(struct model *model, enum priority_line line);

/* What becomes pending or visible at this boundary. */
void arrive(struct model *model);

/* faults.c: the first fault of the instruction here, of decoding it or of executing it. */
bool fetch_raises(struct model *model, struct raised *raised);
bool decoding_raises(struct model *model, struct raised *raised);
bool execution_raises(struct model *model, struct raised *raised);

/* The record of the instruction where the processor stands; NULL in a handler and after the
 * landing. At a boundary it is model->here. */
const struct instruction *instruction_here(const struct model *model);

/* Do NMIs that were blocked before an IRETQ that faults stay blocked? */
bool faulting_iret_blocks(struct model *model);

/* A bit of B0 to B3 for each data or I/O breakpoint that the instruction here meets. */
u16 breakpoints_met(struct model *model, const struct instruction *instruction);

/* Does an access meet breakpoint @n? */
bool breakpoint_meets(const struct model *model, unsigned int n, bool write, u64 address,
		      unsigned int bytes);

/* The data breakpoints that @instruction leaves, whose access to @address raises #PF. */
u16 met_before(struct model *model, const struct instruction *instruction, u64 address);

/* execute.c: the instruction here, which does not fault, is executed. */
void execute(struct model *model);

/* prepare.c: the scene's stack, and instructions that prepare others. */
u64 pop(struct model *model);
void push(struct model *model, u64 word);
void prepare(struct model *model, const struct instruction *i);

/* places.c: the boundary that @address stands for; the scene must have it. */
struct boundary boundary_at(struct model *model, u64 address);

/* The address of a boundary; 0 in the middle of a handler. */
u64 boundary_address(const struct model *model, struct boundary at);

/* A bit of B0 to B3 for each instruction breakpoint on the place where the processor stands. */
u16 breakpoints_here(const struct model *model);

/* The boundary after the instruction at @at, of the scene or its landing. */
struct boundary boundary_after(const struct model *model, struct boundary at);

/* deliver.c: an event is delivered. @next: where the instruction after this one is, for
 * KIND_SOFTWARE; @why: the rule that decided. */
void deliver(struct model *model, u8 vector, enum delivery_kind kind, u32 error,
	     struct boundary next, enum rule why);

/* What MOV SS has kept for this boundary: another #DB that is delivered here reports it. */
void report_kept_traps(struct model *model);

/* handle.c: the processor is in a handler that nothing interrupts: it goes on to its next boundary
 * that matters, and at last to its IRET. */
void handle(struct model *model);

#endif
