/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits: of instructions, of exceptions, and what any exit saves of its guest.
 */
#include "inner/inside.h"
#include "order/log.h"
#include "order/vectors.h"

/* --- Records --- */

static struct boundary where(const struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;
	struct boundary at = cpu->at;

	if (at.place == PLACE_LANDING && cpu->returned)
		at.place = PLACE_AFTER_IRET;
	return at;
}

static void record(struct inner *inner, struct model_event event)
{
	struct model *model = &inner->model;

	if (model->count == MODEL_EVENTS) {
		unknown(model, "there are more events than the model has room for");
		return;
	}
	event.at = where(inner);
	event.somewhere = event.at.place == PLACE_OUTSIDE;
	event.state = inner->vendor->state(inner);
	model->events[model->count++] = event;
}

void record_entry(struct inner *inner)
{
	record(inner, (struct model_event){ .kind = LOG_ENTRY,
					    .rule = FIRST_INNER_RULE + INNER_RULE_NONE,
					    .event = inner->entry->event });
}

void leave_guest(struct inner *inner, enum exit_reason reason, enum inner_rule why, u64 during)
{
	struct cpu *cpu = &inner->model.cpu;

	if (!obeys(inner, INNER_EXIT_SAVES_BLOCKING))
		cpu->shadow = 0;
	record(inner, (struct model_event){ .kind = LOG_EXIT,
					    .rule = (u8)(FIRST_INNER_RULE + why),
					    .refused = inner->refused,
					    .reason = reason,
					    .event = during });
	inner->in_root = true;
	if (reason == EXIT_ENTRY_FAILED)
		return;
	if (cpu->between) /* "Saving RIP, RSP, RFLAGS, and SSP": as in the image of an interrupt */
		cpu->rflags |= RFLAGS_RF;
	cpu->between = false;
	inner->monitor_trap = inner->armed = inner->tpr_below = false;
	inner->vendor->leave(inner);
}

/* --- Instructions --- */

/* Does the instruction here exit, by a control or always? EXIT_NONE: it does not. */
static enum exit_reason exit_of_instruction(const struct inner *inner)
{
	const struct instruction *here = inner->model.here;
	enum exit_reason reason;
	u64 exits = inner->entry->exits | (is_amd(&inner->model) ? 0 : BIT(EXIT_CPUID));

	if (!here)
		return EXIT_NONE;
	reason = exit_of_fragment((u16)(here - instructions));
	return exits >> reason & 1 ? reason : EXIT_NONE;
}

void guest_shuts_down(struct model *model)
{
	struct inner *inner = inner_of(model);
	u64 during = event_with_error(event_make(EVENT_EXCEPTION, DF_VECTOR), 0);

	leave_guest(inner, EXIT_TRIPLE_FAULT, INNER_TRIPLE_FAULT,
		    obeys(inner, INNER_TRIPLE_FAULT) ? 0 : during);
}

bool exit_waits(struct inner *inner)
{
	const struct instruction *here = inner->model.here;

	if (here && !here->known && inner->model.cpu.cpl && exit_of_instruction(inner))
		unknown(&inner->model, "an instruction of the scene has no record");
	return exit_of_instruction(inner) && obeys(inner, INNER_INSTRUCTION_EXITS);
}

void take_exit(struct inner *inner)
{
	leave_guest(inner, exit_of_instruction(inner), INNER_INSTRUCTION_EXITS, 0);
}

bool held_by_shadow(struct inner *inner)
{
	return inner->model.cpu.shadow && choose_inner(inner, INNER_CHOICE_EXIT_IN_SHADOW);
}

/* --- Exceptions --- */

static enum event_type type_of(const struct inner *inner, const struct delivery *d)
{
	switch ((enum delivery_kind)d->kind) {
	case KIND_EXTERNAL:
		return d->vector == NMI_VECTOR ? EVENT_NMI : EVENT_INTR;
	case KIND_SOFTWARE:
		if (d->vector == DB_VECTOR)
			return EVENT_PRIVILEGED_SOFT_EXCEPTION;
		if (d->vector != BP_VECTOR && d->vector != OF_VECTOR)
			return EVENT_SOFT_INT;
		return inner->model.cpu.state & STATE_AMD ? EVENT_EXCEPTION : EVENT_SOFT_EXCEPTION;
	default:
		return EVENT_EXCEPTION;
	}
}

static u64 as_event(const struct inner *inner, const struct delivery *d)
{
	u64 event = event_make(type_of(inner, d), d->vector);

	return type_of(inner, d) == EVENT_EXCEPTION && vector_has_error_code(d->vector)
		       ? event_with_error(event, d->error)
		       : event;
}

/* "Saving RIP, RSP, RFLAGS, and SSP": RF is as the event would have saved it. */
static void save_rf(struct inner *inner, const struct delivery *event)
{
	struct model *model = &inner->model;

	if (!is_amd(model) && event->kind == KIND_FAULT && !model->injecting &&
	    obeys(inner, INNER_EXIT_SAVES_RF))
		model->cpu.rflags |= RFLAGS_RF;
}

bool guest_intercepts(struct model *model, const struct delivery *event,
		      const struct delivery *during)
{
	struct inner *inner = inner_of(model);

	if (model->injecting && !during)
		return false;
	if (event->kind == KIND_EXTERNAL || event->vector >= FIRST_IRQ_VECTOR ||
	    event->vector == NMI_VECTOR)
		return false;
	if (!inner->vendor->intercepts(inner, event) || !obeys(inner, INNER_EXCEPTION_EXITS))
		return false;
	if (event->kind == KIND_SOFTWARE && !during && !model->injecting)
		model->cpu.shadow = inner->old_shadow; /* it is not complete */
	save_rf(inner, event);
	leave_guest(inner, EXIT_EXCEPTION, INNER_EXCEPTION_EXITS,
		    during && obeys(inner, INNER_DURING) ? as_event(inner, during) : 0);
	return true;
}

/* "EPT Violations"; "Nested versus Guest Page Faults, Fault Ordering" */
bool guest_misses(struct model *model, const struct delivery *event, const struct gate_state *gate)
{
	struct inner *inner = inner_of(model);
	struct cpu *cpu = &model->cpu;
	u64 during = inner->injects_event ? inner->entry->event : as_event(inner, event);
	bool lacks = gate ? inner->entry->lost == LACKS_STACK && gate->ist == IST_FAULT
			  : inner->entry->lost == LACKS_IDT;

	if (!lacks || !obeys(inner, INNER_MISSING_PAGE))
		return false;
	if (event->kind == KIND_SOFTWARE && !model->injecting)
		cpu->shadow = inner->old_shadow; /* it is not complete */
	if (event->vector == NMI_VECTOR && obeys(inner, INNER_MISSING_PAGE_NMI))
		cpu->nmi_blocked = true;
	save_rf(inner, event);
	leave_guest(inner, EXIT_NESTED_PAGE_FAULT, INNER_MISSING_PAGE,
		    obeys(inner, INNER_MISSING_PAGE_DURING) ? during : 0);
	return true;
}
