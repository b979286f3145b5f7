/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery through the IDT, and the faults that it may raise itself.
 */
#include "model/inside.h"
#include "order/vectors.h"

#define CONTRIBUTORY                                                                               \
	(BIT(DE_VECTOR) | BIT(TS_VECTOR) | BIT(NP_VECTOR) | BIT(SS_VECTOR) | BIT(GP_VECTOR))

enum {
	FRAME_BYTES = 40,
	HANDLERS_ON_A_STACK = 4, /* of which none overwrites another: machine/desc.c */
};

static const struct gate_state *gate_of(const struct model *model, u8 vector)
{
	static const struct gate_state usual, nmi = { .ist = IST_NMI }, db = { .ist = IST_DB },
					      df = { .ist = IST_DF }, mc = { .ist = IST_MC };
	const struct situation *s = model->situation;
	bool mended = model->cpu.mended && (vector == NMI_VECTOR || vector == GP_VECTOR);

	for (size_t i = 0; i < s->gate_count && !mended; i++)
		if (s->gates[i].vector == vector)
			return &s->gates[i];
	return vector == NMI_VECTOR  ? &nmi
	       : vector == DB_VECTOR ? &db
	       : vector == DF_VECTOR ? &df
	       : vector == MC_VECTOR ? &mc
				     : &usual;
}

/* --- A delivery that faults --- */

static u32 ext_of(struct model *model, const struct delivery *d)
{
	if (d->kind == KIND_SOFTWARE && model->injecting && is_amd(model))
		return choose(model, CHOICE_EXT_OF_EXCEPTION, 2) ? 0 : ERROR_EXT;
	if (d->kind == KIND_SOFTWARE)
		return right(model, RULE_EXT) ? 0 : ERROR_EXT;
	if (d->kind == KIND_EXTERNAL)
		return right(model, RULE_EXT) ? ERROR_EXT : 0;
	if (is_amd(model))
		return choose(model, CHOICE_EXT_OF_EXCEPTION, 2) ? 0 : ERROR_EXT;
	return right(model, RULE_EXT_OF_EXCEPTION) ? ERROR_EXT : 0;
}

static u32 gate_error(struct model *model, const struct delivery *d)
{
	u32 scale = quirk(model, QUIRK_IDT_ERROR_CODE) ? 16 : 8;

	return d->vector * scale | ERROR_IDT | ext_of(model, d);
}

/* What the gate of @d raises instead; false: it can be delivered. */
static bool gate_raises(struct model *model, const struct delivery *d,
			const struct gate_state *gate, struct delivery *fault)
{
	bool outside = d->vector >= model->situation->idt_vectors;
	bool gp = outside ? right(model, RULE_BEYOND_IDT) : !right(model, RULE_GATE_ABSENT);

	if (!outside && !gate->absent && !gate->unusable && gate->ist != IST_ABSENT &&
	    d->kind != KIND_SOFTWARE)
		return false;
	*fault = (struct delivery){ .kind = KIND_FAULT, .why = RULE_BEYOND_IDT };
	if (outside) {
		fault->vector = gp ? GP_VECTOR : NP_VECTOR;
		fault->error = gate_error(model, d);
		return true;
	}
	if (d->kind == KIND_SOFTWARE && d->vector != DB_VECTOR && model->cpu.cpl > gate->dpl &&
	    right(model, RULE_GATE_DPL)) {
		fault->vector = GP_VECTOR;
		fault->error = gate_error(model, d);
		fault->why = RULE_GATE_DPL;
		return true;
	}
	if (gate->unusable) {
		fault->vector = right(model, RULE_GATE_TYPE) ? GP_VECTOR : NP_VECTOR;
		fault->error = gate_error(model, d);
		fault->why = RULE_GATE_TYPE;
		return true;
	}
	if (gate->absent) {
		fault->vector = gp ? GP_VECTOR : NP_VECTOR;
		fault->error = gate_error(model, d);
		fault->why = RULE_GATE_ABSENT;
		return true;
	}
	if (gate->ist != IST_ABSENT)
		return false;
	fault->vector = PF_VECTOR;
	fault->error = right(model, RULE_STACK_ABSENT) ? PF_WRITE : 0;
	fault->why = RULE_STACK_ABSENT;
	if (right(model, RULE_CR2))
		model->cpu.cr2 = model->situation->absent_stack - 8;
	return true;
}

/* "Double Fault Exception", "Double-Fault Exception": what the first and the second event make. */
static bool makes_double_fault(const struct model *model, const struct delivery *first, u8 second)
{
	bool exception = first->kind != KIND_EXTERNAL && first->kind != KIND_SOFTWARE;

	if (exception && first->vector == PF_VECTOR)
		return right(model, RULE_DOUBLE_FAULT);
	if (exception && CONTRIBUTORY & BIT(first->vector))
		return second == PF_VECTOR ? !right(model, RULE_SERIAL_PF)
					   : right(model, RULE_DOUBLE_FAULT);
	return !right(model, RULE_SERIAL_BENIGN);
}

static void lose(struct model *model, const struct delivery *d)
{
	struct cpu *cpu = &model->cpu;

	if (d->vector == NMI_VECTOR)
		cpu->nmi_blocked = !choose(model, CHOICE_NMI_NOT_DELIVERED, 2);
	else if (d->kind == KIND_EXTERNAL && !right(model, RULE_ACKNOWLEDGED))
		take_back(model, d->vector);
}

static bool leaves(struct model *model, const struct delivery *event, const struct delivery *during)
{
	return model->beneath && model->beneath->intercepts(model, event, during);
}

static bool misses(struct model *model, const struct delivery *d, const struct gate_state *gate)
{
	return model->beneath && model->beneath->misses(model, d, gate);
}

/* Replaces @d by what its delivery raises until something can be delivered. Returns its gate; NULL:
 * the guest has left instead. */
static const struct gate_state *until_deliverable(struct model *model, struct delivery *d)
{
	const struct gate_state *gate = gate_of(model, d->vector);
	struct delivery fault;

	if (leaves(model, d, NULL) || misses(model, d, NULL))
		return NULL;
	for (int faults = 0; gate_raises(model, d, gate, &fault) && !model->unknown; faults++) {
		if (leaves(model, &fault, d))
			return NULL;
		if (d->vector == DF_VECTOR && model->beneath) {
			model->beneath->shut_down(model);
			return NULL;
		}
		if (d->vector == DF_VECTOR || faults == MODEL_NESTING) {
			unknown(model, "the delivery of #DF faults: the processor shuts down");
			break;
		}
		lose(model, d);
		model->injecting = false;
		if (makes_double_fault(model, d, fault.vector)) {
			fault = (struct delivery){ DF_VECTOR, KIND_FAULT, 0, RULE_DOUBLE_FAULT };
			if (leaves(model, &fault, NULL))
				return NULL;
		}
		*d = fault;
		gate = gate_of(model, d->vector);
		if (misses(model, d, NULL))
			return NULL;
	}
	return misses(model, d, gate) ? NULL : gate;
}

/* --- The image of the flags --- */

static bool saved_rf(struct model *model, const struct delivery *d)
{
	const struct cpu *cpu = &model->cpu;
	bool as_it_is = cpu->rflags & RFLAGS_RF;

	if (model->injecting)
		return as_it_is;
	switch ((enum delivery_kind)d->kind) {
	case KIND_FAULT:
		if (!as_it_is && quirk(model, QUIRK_FAULT_SAVES_RF_0))
			return false;
		return right(model, RULE_RF_OF_FAULT);
	case KIND_BREAKPOINT:
		return !right(model, RULE_RF_OF_BREAKPOINT);
	case KIND_DETECT:
		return choose(model, CHOICE_RF_OF_GENERAL_DETECT, 2) || as_it_is;
	case KIND_SOFTWARE:
		if ((as_it_is || cpu->old_rf) && d->vector != DB_VECTOR &&
		    quirk(model, QUIRK_INT_N_SAVES_RF_1))
			return true;
		if (is_amd(model) && d->vector < FIRST_IRQ_VECTOR)
			return choose(model, CHOICE_RF_OF_TRAP, 2);
		return !right(model, RULE_RF_OF_SOFTWARE);
	case KIND_TRAP:
	case KIND_EXTERNAL:
		break;
	}
	if (cpu->between && quirk(model, QUIRK_REP_SAVES_RF_0))
		return as_it_is;
	if (cpu->between)
		return is_amd(model) ? !choose(model, CHOICE_RF_BETWEEN_ITERATIONS, 2) || as_it_is
				     : right(model, RULE_RF_BETWEEN);
	if (d->kind == KIND_TRAP)
		return as_it_is || (is_amd(model) && choose(model, CHOICE_RF_OF_TRAP, 2));
	return as_it_is || !right(model, RULE_RF_OF_INTERRUPT) ||
	       quirk(model, QUIRK_INTERRUPT_SAVES_RF_1);
}

/* --- Into the handler --- */

static void record(struct model *model, const struct delivery *d, const struct handler *h)
{
	const struct cpu *cpu = &model->cpu;
	struct boundary at = h->back;

	if (model->count == MODEL_EVENTS) {
		unknown(model, "there are more events than the model has room for");
		return;
	}
	if (at.place == PLACE_LANDING && cpu->returned)
		at.place = PLACE_AFTER_IRET;
	model->events[model->count++] = (struct model_event){
		.vector = d->vector,
		.rule = (u8)d->why,
		.held = h->external ? cpu->held : RULE_NONE,
		.somewhere = at.place == PLACE_OUTSIDE,
		.external = h->external,
		.cpl = cpu->cpl,
		.ist = h->ist,
		.at = at,
		.rflags = h->rflags,
		.error = d->error,
		.dr6 = d->vector == DB_VECTOR ? DR6_RESET | cpu->dr6 : 0,
		.cr2 = cpu->cr2,
		.quirks = model->acted,
	};
	model->acted = 0;
}

static void enter(struct model *model, const struct delivery *d, const struct handler *h,
		  bool other_stack)
{
	struct cpu *cpu = &model->cpu;
	unsigned int others = 0;

	for (size_t i = 0; i < cpu->depth && other_stack; i++)
		others += cpu->handlers[i].ist == h->ist;
	if (others && (h->ist == IST_DB || others == HANDLERS_ON_A_STACK))
		unknown(model, "too many handlers at once are on one interrupt stack");
	if (cpu->depth == MODEL_NESTING) {
		unknown(model, "there are more handlers at once than the model has room for");
		return;
	}
	if (cpu->bad_rsp && !h->ist && !cpu->cpl)
		unknown(model, "an event is delivered on a stack that is not canonical");
	cpu->handlers[cpu->depth++] = *h;
	cpu->at = (struct boundary){ (u16)(PLACE_ENTRY | d->vector), 0 };
}

/* Does the frame meet a data breakpoint? Only the first one on the scene's stack is looked at. */
static u16 frame_meets(const struct model *model, const struct delivery *d, const struct handler *h)
{
	const struct cpu *cpu = &model->cpu;
	u64 top;
	unsigned int bytes;
	u16 bits = 0;

	if (!model->other_breakpoints || cpu->depth || cpu->cpl || h->ist)
		return 0;
	top = cpu->registers[BASE_RSP] & ~15ull;
	bytes = FRAME_BYTES + (vector_has_error_code(d->vector) ? 8 : 0);
	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++)
		if (breakpoint_meets(model, n, true, top - bytes, bytes))
			bits |= (u16)(DR6_B0 << n);
	return bits;
}

/* Quirk: the shadow in which @d is delivered does not end. */
static bool outlives(struct model *model, const struct delivery *d)
{
	if (model->cpu.between)
		return quirk(model, QUIRK_SHADOW_OUTLIVES_ITERATION);
	if (d->kind == KIND_TRAP && model->cpu.dr6 & DR6_BS)
		return false;
	return quirk(model, QUIRK_SHADOW_OUTLIVES_EXCEPTION);
}

/* Does the shadow of STI last longer than a delivery in it? Only Intel says that it does not. */
static bool lasts_longer(struct model *model, const struct delivery *d)
{
	const struct cpu *cpu = &model->cpu;
	bool by_fault =
		d->kind == KIND_FAULT || d->kind == KIND_BREAKPOINT || d->kind == KIND_DETECT;

	if (!is_amd(model) || !(cpu->shadow & SHADOW_STI) || cpu->depth)
		return false;
	return (by_fault && choose(model, CHOICE_SHADOW_OVER_FAULT, 2)) ||
	       (d->kind == KIND_TRAP && choose(model, CHOICE_SHADOW_OVER_STEP, 2));
}

/* An interrupt that is injected again may have been acknowledged before. */
static bool is_in_service(const struct cpu *cpu, u8 vector)
{
	for (size_t i = 0; i < ARRAY_SIZE(cpu->in_service); i++)
		if (cpu->in_service[i] == vector)
			return true;
	return false;
}

static void change_flags(struct model *model, const struct delivery *d,
			 const struct gate_state *gate)
{
	struct cpu *cpu = &model->cpu;
	u32 cleared = RFLAGS_RF;

	if (right(model, RULE_DELIVERY_CLEARS_TF))
		cleared |= RFLAGS_TF;
	if (gate->trap ? !right(model, RULE_TRAP_GATE) : right(model, RULE_INTERRUPT_GATE))
		cleared |= RFLAGS_IF;
	cpu->rflags &= ~cleared;
	if (right(model, RULE_DELIVERY_ENDS_SHADOW) && !lasts_longer(model, d) &&
	    !(cpu->shadow && outlives(model, d)))
		cpu->shadow = 0;
}

void deliver(struct model *model, u8 vector, enum delivery_kind kind, u32 error,
	     struct boundary next, enum rule why)
{
	struct cpu *cpu = &model->cpu;
	struct delivery d = { vector, (u8)kind, error, why };
	const struct gate_state *gate;
	struct handler h;
	bool other_stack;
	u16 met;

	gate = until_deliverable(model, &d);
	if (model->unknown || !gate)
		return;
	if (d.kind == KIND_DETECT && cpu->rflags & RFLAGS_TF && !(cpu->dr6 & DR6_BS) &&
	    quirk(model, QUIRK_DEBUG_EXCEPTION_WITH_STEP_BIT))
		cpu->dr6 |= DR6_BS;
	if (d.vector == DB_VECTOR && d.kind != KIND_DETECT)
		keep_guard(model, d.kind == KIND_SOFTWARE);
	h = (struct handler){
		.vector = d.vector,
		.cpl = cpu->cpl,
		.ist = right(model, RULE_INTERRUPT_STACK) ? gate->ist : 0,
		.external = d.kind == KIND_EXTERNAL && d.vector != NMI_VECTOR &&
			    (!model->injecting || is_in_service(cpu, d.vector)),
		.dr6 = cpu->dr6,
		.rflags = cpu->rflags & ~RFLAGS_RF,
		.back = d.kind == KIND_SOFTWARE ? next : cpu->at,
	};
	other_stack = h.ist;
	if (!other_stack && cpu->depth) /* on the stack of the handler that it interrupts */
		h.ist = cpu->handlers[cpu->depth - 1].ist;
	if (saved_rf(model, &d))
		h.rflags |= RFLAGS_RF;
	met = frame_meets(model, &d, &h);
	record(model, &d, &h);
	if (cpu->traps && quirk(model, QUIRK_DELIVERY_DROPS_KEPT_BREAKPOINT))
		cpu->traps = 0;
	change_flags(model, &d, gate);
	enter(model, &d, &h, other_stack);
	if (met && !choose(model, CHOICE_WATCHED_DELIVERY, 2))
		cpu->traps |= met;
	if (d.vector == NMI_VECTOR && right(model, RULE_NMI_BLOCKS))
		cpu->nmi_blocked = true;
	if (d.vector == DB_VECTOR) {
		cpu->state &= (u16)~STATE_BTF;
		cpu->guarded &= !right(model, RULE_GENERAL_DETECT_ONCE);
	}
	cpu->cpl = 0;
	cpu->old_rf = false;
	cpu->dr_open &= d.vector != NMI_VECTOR;
	cpu->between = cpu->halted = cpu->waits_for_any = false;
	if (h.external)
		cpu->held = RULE_NONE;
	else if (exception_mnemonic(d.vector) && d.vector != DB_VECTOR && d.vector != BP_VECTOR)
		arrive_at(model, AT_FAULT);
	if (model->allowed)
		stop_at_entry(model);
}

void report_kept_traps(struct model *model)
{
	struct cpu *cpu = &model->cpu;

	if (cpu->traps && choose(model, CHOICE_KEPT_OVER_FAULT, 2))
		cpu->dr6 |= cpu->traps;
	cpu->traps = 0;
}
