/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instruction that does not fault is executed: what it does to the flags, where it leads, which
 * shadow it has, and which traps it leaves for the boundary after it.
 */
#include "model/inside.h"

enum { SELF_IPI_VECTOR = 0x90 }; /* of MSR_SELF_IPI_HIGH */

#define SYSRET_FLAGS 0x3c7fd7 /* "SYSRET-Return From Fast System Call" */

/* An instruction on its way: what the end of execute() has to know of it. */
struct execution {
	struct boundary next;
	u32 old_flags;
	u8 old_shadow;
	u8 shadow;	 /* that it begins */
	bool has_shadow; /* or would, if it did not stand in one */
	bool keeps_rf;	 /* loads RF, or is not complete */
	bool untrapped;	 /* of a quirk: leaves no trap */
	bool stepped;	 /* is, whatever TF was */
	bool by_new_tf;	 /* TF counts as it is afterwards */
	bool delivered;	 /* an event was delivered: all is done */
};

/* Loads those flags of @value that the instruction may change at its CPL. */
static void load_flags(struct model *model, u32 value)
{
	struct cpu *cpu = &model->cpu;
	u32 mask = RFLAGS_TF | RFLAGS_RF | RFLAGS_AC;

	if (cpu->cpl <= (cpu->rflags >> 12 & 3))
		mask |= RFLAGS_IF;
	if (!cpu->cpl)
		mask |= RFLAGS_IOPL3 | RFLAGS_VIF | RFLAGS_VIP;
	cpu->rflags = (cpu->rflags & ~mask) | (value & mask);
}

/* POPF, IRET and SYSRET: a wrong model gives them a shadow. */
static void no_shadow(struct model *model, struct execution *e)
{
	if (model->cpu.rflags & ~e->old_flags & RFLAGS_IF && !right(model, RULE_NO_OTHER_SHADOW))
		e->shadow = SHADOW_OTHER;
}

static void iretq(struct model *model, struct execution *e)
{
	struct cpu *cpu = &model->cpu;
	u64 rip = pop(model), cs = pop(model);
	bool unblocks = cpu->nmi_blocked && cpu->nmis;
	u32 flags = (u32)pop(model);

	pop(model);
	pop(model);
	e->next = boundary_at(model, rip);
	if (right(model, RULE_IRET))
		load_flags(model, flags);
	e->keeps_rf = right(model, RULE_IRET_LOADS_RF);
	cpu->cpl = cs & SEL_RPL3;
	if (right(model, RULE_IRET_UNBLOCKS))
		cpu->nmi_blocked = false;
	if (unblocks && !cpu->nmi_blocked)
		e->untrapped = lose_to_nmi(model, e->old_flags);
	no_shadow(model, e);
}

/* Bit by bit as the pages of SYSCALL, SYSRET and SYSENTER have it. */
static void fast_call(struct model *model, enum effect effect, struct execution *e)
{
	struct cpu *cpu = &model->cpu;
	const struct situation *s = model->situation;
	u32 old_tf = cpu->rflags & RFLAGS_TF;

	if (effect == EFFECT_SYSCALL) {
		cpu->rcx = boundary_address(model, e->next);
		cpu->r11 = cpu->rflags & ~RFLAGS_RF;
		if (right(model, RULE_SYSCALL))
			cpu->rflags &= ~s->fmask;
		cpu->cpl = 0;
		e->next = boundary_at(model, s->lstar);
		e->by_new_tf = right(model, RULE_SYSCALL_STEPPED);
	} else if (effect == EFFECT_SYSRET) {
		cpu->cpl = 3;
		if (right(model, RULE_SYSRET))
			cpu->rflags = (cpu->r11 & SYSRET_FLAGS) | RFLAGS_FIXED;
		e->next = boundary_at(model, cpu->rcx);
		if (cpu->rflags & RFLAGS_TF && !old_tf)
			e->stepped = is_amd(model) ? right(model, RULE_SYSRET_STEPPED)
						   : !choose(model, CHOICE_SYSRET_SETS_TF, 2);
		no_shadow(model, e);
	} else {
		if (right(model, RULE_SYSENTER))
			cpu->rflags &= ~RFLAGS_IF;
		cpu->cpl = 0;
		e->next = boundary_at(model, s->sysenter_rip);
	}
}

static void sti(struct model *model, struct execution *e)
{
	struct cpu *cpu = &model->cpu;

	if (cpu->cpl > (cpu->rflags >> 12 & 3)) {
		cpu->rflags |= RFLAGS_VIF;
		return;
	}
	if (!(cpu->rflags & RFLAGS_IF) ? right(model, RULE_STI_SHADOW)
				       : !right(model, RULE_STI_AGAIN))
		e->shadow = SHADOW_STI;
	if (cpu->rflags & RFLAGS_IF && quirk(model, QUIRK_STI_NOT_STEPPED)) {
		e->has_shadow = true;
		e->shadow = e->old_shadow ? 0 : SHADOW_STI;
	}
	cpu->rflags |= RFLAGS_IF;
}

static void mov_ss(struct model *model, struct execution *e)
{
	if (model->cpu.cpl)
		unknown(model, "MOV SS in CPL 3 needs a selector of CPL 3");
	e->shadow = SHADOW_MOV_SS;
}

/* One iteration of MOVSB, or the only one. */
static void string(struct model *model, const struct instruction *i, struct execution *e)
{
	struct cpu *cpu = &model->cpu;

	if (i->rep && !cpu->rcx)
		return;
	cpu->registers[BASE_RSI]++;
	cpu->registers[BASE_RDI]++;
	cpu->rcx -= i->rep;
	if (!right(model, RULE_ITERATIONS))
		cpu->rcx = 0;
	if (i->rep && (cpu->rcx || quirk(model, QUIRK_REP_STEPPED_ONCE_MORE))) {
		e->next = cpu->at;
		e->keeps_rf = !(cpu->rflags & RFLAGS_RF &&
				(quirk(model, QUIRK_REP_SAVES_RF_0) ||
				 quirk(model, QUIRK_BREAKPOINT_MET_IN_EVERY_ITERATION)));
		cpu->between = true;
	}
}

static void halt(struct model *model, enum effect effect, struct execution *e)
{
	struct cpu *cpu = &model->cpu;

	cpu->waits_for_any = effect == EFFECT_MWAIT && cpu->mwait_break && right(model, RULE_MWAIT);
	cpu->halted = right(model, RULE_HLT);
	if (!right(model, RULE_WAKE_AFTER))
		e->next = cpu->at;
}

static void software(struct model *model, const struct instruction *i, struct execution *e)
{
	struct cpu *cpu = &model->cpu;

	if (i->vector == DB_VECTOR)
		report_kept_traps(model);
	if (i->vector == DB_VECTOR &&
	    (!right(model, RULE_DR6_INT1) ||
	     (cpu->rflags & RFLAGS_TF && quirk(model, QUIRK_INT1_WITH_STEP_BIT))))
		cpu->dr6 |= DR6_BS;
	if (!right(model, RULE_SOFTWARE_NOT_STEPPED) && cpu->rflags & RFLAGS_TF)
		cpu->traps |= DR6_BS;
	deliver(model, i->vector, KIND_SOFTWARE, 0, right(model, RULE_SOFTWARE) ? e->next : cpu->at,
		RULE_SOFTWARE);
	e->delivered = true;
}

static void self_ipi(struct model *model, u8 vector)
{
	if (!is_amd(model) && right(model, RULE_SELF_IPI))
		request(model, vector);
	else
		model->cpu.late_vector = vector;
}

static void apply(struct model *model, const struct instruction *i, struct execution *e)
{
	struct cpu *cpu = &model->cpu;
	enum effect effect = (enum effect)i->effect;

	switch (effect) {
	case EFFECT_STI:
		sti(model, e);
		break;
	case EFFECT_CLI:
		if (right(model, RULE_CLI))
			cpu->rflags &= ~RFLAGS_IF;
		break;
	case EFFECT_MOV_SS:
		mov_ss(model, e);
		break;
	case EFFECT_POPF:
		if (right(model, RULE_POPF))
			load_flags(model, (u32)pop(model) & ~RFLAGS_RF);
		no_shadow(model, e);
		break;
	case EFFECT_IRETQ:
		iretq(model, e);
		break;
	case EFFECT_RET:
		e->next = boundary_at(model, pop(model));
		break;
	case EFFECT_SKIP_ONE:
		e->next = boundary_after(model, e->next);
		break;
	case EFFECT_ELSEWHERE:
	case EFFECT_NONCANONICAL:
		e->next = boundary_at(model, cpu->registers[effect == EFFECT_ELSEWHERE ? BASE_RDI
										       : BASE_R9]);
		break;
	case EFFECT_SYSCALL:
	case EFFECT_SYSRET:
	case EFFECT_SYSENTER:
		fast_call(model, effect, e);
		break;
	case EFFECT_SOFTWARE:
		software(model, i, e);
		break;
	case EFFECT_HLT:
	case EFFECT_MWAIT:
		halt(model, effect, e);
		break;
	case EFFECT_WRMSR:
		if (cpu->msr == MSR_SELF_IPI_HIGH)
			self_ipi(model, SELF_IPI_VECTOR);
		break;
	case EFFECT_CR8:
		cpu->tpr_is_late = true;
		cpu->late_tpr_class = (u8)model->situation->rax;
		break;
	case EFFECT_STRING:
		string(model, i, e);
		break;
	default:
		prepare(model, i);
	}
}

/* The trap of a single step, if there is one after this instruction. */
static bool is_stepped(struct model *model, const struct instruction *i, const struct execution *e)
{
	const struct cpu *cpu = &model->cpu;
	bool old = right(model, RULE_STEP_BY_OLD_TF) && !e->by_new_tf;
	u32 flags = old ? e->old_flags : cpu->rflags;

	if (e->stepped)
		return true;
	if (!(flags & RFLAGS_TF) || !right(model, RULE_STEP))
		return false;
	if (cpu->state & STATE_BTF && !i->branch && right(model, RULE_BTF))
		return false;
	return e->shadow != SHADOW_MOV_SS || !right(model, RULE_MOV_SS_HOLDS_TRAPS) ||
	       choose(model, CHOICE_STEP_OF_MOV_SS, 2);
}

/* Of two shadows in a row only the first is promised. */
static bool has_second_shadow(struct model *model, const struct execution *e)
{
	if (e->old_shadow & SHADOW_MOV_SS && e->shadow == SHADOW_MOV_SS)
		return choose(model, CHOICE_MOV_SS_AFTER_MOV_SS, 2);
	if (e->old_shadow & SHADOW_STI && e->shadow == SHADOW_MOV_SS)
		return choose(model, CHOICE_MOV_SS_AFTER_STI, 2);
	if (e->old_shadow & SHADOW_MOV_SS && e->shadow == SHADOW_STI)
		return choose(model, CHOICE_STI_AFTER_MOV_SS, 2);
	return true;
}

/* A fragment of several instructions is one to the model: what would show between them must not
 * be there. */
static bool can_be_one(const struct cpu *cpu)
{
	return !(cpu->rflags & RFLAGS_TF) && !cpu->shadow && !cpu->traps && !cpu->tpr_is_late &&
	       !cpu->late_vector;
}

/* Quirks: the shadow is left to the handler of what this instruction raises itself, or to the next
 * iteration. */
static bool keeps_shadow(struct model *model, const struct instruction *i, u16 met)
{
	const struct cpu *cpu = &model->cpu;

	if (!cpu->shadow)
		return false;
	if (i->rep && cpu->rcx > 1)
		return quirk(model, QUIRK_SHADOW_OUTLIVES_ITERATION);
	return (i->effect == EFFECT_SOFTWARE || (met && i->port_bytes)) &&
	       quirk(model, QUIRK_SHADOW_OUTLIVES_EXCEPTION);
}

/* Quirks: an instruction that would be stepped is not. */
static bool loses_step(struct model *model, const struct instruction *i, const struct execution *e,
		       u16 met)
{
	if (e->has_shadow)
		return quirk(model, QUIRK_STI_NOT_STEPPED);
	if (i->effect == EFFECT_HLT)
		return quirk(model, QUIRK_STEPPED_HLT_TRAP_LATE);
	if (i->effect == EFFECT_CR8)
		return loses_step_of_cr8(model);
	if (i->effect == EFFECT_SYSRET && !(model->cpu.rflags & RFLAGS_TF))
		return quirk(model, QUIRK_SYSRET_STEPS_BY_NEW_TF);
	return met && i->port_bytes && quirk(model, QUIRK_PORT_BREAKPOINT_LOSES_STEP);
}

/* For quirks: does a translator of code end a block behind this instruction, and clear RF? */
static bool ends_block(const struct instruction *i)
{
	return i->branch || i->effect == EFFECT_STI || i->effect == EFFECT_POPF ||
	       i->effect == EFFECT_MOV_SS;
}

/* Quirks: RF=1 outlives an instruction. */
static bool leaves_rf(struct model *model, const struct instruction *i, u16 met)
{
	if (i->effect == EFFECT_HLT && model->cpu.old_rf &&
	    quirk(model, QUIRK_STEPPED_HLT_TRAP_LATE)) {
		model->cpu.rflags |= RFLAGS_RF;
		return true;
	}
	if (!(model->cpu.rflags & RFLAGS_RF))
		return false;
	if (i->port_bytes && quirk(model, QUIRK_SKIPPED_PORT_KEEPS_RF))
		return true;
	return met && i->port_bytes && quirk(model, QUIRK_PORT_BREAKPOINT_LOSES_STEP);
}

/* Quirk: PAUSE leaves everything as it was. */
static bool does_nothing(struct model *model, const struct instruction *i)
{
	const struct cpu *cpu = &model->cpu;

	return i == &instructions[FRAGMENT_PAUSE] &&
	       (cpu->shadow || cpu->rflags & (RFLAGS_TF | RFLAGS_RF)) &&
	       quirk(model, QUIRK_SHADOW_OVER_PAUSE);
}

void execute(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	const struct instruction *i = model->here;
	struct execution e = { .next = boundary_after(model, cpu->at),
			       .old_flags = cpu->rflags,
			       .old_shadow = cpu->shadow };
	u16 met;

	if (!i) {
		end_with_late_nmi(model);
		cpu->left = true;
		return;
	}
	if (!i->known) {
		unknown(model, "an instruction of the scene has no record");
		return;
	}
	if (i->several && !can_be_one(cpu)) {
		unknown(model, "an event may come inside a fragment of several instructions");
		return;
	}
	if (model->allowed && does_nothing(model, i)) {
		cpu->at = e.next;
		return;
	}
	if (model->allowed && is_begun_twice(model))
		return;
	met = i->rep && !cpu->rcx ? 0 : breakpoints_met(model, i);
	if (met && i->port_bytes && quirk(model, QUIRK_PORT_BREAKPOINT_LOST))
		met = 0;
	cpu->between = false;
	if (right(model, RULE_SHADOW_IS_ONE) && !keeps_shadow(model, i, met))
		cpu->shadow = 0;
	apply(model, i, &e);
	if (e.delivered)
		return;
	e.has_shadow |= e.shadow;
	if (!has_second_shadow(model, &e))
		e.shadow = 0;
	cpu->shadow |= e.shadow;
	if (!e.untrapped && (e.shadow != SHADOW_MOV_SS || right(model, RULE_MOV_SS_KEEPS)))
		cpu->traps |= met;
	if (!e.untrapped && is_stepped(model, i, &e) &&
	    !(model->allowed && loses_step(model, i, &e, met)))
		cpu->traps |= DR6_BS;
	cpu->old_rf = !ends_block(i) && (cpu->old_rf || cpu->rflags & RFLAGS_RF);
	if (!e.keeps_rf && right(model, RULE_RF_CLEARED) &&
	    !(model->allowed && leaves_rf(model, i, met)))
		cpu->rflags &= ~RFLAGS_RF;
	if (i->serializing)
		catch_up(model);
	if (cpu->late_nmi)
		look_after(model, i);
	cpu->at = e.next;
}
