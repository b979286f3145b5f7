/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boundary of a guest: the vendor's ladder, and what is done if nothing waits.
 */
#include "inner/inside.h"

enum { SCENE_VECTOR = 0x60 }; /* of order/fragments.def */

static bool is_asleep(const struct inner *inner)
{
	return inner->model.cpu.halted || inner->activity > IS_IN_HLT;
}

static bool waits(struct inner *inner, const struct rung *rung)
{
	return (rung->wakes || !is_asleep(inner)) && rung->waits(inner);
}

bool take_rung(struct inner *inner)
{
	const struct rung *rung = inner->vendor->ladder;

	for (; rung->waits; rung++) {
		const struct rung *taken = rung;

		if (rung->rule && !obeys(inner, rung->rule) && rung[1].waits &&
		    waits(inner, rung + 1))
			taken++;
		else if (!waits(inner, rung))
			continue;
		if (inner->model.cpu.halted && !obeys(inner, INNER_HLT_WAKES))
			continue;
		taken->take(inner);
		return true;
	}
	return false;
}

/* "Monitor Trap Flag": one event or one instruction after VM entry. */
void trap_after(struct inner *inner, enum inner_rule rule)
{
	if (inner->in_root || !inner->armed || !obeys(inner, rule))
		return;
	inner->armed = false;
	inner->monitor_trap = true;
}

static void sleep_on(struct inner *inner)
{
	if (inner->timer_armed) {
		inner->timer_armed = false;
		request(&inner->model, SCENE_VECTOR);
	} else if (has(inner, CONTROL_TIMER_LATER))
		leave_guest(inner, EXIT_PREEMPTION_TIMER, INNER_TIMER, 0);
	else
		unknown(&inner->model, "nothing ends the guest's wait");
}

/* Scenes make events pending by instructions that the model of bare hardware has no record of. */
static bool stages_event(struct inner *inner)
{
	struct model *model = &inner->model;
	struct cpu *cpu = &model->cpu;
	u16 fragment = (u16)(model->here ? model->here - instructions : FRAGMENT_NONE);

	if (fragment != FRAGMENT_SELF_IPI && fragment != FRAGMENT_WAIT_IRR &&
	    fragment != FRAGMENT_ARM_TIMER)
		return false;
	if (cpu->rflags & (RFLAGS_IF | RFLAGS_TF) || cpu->traps)
		unknown(model, "an event may come inside a fragment of several instructions");
	inner->timer_armed |= fragment == FRAGMENT_ARM_TIMER;
	if (fragment == FRAGMENT_SELF_IPI || (fragment == FRAGMENT_WAIT_IRR && inner->timer_armed))
		request(model, SCENE_VECTOR);
	cpu->shadow = 0;
	cpu->rflags &= ~RFLAGS_RF;
	cpu->at = boundary_after(model, cpu->at);
	return true;
}

/* Nothing waits: the instruction, or the handler's next step. */
static void go_on(struct inner *inner)
{
	struct model *model = &inner->model;

	if (is_asleep(inner)) {
		sleep_on(inner);
		return;
	}
	if (in_handler(&model->cpu))
		handle(model);
	else if (!stages_event(inner)) {
		inner->old_shadow = model->cpu.shadow;
		execute(model);
	}
	trap_after(inner, INNER_MTF_AFTER_INSTRUCTION);
}

void run_boundary(struct inner *inner)
{
	struct model *model = &inner->model;
	struct cpu *cpu = &model->cpu;

	arrive(model);
	model->here = instruction_here(model);
	cpu->deferred = cpu->between && !inner->armed && !inner->monitor_trap &&
			((cpu->traps && !(cpu->traps & DR6_BS)) || line_waits(model, LINE_NMI) ||
			 line_waits(model, LINE_IRQ)) &&
			choose(model, CHOICE_WHEN_BETWEEN, 2);
	if (take_rung(inner))
		trap_after(inner, INNER_MTF_AFTER_DELIVERY);
	else
		go_on(inner);
}
