/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The priority table: "Priority Among Concurrent Events" of the Intel SDM, volume 3A; "Priorities"
 * of the AMD APM, volume 2. What it leaves out cannot be in a situation: reset and machine checks
 * (class 1), task switches (2), SMI and INIT (3).
 */
#include "model/inside.h"

/* --- What waits at this boundary --- */

static bool trap_waits(struct model *model)
{
	const struct cpu *cpu = &model->cpu;

	if (!cpu->traps || (cpu->deferred && !(cpu->traps & DR6_BS)))
		return false;
	if (cpu->shadow & SHADOW_MOV_SS && right(model, RULE_MOV_SS_HOLDS_TRAPS))
		return data_breakpoints(model, cpu->traps) &&
		       quirk(model, QUIRK_DATA_BREAKPOINT_NOT_HELD_BY_MOV_SS);
	return !(cpu->shadow & SHADOW_STI) || right(model, RULE_STI_SHADOW_LETS_TRAPS);
}

static bool nmi_waits(struct model *model)
{
	const struct cpu *cpu = &model->cpu;

	if (!cpu->nmis || cpu->deferred || (cpu->nmi_blocked && right(model, RULE_NMI_WAITS)))
		return false;
	if (cpu->shadow & SHADOW_STI && choose(model, CHOICE_NMI_IN_STI_SHADOW, 2))
		return false;
	if (cpu->shadow & SHADOW_MOV_SS)
		return is_amd(model) ? choose(model, CHOICE_NMI_IN_MOV_SS_SHADOW, 2)
				     : !right(model, RULE_MOV_SS_HOLDS_NMI);
	return true;
}

/* Is this the handler of an NMI, in which interrupts are not looked at yet? */
static bool waits_in_nmi_handler(struct model *model)
{
	enum { AT_ONCE, AFTER_IRET, AFTER_SENDING, BEFORE_SENDING };
	const struct cpu *cpu = &model->cpu;
	bool at_entry = cpu->at.place & PLACE_ENTRY;
	bool has_sent = !at_entry && cpu->at.offset >= HANDLER_HAS_SENT;

	if (!in_handler(cpu) || cpu->handlers[cpu->depth - 1].vector != NMI_VECTOR)
		return false;
	switch (choose(model, CHOICE_IRQ_AFTER_NMI, 4)) {
	case AFTER_IRET:
		return true;
	case AFTER_SENDING:
		return !has_sent;
	case BEFORE_SENDING:
		return at_entry;
	default:
		return false;
	}
}

/* What holds a maskable interrupt back that the LAPIC offers; RULE_NONE: nothing does. */
static enum rule irq_held_by(struct model *model)
{
	const struct cpu *cpu = &model->cpu;

	if (!(cpu->rflags & RFLAGS_IF) && right(model, RULE_IF_HOLDS))
		return RULE_IF_HOLDS;
	if (cpu->nmi_blocked && cpu->nmis && quirk(model, QUIRK_INTERRUPT_BEHIND_BLOCKED_NMI))
		return RULE_NMI;
	if (cpu->shadow && model->allowed && shadow_is_lost(model))
		return waits_in_nmi_handler(model) ? RULE_NMI : RULE_NONE;
	if (cpu->shadow & SHADOW_STI)
		return RULE_STI_SHADOW;
	if (cpu->shadow & SHADOW_MOV_SS && right(model, RULE_MOV_SS_HOLDS_IRQ))
		return RULE_MOV_SS_HOLDS_IRQ;
	if (cpu->shadow & SHADOW_OTHER)
		return RULE_NO_OTHER_SHADOW;
	return waits_in_nmi_handler(model) ? RULE_NMI : RULE_NONE;
}

static bool irq_waits(struct model *model)
{
	enum rule held;

	if (!offered(model) || model->cpu.deferred)
		return false;
	held = irq_held_by(model);
	if (held)
		model->cpu.held = (u8)held;
	return !held;
}

static bool breakpoint_waits(struct model *model)
{
	const struct cpu *cpu = &model->cpu;
	struct raised raised;

	if (!breakpoints_here(model) ||
	    (cpu->between && !quirk(model, QUIRK_BREAKPOINT_MET_IN_EVERY_ITERATION)))
		return false;
	if (cpu->rflags & RFLAGS_RF && right(model, RULE_RF_PASSES))
		return false;
	if (cpu->shadow & SHADOW_MOV_SS && !choose(model, CHOICE_BREAKPOINT_AFTER_MOV_SS, 2))
		return false;
	return !is_amd(model) || !fetch_raises(model, &raised) ||
	       !choose(model, CHOICE_BREAKPOINT_OR_FETCH, 2);
}

static bool fetch_waits(struct model *model)
{
	return fetch_raises(model, &model->raised);
}

static bool decoding_waits(struct model *model)
{
	return decoding_raises(model, &model->raised);
}

static bool execution_waits(struct model *model)
{
	return execution_raises(model, &model->raised) && right(model, RULE_EXECUTE);
}

/* --- And is taken --- */

static void take_trap(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	u16 traps = cpu->traps;
	bool passed = cpu->rflags & RFLAGS_RF || cpu->between;
	enum rule why = RULE_DATA_BREAKPOINT;

	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++)
		if (traps >> n & 1 && model->situation->breakpoints[n].kind == BREAK_IO)
			why = RULE_PORT_BREAKPOINT;
	if (traps & DR6_BS)
		why = RULE_STEP;

	cpu->traps = 0;
	if (model->allowed && is_quirky_trap(model, &traps))
		return;
	if (breakpoints_here(model) &&
	    choose(model, passed ? CHOICE_MERGED_WHILE_RF : CHOICE_MERGED_BREAKPOINT, 2))
		traps |= breakpoints_here(model);
	if (traps & ~DR6_BS && !right(model, RULE_ONE_TRAP))
		traps &= (u16)~DR6_BS;
	if (!right(model, RULE_DR6_STEP))
		traps &= (u16)~DR6_BS;
	if (!right(model, RULE_DR6_BREAKPOINT))
		traps &= DR6_BS;
	cpu->dr6 |= traps;
	deliver(model, DB_VECTOR, KIND_TRAP, 0, cpu->at, why);
}

static void take_nmi(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	cpu->nmis = right(model, RULE_NMI_ONE) ? cpu->nmis_kept : cpu->nmis - 1;
	cpu->nmis_kept = 0;
	deliver(model, NMI_VECTOR, KIND_EXTERNAL, 0, cpu->at, RULE_NMI);
}

static void take_irq(struct model *model)
{
	u8 vector = offered(model);

	acknowledge(model, vector);
	if (model->allowed)
		interrupt_iret(model);
	deliver(model, vector, KIND_EXTERNAL, 0, model->cpu.at, RULE_IRQ);
}

static void take_breakpoint(struct model *model)
{
	if (model->allowed && is_met_without_end(model))
		return;
	report_kept_traps(model);
	if (right(model, RULE_DR6_BREAKPOINT))
		model->cpu.dr6 |= breakpoints_here(model);
	deliver(model, DB_VECTOR, KIND_BREAKPOINT, 0, model->cpu.at, RULE_BREAKPOINT);
}

/* A fault leaves no trap, but for one that MOV SS has kept for this boundary. */
static void take_fault(struct model *model, enum rule why)
{
	struct cpu *cpu = &model->cpu;
	const struct raised *raised = &model->raised;
	const struct instruction *instruction = model->here;
	struct boundary after = boundary_after(model, cpu->at);

	if (cpu->shadow & SHADOW_MOV_SS && !right(model, RULE_MOV_SS_LETS_FAULTS)) {
		cpu->shadow = 0;
		cpu->at = after;
		return;
	}
	if (raised->kind == KIND_DETECT)
		report_kept_traps(model);
	if (cpu->traps && !choose(model, CHOICE_KEPT_OVER_FAULT, 2))
		cpu->traps = 0;
	if (!right(model, RULE_FAULT_NO_TRAP))
		cpu->traps |= (cpu->rflags & RFLAGS_TF ? DR6_BS : 0) |
			      (instruction ? breakpoints_met(model, instruction) : 0);
	if (instruction && instruction->effect == EFFECT_IRETQ && model->allowed)
		fault_of_iret(model);
	if (instruction && instruction->effect == EFFECT_IRETQ)
		cpu->nmi_blocked &= faulting_iret_blocks(model);
	if (raised->kind == KIND_DETECT)
		cpu->dr6 |= DR6_BD;
	if (raised->kind == KIND_DETECT && cpu->rflags & RFLAGS_TF &&
	    quirk(model, QUIRK_GENERAL_DETECT_WITH_STEP_BIT))
		cpu->dr6 |= DR6_BS;
	if (instruction && model->allowed && raised->vector == PF_VECTOR)
		cpu->traps |= met_before(model, instruction, raised->address);
	if (raised->vector == PF_VECTOR && right(model, RULE_CR2) &&
	    !quirk(model, QUIRK_VMRUN_DROPS_CR2))
		cpu->cr2 = raised->address;
	if (!right(model, RULE_FAULT_RESTARTS) && raised->kind == KIND_FAULT)
		cpu->at = after;
	deliver(model, raised->vector, (enum delivery_kind)raised->kind, raised->error, cpu->at,
		why);
}

static void take_fetch_fault(struct model *model)
{
	take_fault(model, RULE_FETCH);
}

static void take_decoding_fault(struct model *model)
{
	take_fault(model, RULE_DECODE);
}

static void take_execution_fault(struct model *model)
{
	take_fault(model, model->raised.kind == KIND_DETECT ? RULE_GENERAL_DETECT : RULE_EXECUTE);
}

/* --- The table --- */

static const struct line {
	enum rule rule; /* why it stands above the next line */
	bool (*waits)(struct model *model);
	void (*take)(struct model *model);
} priorities[LINES] = {
	/* SDM class 4; APM: the same: traps on the previous instruction: TF, data, I/O */
	[LINE_TRAP] = { RULE_TRAP, trap_waits, take_trap },
	/* 5; the same: NMI */
	[LINE_NMI] = { RULE_NMI, nmi_waits, take_nmi },
	/* 6; the same: maskable interrupts */
	[LINE_IRQ] = { RULE_IRQ, irq_waits, take_irq },
	/* 7; the APM has it in one class with the next line: instruction breakpoints */
	[LINE_BREAKPOINT] = { RULE_BREAKPOINT, breakpoint_waits, take_breakpoint },
	/* 8; the same: faults of fetching the next instruction */
	[LINE_FETCH] = { RULE_FETCH, fetch_waits, take_fetch_fault },
	/* 9; the same: faults of decoding it: #UD, #NM, more than 15 bytes */
	[LINE_DECODE] = { RULE_DECODE, decoding_waits, take_decoding_fault },
	/* 10; the same: faults of executing it */
	[LINE_EXECUTE] = { RULE_EXECUTE, execution_waits, take_execution_fault },
};

bool line_waits(struct model *model, enum priority_line line)
{
	return priorities[line].waits(model);
}

void line_take(struct model *model, enum priority_line line)
{
	priorities[line].take(model);
}

void arrive(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (model->arrivals && !in_handler(cpu))
		arrive_at(model, cpu->at.place);
	if (cpu->tpr_is_late && !choose(model, CHOICE_WHEN_TPR, 2)) {
		cpu->tpr_is_late = false;
		cpu->tpr_class = cpu->late_tpr_class;
	}
	if (cpu->late_vector && !choose(model, CHOICE_WHEN_SELF_IPI, 2)) {
		request(model, cpu->late_vector);
		cpu->late_vector = 0;
	}
}

/* HLT and MWAIT wait until something wakes the processor: "HLT-Halt", "MWAIT-Monitor Wait". */
static void wait(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	cpu->halted = false;
	if (trap_waits(model) && !choose(model, CHOICE_STEPPED_HLT, 2))
		return;
	if (nmi_waits(model) || irq_waits(model) || (cpu->waits_for_any && offered(model)))
		return;
	if (model->situation->timer) {
		request(model, model->situation->timer);
		if (irq_waits(model) || (cpu->waits_for_any && offered(model)) ||
		    model->quirks >> QUIRK_INTERRUPT_BEHIND_BLOCKED_NMI & 1)
			return;
	}
	unknown(model, "nothing ends the wait of HLT or MWAIT");
}

static bool has_decoding_faults(const struct instruction *i)
{
	return i->faults[0].decoding || i->faults[1].decoding || i->faults[2].decoding;
}

/* A bit for each line of the table for which there is anything at all that could wait. */
static unsigned int candidates(const struct model *model)
{
	const struct cpu *cpu = &model->cpu;
	const struct instruction *here = model->here;
	unsigned int lines = 0;

	if (model->mutant) /* the lines may be in another order */
		return (1 << LINES) - 1;
	if (cpu->traps)
		lines |= 1 << LINE_TRAP;
	if (cpu->nmis)
		lines |= 1 << LINE_NMI;
	if (cpu->highest_pending)
		lines |= 1 << LINE_IRQ;
	if (model->code_breakpoints)
		lines |= 1 << LINE_BREAKPOINT;
	if (cpu->at.place == PLACE_ELSEWHERE)
		lines |= 1 << LINE_FETCH;
	if (here && (has_decoding_faults(here) || model->allowed))
		lines |= 1 << LINE_DECODE;
	if (here && (here->faults[0].condition || here->access[0].kind))
		lines |= 1 << LINE_EXECUTE;
	return lines;
}

/* Quirk: the breakpoint that stands below this line in the table comes first. */
static bool gives_way(struct model *model, enum rule rule)
{
	return may_be(model, QUIRK_BREAKPOINT_BEFORE_INTERRUPTS) &&
	       (rule == RULE_NMI || rule == RULE_IRQ) && breakpoint_waits(model) &&
	       quirk(model, QUIRK_BREAKPOINT_BEFORE_INTERRUPTS);
}

/* The first line of the table that waits is taken; false: none waits. */
static bool take_first(struct model *model)
{
	for (unsigned int lines = candidates(model); lines; lines &= lines - 1) {
		size_t i = (size_t)__builtin_ctz(lines);
		const struct line *line = &priorities[i];
		bool swapped = false;

		if (!right(model, line->rule) && i + 1 < LINES)
			swapped = line[1].waits(model);
		if (swapped)
			line++;
		if (!swapped && !line->waits(model))
			continue;
		if (gives_way(model, line->rule))
			continue;
		line->take(model);
		return true;
	}
	return false;
}

/* Is what the landing executes of no consequence? It begins with a CLI. */
static bool is_over(const struct model *model)
{
	const struct cpu *cpu = &model->cpu;

	return cpu->at.place == PLACE_LANDING && is_quiet(model) && !cpu->halted &&
	       !(cpu->rflags & RFLAGS_TF) && cpu->cpl <= (cpu->rflags >> 12 & 3);
}

void boundary(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (is_over(model)) {
		cpu->left = true;
		return;
	}
	arrive(model);
	if (cpu->halted)
		wait(model);
	cpu->deferred = false;
	model->here = instruction_here(model);
	if (model->allowed)
		look_through_window(model);
	if (cpu->between &&
	    ((cpu->traps && !(cpu->traps & DR6_BS)) || nmi_waits(model) || irq_waits(model)))
		cpu->deferred = choose(model, CHOICE_WHEN_BETWEEN, 2);
	if (cpu->left || take_first(model))
		return;
	if (in_handler(cpu))
		handle(model);
	else
		execute(model);
}
