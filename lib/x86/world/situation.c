/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A point of the world as a situation, on given ground.
 */
#include "base/bits.h"
#include "base/string.h"
#include "world/world.h"

void world_layout(struct layout *layout, const struct point *p, const struct ground *ground)
{
	u16 steps[WORLD_STEPS];
	size_t at, n = world_steps(steps, &at, p);
	u64 address = ground->steps;

	layout->step_count = 0;
	memset(layout->labelled, 0, sizeof(layout->labelled));
	memset(layout->root, 0, sizeof(layout->root));
	layout->elsewhere = 0;
	layout->stubs = ground->stubs;
	layout->recorded = ground->recorded;
	layout->stub_size = ground->stub_size;
	for (size_t i = 0; i < n; i++) {
		const struct code *code = fragment_code(steps[i] & FRAGMENT_MASK, ground->x2apic);

		layout_add_step(layout, steps[i], address);
		address += (u64)(code->end - code->start);
	}
	layout->landing = address;
}

static void add_gate(struct situation *s, u8 vector, bool trap, u8 ist, u8 usual_ist)
{
	if ((!trap && ist == usual_ist) || s->gate_count == SITUATION_GATES)
		return;
	s->gates[s->gate_count++] =
		(struct gate_state){ .vector = vector, .trap = trap, .ist = ist };
}

static void set_gates(struct situation *s, const struct point *p)
{
	static const u8 irqs[] = { IRQ_VECTOR, IRQ_SAME_CLASS, IRQ_HIGH, IRQ_WAKE };
	bool fault_trap = p->values[AXIS_FAULT_GATE] == FAULT_GATE_TRAP;
	bool irq_trap = p->values[AXIS_IRQ_GATE] == IRQ_GATE_TRAP;
	u8 fault_ist = p->values[AXIS_STACK] == STACK_FAULT ? IST_FAULT : IST_NONE;
	u8 irq_ist = p->values[AXIS_STACK] == STACK_IRQ ? IST_IRQ : IST_NONE;
	u8 raised[WORLD_RAISED];
	size_t n = 0;

	if (p->values[AXIS_FAULT_GATE] != FAULT_GATE_USUAL || p->values[AXIS_STACK] == STACK_FAULT)
		n = world_raised(raised, p);
	for (size_t i = 0; i < n; i++)
		add_gate(s, raised[i], fault_trap, fault_ist, IST_NONE);
	add_gate(s, NMI_VECTOR, p->values[AXIS_NMI_GATE] == NMI_GATE_TRAP, IST_NMI, IST_NMI);
	add_gate(s, DB_VECTOR, p->values[AXIS_DB_GATE] == DB_GATE_TRAP, IST_DB, IST_DB);
	for (size_t i = 0; i < ARRAY_SIZE(irqs); i++) {
		bool comes = s->timer == irqs[i] || s->arrivals[0].vector == irqs[i];

		for (size_t j = 0; j < SITUATION_PENDING; j++)
			comes |= s->pending[j] == irqs[i];
		if (comes)
			add_gate(s, irqs[i], irq_trap, irq_ist, IST_NONE);
	}
}

static void set_pending(struct situation *s, const struct point *p)
{
	enum world_value pending = (enum world_value)p->values[AXIS_PENDING];
	bool irq = pending != PENDING_USUAL && pending != PENDING_NMI && pending != PENDING_BLOCKED;
	size_t n = 0;

	if (irq)
		s->pending[n++] = IRQ_VECTOR;
	if (pending == PENDING_TWO_IRQS)
		s->pending[n++] = IRQ_HIGH;
	if (pending == PENDING_SAME_CLASS)
		s->pending[n++] = IRQ_SAME_CLASS;
	s->nmis = pending == PENDING_NMI || pending == PENDING_NMI_IRQ ||
		  pending == PENDING_BLOCKED || pending == PENDING_BLOCKED_IRQ;
	if (pending == PENDING_BLOCKED || pending == PENDING_BLOCKED_IRQ)
		s->state |= STATE_NMI_BLOCKED;
	if (p->values[AXIS_TPR] == TPR_HOLDS)
		s->tpr_class = TPR_CLASS;
	if (p->values[AXIS_EOI] == EOI_SENT)
		s->habits |= HANDLERS_SEND_EOI;
	if (world_has_effect(p, EFFECT_HLT))
		s->timer = IRQ_WAKE;
}

static void set_arrival(struct situation *s, const struct point *p)
{
	struct arrival *a = &s->arrivals[0];
	u8 raised[WORLD_RAISED] = { 0 };

	switch ((enum world_value)p->values[AXIS_ARRIVAL]) {
	case ARRIVAL_IRQ_IN_FAULT:
	case ARRIVAL_NMI_IN_FAULT:
		world_raised(raised, p);
		a->place = PLACE_ENTRY | raised[0];
		break;
	case ARRIVAL_IRQ_IN_IRQ:
	case ARRIVAL_NMI_IN_IRQ:
		a->place = PLACE_ENTRY | IRQ_VECTOR;
		break;
	case ARRIVAL_IRQ_IN_NMI:
	case ARRIVAL_NMI_IN_NMI:
		a->place = PLACE_ENTRY | NMI_VECTOR;
		break;
	default:
		return;
	}
	a->vector = p->values[AXIS_ARRIVAL] == ARRIVAL_IRQ_IN_FAULT ||
				    p->values[AXIS_ARRIVAL] == ARRIVAL_IRQ_IN_IRQ ||
				    p->values[AXIS_ARRIVAL] == ARRIVAL_IRQ_IN_NMI
			    ? IRQ_HIGH
			    : NMI_VECTOR;
}

static void set_registers(struct situation *s, struct layout *layout, const struct point *p)
{
	u16 how = world_instructions[p->instruction].preparation;

	s->rbx = layout_address(layout, LABEL_T);
	if (!s->rbx)
		s->rbx = layout->landing;
	s->msr = how & PREPARE_KNOWN_MSR ? MSR_GOOD : MSR_MISSING;
	if (how & PREPARE_STRING)
		s->r10 = REP_COUNT;
	if (how & PREPARE_COUNT)
		s->rcx = REP_COUNT;
	if (how & PREPARE_BEYOND)
		s->r11 = SEL_BEYOND;
	if (how & PREPARE_ABSENT)
		s->r11 = SEL_NOT_PRESENT;
	if (how & PREPARE_ABSENT_TARGET)
		layout->elsewhere = s->registers[BASE_RDI];
	if (world_has_effect(p, EFFECT_NONCANONICAL))
		layout->elsewhere = s->registers[BASE_R9];
	if (how & PREPARE_CALLS || openers[p->opener].properties & OPENER_CALLS)
		s->lstar = s->rbx;
}

static void set_breakpoints(struct situation *s, const struct point *p, size_t at)
{
	const struct world_instruction *i = &world_instructions[p->instruction];
	const struct instruction *record = &instructions[i->fragment];
	const struct access *access = &record->access[0];
	enum world_value value = (enum world_value)p->values[AXIS_BREAK];
	size_t n = 0;

	if (value == BREAK_CODE || value == BREAK_BOTH)
		s->breakpoints[n++] =
			(struct breakpoint){ true, BREAK_EXECUTE, 1, s->layout->addresses[at] };
	if (value != BREAK_DATA && value != BREAK_BOTH)
		return;
	if (record->port_bytes) {
		s->breakpoints[n] =
			(struct breakpoint){ true, BREAK_IO, record->port_bytes, record->port };
		return;
	}
	s->breakpoints[n] = (struct breakpoint){
		true, BREAK_ACCESS, access->bytes > 8 ? 8 : access->bytes,
		s->registers[i->preparation & PREPARE_STRING ? BASE_RBP : access->base]
	};
}

void world_situation_on(struct situation *s, struct layout *layout, const struct point *p,
			const struct ground *ground)
{
	const struct opener *o = &openers[p->opener];
	u16 steps[WORLD_STEPS];
	size_t at;

	*s = ground->situation;
	s->layout = layout;
	world_steps(steps, &at, p);
	s->rflags = o->rflags;
	if (p->values[AXIS_CPL] != CPL_USUAL)
		s->cpl = 3;
	if (p->values[AXIS_CPL] == CPL_USER)
		s->rflags |= RFLAGS_IOPL3;
	if (p->values[AXIS_TF] == TF_SET)
		s->rflags |= RFLAGS_TF;
	if (p->values[AXIS_MODE] == MODE_AM) {
		s->rflags |= RFLAGS_AC;
		s->state |= STATE_CR0_AM;
	}
	if (p->values[AXIS_MODE] == MODE_TS)
		s->state |= STATE_CR0_TS;
	if (p->values[AXIS_MODE] == MODE_GD)
		s->state |= STATE_GD;
	set_registers(s, layout, p);
	set_pending(s, p);
	set_arrival(s, p);
	set_gates(s, p);
	set_breakpoints(s, p, at);
}

void world_situation(struct situation *s, struct layout *layout, const struct point *p,
		     const struct ground *ground)
{
	world_layout(layout, p, ground);
	world_situation_on(s, layout, p, ground);
}
