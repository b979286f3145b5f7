/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMX: the chapters "VM Entries", "VMX Non-Root Operation" and "VM Exits" of the Intel SDM, volume
 * 3C, as far as boundaries are concerned. svm.c has the same of SVM, in the same form.
 */
#include "inner/inside.h"

/* --- "Event Injection" --- */

/* Which pending debug exceptions are there after an entry that injects? */
static void keep_debug(struct inner *inner)
{
	struct cpu *cpu = &inner->model.cpu;
	u8 vector = injected_vector(inner);

	if (!cpu->traps)
		return;
	if (cpu->shadow & SHADOW_MOV_SS &&
	    (injects(inner, EVENT_SOFT_INT) || (injects(inner, EVENT_SOFT_EXCEPTION) &&
						(vector == BP_VECTOR || vector == OF_VECTOR)))) {
		if (!obeys(inner, INNER_DEBUG_KEPT))
			cpu->traps = 0;
	} else if (cpu->shadow & SHADOW_MOV_SS && injects_software(inner)) {
		if (!choose_inner(inner, INNER_CHOICE_DEBUG_OVER_INT1))
			cpu->traps = 0;
	} else if (obeys(inner, INNER_DEBUG_LOST)) {
		cpu->traps = 0;
	}
}

static enum delivery_kind kind_of(const struct inner *inner)
{
	if (injects(inner, EVENT_INTR) || injects(inner, EVENT_NMI))
		return KIND_EXTERNAL;
	return injects_software(inner) ? KIND_SOFTWARE : KIND_FAULT;
}

static void vmx_inject(struct inner *inner)
{
	struct model *model = &inner->model;
	const struct vm_entry *e = inner->entry;
	struct boundary next = model->cpu.at;
	bool blocked = model->cpu.nmi_blocked, asleep = model->cpu.halted;

	if (injects(inner, EVENT_OTHER)) {
		inner->monitor_trap = true;
		return;
	}
	keep_debug(inner);
	if (obeys(inner, INNER_INJECTED_UNBLOCKS))
		model->cpu.shadow = 0;
	inner->activity = IS_ACTIVE;
	if (injects_software(inner) && obeys(inner, INNER_INJECTED_SOFTWARE_RIP))
		next = any_boundary_at(inner, boundary_address(model, next) + e->length);
	deliver_injected(inner, EVENT_VECTOR(e->event), kind_of(inner), EVENT_ERROR(e->event), next,
			 INNER_INJECTED_FIRST);
	if (injects(inner, EVENT_NMI) && !obeys(inner, INNER_INJECTED_NMI_BLOCKS))
		model->cpu.nmi_blocked = blocked;
	if (!obeys(inner, INNER_INJECTED_WAKES))
		model->cpu.halted = asleep;
}

/* --- What waits at a boundary --- */

static bool tpr_waits(struct inner *inner)
{
	return inner->tpr_below && inner->activity <= IS_IN_HLT;
}

static void tpr_take(struct inner *inner)
{
	leave_guest(inner, EXIT_TPR_THRESHOLD, INNER_TPR_THRESHOLD, 0);
}

static bool init_waits(struct inner *inner)
{
	return inner->init && inner->activity != IS_WAITING_FOR_SIPI;
}

static void init_take(struct inner *inner)
{
	inner->init = false;
	leave_guest(inner, EXIT_INIT, INNER_INIT, 0);
}

static bool mtf_waits(struct inner *inner)
{
	return inner->monitor_trap && inner->activity <= IS_IN_HLT;
}

static void mtf_take(struct inner *inner)
{
	leave_guest(inner, EXIT_MTF, INNER_MTF, 0);
}

static bool trap_waits(struct inner *inner)
{
	if (inner->activity > IS_IN_HLT && obeys(inner, INNER_DEBUG_ASLEEP))
		return false;
	return line_waits(&inner->model, LINE_TRAP);
}

static void trap_take(struct inner *inner)
{
	line_take(&inner->model, LINE_TRAP);
}

static bool timer_waits(struct inner *inner)
{
	if (!has(inner, CONTROL_TIMER_EXPIRED) || inner->activity == IS_WAITING_FOR_SIPI)
		return false;
	return !inner->model.cpu.shadow || !choose_inner(inner, INNER_CHOICE_TIMER_IN_SHADOW);
}

static void timer_take(struct inner *inner)
{
	leave_guest(inner, EXIT_PREEMPTION_TIMER, INNER_TIMER, 0);
}

static bool nmi_window_waits(struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;

	if (!has(inner, CONTROL_NMI_WINDOW) || inner->activity == IS_WAITING_FOR_SIPI)
		return false;
	if (cpu->nmi_blocked && obeys(inner, INNER_NMI_WINDOW_BLOCKED))
		return false;
	if (cpu->shadow & SHADOW_MOV_SS && obeys(inner, INNER_NMI_WINDOW_MOV_SS))
		return false;
	return !(cpu->shadow & SHADOW_STI) ||
	       !choose_inner(inner, INNER_CHOICE_NMI_WINDOW_AFTER_STI);
}

static void nmi_window_take(struct inner *inner)
{
	leave_guest(inner, EXIT_NMI_WINDOW, INNER_NMI_WINDOW, 0);
}

static bool nmi_waits(struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;
	bool virtual = has(inner, CONTROL_VIRTUAL_NMIS) && obeys(inner, INNER_VIRTUAL_NMI_LETS_NMI);

	if (!has(inner, CONTROL_NMI_EXITS))
		return line_waits(&inner->model, LINE_NMI);
	if (!cpu->nmis || (cpu->nmi_blocked && !virtual) || inner->activity == IS_WAITING_FOR_SIPI)
		return false;
	return !held_by_shadow(inner);
}

static void nmi_take(struct inner *inner)
{
	bool taken = obeys(inner, INNER_NMI_EXIT_TAKES);

	if (!has(inner, CONTROL_NMI_EXITS)) {
		line_take(&inner->model, LINE_NMI);
		return;
	}
	leave_guest(inner, EXIT_NMI, INNER_NMI, 0);
	inner->model.cpu.nmis = !taken;
}

static bool intr_window_waits(struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;

	if (!has(inner, CONTROL_INTR_WINDOW) || inner->activity > IS_IN_HLT)
		return false;
	return cpu->rflags & RFLAGS_IF && (!cpu->shadow || !obeys(inner, INNER_INTR_WINDOW_IF));
}

static void intr_window_take(struct inner *inner)
{
	leave_guest(inner, EXIT_INTR_WINDOW, INNER_INTR_WINDOW, 0);
}

static bool intr_waits(struct inner *inner)
{
	struct model *model = &inner->model;

	if (inner->activity > IS_IN_HLT && obeys(inner, INNER_SHUTDOWN_HOLDS_INTR))
		return false;
	if (!has(inner, CONTROL_INTR_EXITS))
		return line_waits(model, LINE_IRQ);
	if (!offered(model))
		return false;
	if (!obeys(inner, INNER_INTR_EXIT_IGNORES_IF) && !(model->cpu.rflags & RFLAGS_IF))
		return false;
	return !held_by_shadow(inner);
}

static void intr_take(struct inner *inner)
{
	struct model *model = &inner->model;

	if (!has(inner, CONTROL_INTR_EXITS)) {
		line_take(model, LINE_IRQ);
		return;
	}
	if (has(inner, CONTROL_ACKNOWLEDGE) || !obeys(inner, INNER_INTR_EXIT_LEAVES))
		acknowledge(model, offered(model));
	leave_guest(inner, EXIT_INTR, INNER_INTR, 0);
}

/* --- What an exit saves --- */

/* "Interruptibility State". With virtual NMIs bit 3 is virtual-NMI blocking. */
static u32 vmx_state(const struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;

	return (cpu->shadow & SHADOW_STI ? STATE_BLOCKED_BY_STI : 0) |
	       (cpu->shadow & SHADOW_MOV_SS ? STATE_BLOCKED_BY_MOV_SS : 0) |
	       (cpu->nmi_blocked ? STATE_BLOCKED_BY_NMI : 0);
}

/* An NMI that has not exited comes in root, which does not block NMIs after any other exit. */
static void vmx_leave(struct inner *inner)
{
	struct cpu *cpu = &inner->model.cpu;

	cpu->nmis = 0;
	if (!obeys(inner, INNER_EXIT_SAVES_DEBUG))
		cpu->traps = 0;
	if (!obeys(inner, INNER_EXIT_KEEPS_HLT))
		cpu->halted = false;
	if (inner->activity <= IS_IN_HLT)
		inner->activity = cpu->halted ? IS_IN_HLT : IS_ACTIVE;
}

/* "Exceptions". A #DB that exits leaves DR6 as it was. */
static bool vmx_intercepts(struct inner *inner, const struct delivery *event)
{
	if (!(inner->entry->exceptions >> event->vector & 1))
		return false;
	if (event->vector == DB_VECTOR)
		inner->model.cpu.dr6 = 0;
	return true;
}

const struct vendor_rules vmx_rules = {
	.refusals = vmx_refusals,
	.failures = vmx_failures,
	.inject = vmx_inject,
	/* "Special Features of VM Entry"; "Priority Among Concurrent Events" */
	.ladder = {
		{ INNER_TPR_THRESHOLD, true, tpr_waits, tpr_take },
		{ INNER_INIT, true, init_waits, init_take },
		{ INNER_MTF, true, mtf_waits, mtf_take },
		{ INNER_TRAP, true, trap_waits, trap_take },
		{ INNER_TIMER, true, timer_waits, timer_take },
		{ INNER_NMI_WINDOW, true, nmi_window_waits, nmi_window_take },
		{ INNER_NMI, true, nmi_waits, nmi_take },
		{ INNER_INTR_WINDOW, true, intr_window_waits, intr_window_take },
		{ INNER_INTR, true, intr_waits, intr_take },
		INSTRUCTION_LINES,
	},
	.state = vmx_state,
	.leave = vmx_leave,
	.intercepts = vmx_intercepts,
};
