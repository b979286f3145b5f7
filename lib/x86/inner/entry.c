/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM entry or VMRUN: what root has written becomes the guest's state, the checks let it pass or
 * not, and an event that it injects is delivered. What waits then is the ladder's business.
 */
#include "base/string.h"
#include "inner/inside.h"

/* --- What root has written --- */

static void load_blocking(struct inner *inner, u8 blocking)
{
	struct cpu *cpu = &inner->model.cpu;

	cpu->shadow = blocking & (STATE_BLOCKED_BY_STI | STATE_SHADOW) ? SHADOW_STI : 0;
	if (blocking & STATE_BLOCKED_BY_MOV_SS)
		cpu->shadow |= is_amd(&inner->model) ? SHADOW_STI : SHADOW_MOV_SS;
	if (!is_amd(&inner->model))
		cpu->nmi_blocked = blocking & STATE_BLOCKED_BY_NMI;
}

/* "Pending Debug Exceptions": B0 to B3 alone raise nothing. */
static void load_debug(struct inner *inner, u16 debug)
{
	u16 breakpoints = debug & DEBUG_ENABLED ? debug & 15 : 0;

	inner->debug = debug;
	inner->model.cpu.traps = (u16)(breakpoints | (debug & DEBUG_BS ? DR6_BS : 0));
}

static void load(struct inner *inner, const struct vm_entry *e)
{
	struct model *model = &inner->model;
	struct cpu *cpu = &model->cpu;

	if (e->written & WRITES_RIP)
		cpu->at = any_boundary_at(inner, e->rip);
	cpu->rflags = (cpu->rflags & ~e->flags_cleared) | e->flags_set;
	if (e->written & WRITES_BLOCKING)
		load_blocking(inner, e->blocking);
	if (e->written & WRITES_ACTIVITY) {
		inner->activity = e->activity;
		cpu->halted = e->activity == IS_IN_HLT;
	}
	if (e->written & WRITES_DEBUG)
		load_debug(inner, e->debug);
	if (e->eoi)
		send_eoi(model);
	if (e->written & WRITES_CR2)
		cpu->cr2 = e->cr2;
	for (size_t i = 0; i < ENTRY_ARRIVALS && e->arrivals[i]; i++)
		request(model, e->arrivals[i]);
	if (e->nmi)
		cpu->nmis = 1;
	inner->init |= e->init;
	if (e->request.vector)
		inner->request = e->request;
	if (inner->vendor->load)
		inner->vendor->load(inner);
	inner->tpr_below = e->controls & CONTROL_TPR_BELOW;
}

/* --- Checks --- */

/* The first rule of the list that the entry violates; INNER_RULE_NONE: it violates none. */
static enum inner_rule violated(struct inner *inner, const struct check *checks)
{
	for (size_t i = 0; checks[i].violated; i++)
		if (obeys(inner, checks[i].rule) && checks[i].violated(inner))
			return checks[i].rule;
	return INNER_RULE_NONE;
}

/* --- Injection --- */

static void inject(struct inner *inner)
{
	struct model *model = &inner->model;
	bool rf = model->cpu.rflags & RFLAGS_RF;

	if (!obeys(inner, INNER_INJECTED_RF))
		model->cpu.rflags ^= RFLAGS_RF;
	inner->injects_event = true;
	inner->vendor->inject(inner);
	inner->injects_event = false;
	if (!obeys(inner, INNER_INJECTED_RF) && !rf)
		model->cpu.rflags &= ~RFLAGS_RF;
	if (injects(inner, EVENT_INTR) && !obeys(inner, INNER_INJECTED_ISR))
		acknowledge(model, EVENT_VECTOR(inner->entry->event));
}

void enter_guest(struct inner *inner)
{
	const struct vm_entry *e = &inner->guest->entries[inner->next];
	enum inner_rule rule;
	bool late;

	inner->entry = e;
	load(inner, e);
	if (inner->next++ || e->event)
		record_entry(inner);
	inner->in_root = inner->refused = false;
	rule = violated(inner, inner->vendor->refusals);
	inner->refused = rule;
	if (!rule)
		rule = violated(inner, inner->vendor->failures);
	if (rule) {
		leave_guest(inner, EXIT_ENTRY_FAILED, rule, 0);
		return;
	}
	inner->armed = has(inner, CONTROL_MONITOR_TRAP);
	if (!(e->event & EVENT_VALID))
		return;
	late = !obeys(inner, INNER_INJECTED_FIRST);
	if (late)
		take_rung(inner);
	if (inner->in_root)
		return;
	inject(inner);
	if (!injects(inner, EVENT_OTHER))
		trap_after(inner, INNER_MTF_AFTER_DELIVERY);
}
