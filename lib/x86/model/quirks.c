/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Quirks: what a platform is known to do wrong. They are questions as those of choices.c, but each
 * trace uses no more of them than its level allows: the enumeration begins with none.
 */
#include "model/inside.h"
#include "base/string.h"

_Static_assert(QUIRK_COUNT <= 64, "a set of quirks is a u64");

const struct quirk_text quirks[QUIRK_COUNT] = {
#define QUIRK(id, section, text) [QUIRK_##id] = { section, text },
#include "model/quirks.def"
#undef QUIRK
};

enum quirk quirk_named(const char *section)
{
	unsigned int i = 0;

	while (i < QUIRK_COUNT && strcmp(quirks[i].section, section))
		i++;
	return (enum quirk)i;
}

unsigned int quirk_count(u64 set)
{
	unsigned int n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}

/* An answer holds for the whole trace. Where no more quirks may be used, there is no question. */
bool quirk_answer(struct model *model, enum quirk quirk)
{
	u64 bit = 1ull << quirk;

	if (!((model->quirks | model->refused) & bit) &&
	    quirk_count(model->quirks) < model->level) {
		if (ask(model, (u8)(CHOICE_COUNT + quirk), 2))
			model->quirks |= bit;
		else
			model->refused |= bit;
	}
	if (!(model->quirks & bit))
		return false;
	model->acted |= bit;
	return true;
}

static bool has_lock_prefix(const struct instruction *instruction)
{
	return instruction == &instructions[FRAGMENT_LOCK_RDMSR] ||
	       instruction == &instructions[FRAGMENT_LOCK_CPUID];
}

bool is_not_raised(struct model *model, const struct instruction *instruction,
		   enum condition condition)
{
	switch (condition) {
	case MSR_REFUSED:
		return quirk(model, instruction->effect == EFFECT_WRMSR
					    ? QUIRK_WRMSR_CHECKS_LITTLE
					    : QUIRK_UNKNOWN_MSR_READS_ZERO);
	case GUARDED:
	case GUARDED_FIRST:
		return quirk(model, QUIRK_GENERAL_DETECT_IGNORED);
	case UNALIGNED:
		return quirk(model, QUIRK_NO_ALIGNMENT_CHECK);
	case AT_CPL3:
		return instruction == &instructions[FRAGMENT_WBINVD] &&
		       quirk(model, QUIRK_WBINVD_WITHOUT_PRIVILEGE);
	case ALWAYS:
		return has_lock_prefix(instruction) && quirk(model, QUIRK_LOCK_AFTER_PRIVILEGE);
	default:
		return false;
	}
}

/* Quirk: a pending NMI that an IRETQ has unblocked is not looked at yet. */
static void defer_nmi(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (!quirk(model, QUIRK_NMI_LATE))
		return;
	cpu->late_nmi = cpu->nmi_has_window = true;
	cpu->nmis = 0;
}

bool lose_to_nmi(struct model *model, u32 before)
{
	u32 lost = model->cpu.rflags & ~before & (RFLAGS_TF | RFLAGS_RF);

	defer_nmi(model);
	if (!(lost | (before & RFLAGS_TF)) || !quirk(model, QUIRK_TRAP_LOST_TO_NMI))
		return false;
	model->cpu.rflags &= ~lost;
	return true;
}

/* Does the instruction here leave to the hypervisor, whatever it finds? */
static bool is_intercepted(const struct model *model)
{
	const struct instruction *instruction = model->here;

	return instruction && (instruction == &instructions[FRAGMENT_MOV_FROM_DR7] ||
			       (instruction->effect == EFFECT_IRETQ && model->cpu.nmi_blocked));
}

/* May a hypervisor want the instruction here to exit? */
static bool may_exit(const struct model *model)
{
	static const u16 fragments[] = {
		FRAGMENT_RDMSR,	       FRAGMENT_WRMSR,	    FRAGMENT_LOCK_RDMSR, FRAGMENT_CPUID,
		FRAGMENT_LOCK_CPUID,   FRAGMENT_HLT,	    FRAGMENT_RDTSC,	 FRAGMENT_PUSHF,
		FRAGMENT_POPF,	       FRAGMENT_IRETQ,	    FRAGMENT_INT_50,	 FRAGMENT_INT1,
		FRAGMENT_INVLPG,       FRAGMENT_WBINVD,	    FRAGMENT_IN,	 FRAGMENT_OUT,
		FRAGMENT_MOV_TO_CR0,   FRAGMENT_MOV_TO_CR3, FRAGMENT_MOV_TO_CR8, FRAGMENT_INT3,
		FRAGMENT_MOV_FROM_DR7,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fragments); i++)
		if (model->here == &instructions[fragments[i]])
			return true;
	return false;
}

bool shadow_is_lost(struct model *model)
{
	return (is_intercepted(model) && quirk(model, QUIRK_SHADOW_LOST_IN_EXIT)) ||
	       (may_exit(model) && quirk(model, QUIRK_VMRUN_IGNORES_SHADOW));
}

void interrupt_iret(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (cpu->shadow && cpu->nmi_blocked && cpu->nmis && is_intercepted(model) &&
	    quirk(model, QUIRK_NMI_AGAINST_DELIVERY))
		cpu->nmi_blocked = false;
}

void fault_of_iret(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (!cpu->nmi_blocked || !cpu->nmis || !quirk(model, QUIRK_NMI_AGAINST_DELIVERY))
		return;
	cpu->rflags |= RFLAGS_TF | RFLAGS_RF;
	cpu->nmi_blocked = false;
	cpu->nmis = 0;
	cpu->late_nmi = true;
}

void look_at_late_nmi(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (!cpu->late_nmi)
		return;
	cpu->nmis_kept = cpu->nmi_has_window ? 0 : cpu->nmis; /* one that has been sent since */
	cpu->nmis = 1;
	cpu->late_nmi = cpu->nmi_has_window = false;
}

/* Does an instruction that was executed leave to the hypervisor that holds the NMI back? */
static bool leaves(const struct model *model, const struct instruction *i)
{
	if (i == &instructions[FRAGMENT_CPUID] || i == &instructions[FRAGMENT_LOCK_CPUID])
		return true;
	if (!model->cpu.nmi_has_window)
		return i == &instructions[FRAGMENT_RDMSR] || i->effect == EFFECT_WRMSR;
	return i == &instructions[FRAGMENT_IN] || i == &instructions[FRAGMENT_RDTSC] ||
	       i == &instructions[FRAGMENT_WBINVD] || i == &instructions[FRAGMENT_HLT] ||
	       i == &instructions[FRAGMENT_MOV_TO_CR0];
}

void look_after(struct model *model, const struct instruction *i)
{
	const struct cpu *cpu = &model->cpu;

	/* The #DB of a step is injected instead, and the NMI waits for the next look. */
	if (leaves(model, i) && !(cpu->nmi_has_window && cpu->traps & DR6_BS))
		look_at_late_nmi(model);
}

bool comes_before_iret(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (!cpu->nmi_blocked || !cpu->nmis || !(cpu->rflags & RFLAGS_IF) ||
	    !quirk(model, QUIRK_NMI_LATE))
		return false;
	cpu->nmi_blocked = false;
	return true;
}

/* Quirk: the window for an interrupt that the TPR holds back is open at once, each time anew. */
static void stop_in_window(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	u8 class = cpu->highest_pending >> 4;
	bool only_tpr_holds = cpu->rflags & RFLAGS_IF && !cpu->shadow && !cpu->nmis &&
			      class > cpu->highest_in_service >> 4;

	if (cpu->highest_pending && class == cpu->tpr_class && only_tpr_holds && !cpu->traps &&
	    quirk(model, QUIRK_TPR_WINDOW_WITHOUT_END))
		model->stopped = cpu->left = true;
}

void stop_at_entry(struct model *model)
{
	stop_in_window(model);
	if (model->stopped) /* the handler does not get so far that it records its event */
		model->acted |= model->events[--model->count].quirks;
}

void look_through_window(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (cpu->nmi_has_window && cpu->rflags & RFLAGS_IF && !cpu->shadow && !cpu->traps)
		look_at_late_nmi(model);
	/* A breakpoint on the IRETQ comes first: it does not leave to the hypervisor then. */
	if (model->here && model->here->effect == EFFECT_IRETQ &&
	    (cpu->rflags & RFLAGS_RF || !breakpoints_here(model)))
		comes_before_iret(model);
	stop_in_window(model);
}

u16 data_breakpoints(const struct model *model, u16 bits)
{
	u16 found = 0;

	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++)
		if (model->situation->breakpoints[n].kind & BREAK_WRITE)
			found |= (u16)(bits & DR6_B0 << n);
	return found;
}

bool is_quirky_trap(struct model *model, u16 *traps)
{
	struct cpu *cpu = &model->cpu;
	u16 data = data_breakpoints(model, *traps);

	if (data && *traps & DR6_BS && quirk(model, QUIRK_STEP_AND_DATA_BREAKPOINT_WITHOUT_END)) {
		model->endless = cpu->left = true;
		return true;
	}
	if (!(*traps & DR6_BS) && cpu->rflags & RFLAGS_TF &&
	    quirk(model, QUIRK_DEBUG_EXCEPTION_WITH_STEP_BIT))
		*traps |= DR6_BS;
	if (data)
		cpu->stale = data;
	else if (cpu->stale & ~*traps && *traps & DR6_BS &&
		 quirk(model, QUIRK_STEP_REPORTS_OLD_BREAKPOINT))
		*traps |= cpu->stale;
	return false;
}

bool is_met_without_end(struct model *model)
{
	if (!(model->cpu.rflags & RFLAGS_TF) || !quirk(model, QUIRK_DEBUG_EXCEPTION_WITH_STEP_BIT))
		return false;
	return model->endless = model->cpu.left = true;
}

bool loses_step_of_cr8(struct model *model)
{
	const struct cpu *cpu = &model->cpu;
	u8 class = cpu->highest_pending >> 4;

	return class > cpu->late_tpr_class && class <= cpu->tpr_class &&
	       quirk(model, QUIRK_STEP_LOST_TO_TPR_EXIT);
}

bool is_begun_twice(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (model->here != &instructions[FRAGMENT_MOV_FROM_DR7] || cpu->dr_open ||
	    !(cpu->rflags & (RFLAGS_TF | RFLAGS_RF)) || !quirk(model, QUIRK_MOV_DR_STEPPED_TWICE))
		return false;
	cpu->dr_open = true;
	if (cpu->rflags & RFLAGS_TF)
		cpu->traps |= DR6_BS;
	cpu->rflags &= ~RFLAGS_RF;
	return true;
}

void keep_guard(struct model *model, bool by_int1)
{
	struct cpu *cpu = &model->cpu;

	if (!cpu->guarded)
		return;
	if (!(by_int1 && quirk(model, QUIRK_INT1_LEAVES_GENERAL_DETECT)) &&
	    !quirk(model, QUIRK_GENERAL_DETECT_SURVIVES_DB))
		return;
	cpu->unread_dr6 = cpu->dr6 | DR6_BD;
	cpu->dr6 = 0;
}

/* An event that is no more than its record: nothing comes of it that a trace shows. */
static void record_only(struct model *model, struct model_event event)
{
	if (model->count == MODEL_EVENTS) {
		unknown(model, "there are more events than the model has room for");
		return;
	}
	event.somewhere = true;
	event.at = (struct boundary){ PLACE_OUTSIDE, 0 };
	event.rflags |= model->cpu.rflags;
	event.cr2 = model->cpu.cr2;
	event.quirks = model->acted;
	model->events[model->count++] = event;
	model->acted = 0;
}

void meet_guard(struct model *model, const struct handler *h)
{
	struct cpu *cpu = &model->cpu;

	model->acted |= model->quirks & (1ull << QUIRK_GENERAL_DETECT_SURVIVES_DB |
					 1ull << QUIRK_INT1_LEAVES_GENERAL_DETECT);
	record_only(model, (struct model_event){ .vector = DB_VECTOR,
						 .rule = RULE_GENERAL_DETECT,
						 .ist = h->ist,
						 .dr6 = DR6_RESET | cpu->unread_dr6 });
	cpu->unread_dr6 = 0;
	cpu->nmi_blocked = false; /* by its handler's IRETQ */
}

void end_with_late_nmi(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (!cpu->late_nmi)
		return;
	for (cpu->nmis = 1; cpu->nmis > 0; arrive_at(model, PLACE_ENTRY | NMI_VECTOR)) {
		model->acted |= model->quirks &
				(1ull << QUIRK_NMI_AGAINST_DELIVERY | 1ull << QUIRK_NMI_LATE);
		cpu->rflags &= ~RFLAGS_RF; /* some instruction is behind the landing */
		cpu->nmis = 0;
		record_only(model, (struct model_event){ .vector = NMI_VECTOR,
							 .rule = RULE_NMI,
							 .ist = IST_NMI });
	}
}
