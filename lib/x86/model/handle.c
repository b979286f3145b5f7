/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the recorder's handlers do (scene/handler.c, scene/debug.c), and the IRET with which they
 * end.
 */
#include "model/inside.h"
#include "order/vectors.h"

#define TRAPS (BIT(DB_VECTOR) | BIT(BP_VECTOR) | BIT(OF_VECTOR))

enum {
	PUSH_IMM8_BYTES = 2, /* how long the first instruction of a handler's stub is */
	PUSH_IMM32_BYTES = 5,
};

static bool is_fault(u8 vector)
{
	return vector < FIRST_IRQ_VECTOR && vector != NMI_VECTOR && !(TRAPS >> vector & 1);
}

/* The recorder asks the LAPIC whether an interrupt is in service: scene/handler.c. */
static bool reads_isr(const struct handler *h)
{
	return h->vector >= FIRST_IRQ_VECTOR;
}

/* What the handler sends, before it does anything else. */
static void send_from_handler(struct model *model, const struct handler *h)
{
	struct cpu *cpu = &model->cpu;

	if (model->situation->habits & HANDLERS_SEND_NMI && h->vector != NMI_VECTOR) {
		cpu->mended = true;
		cpu->nmis++;
	}
	arrive_at(model, PLACE_ENTRY | h->vector);
}

/* What cases let their handlers do: above all, mend what was wrong. Does it then retry? */
static bool follow_habits(struct model *model, struct handler *h)
{
	struct cpu *cpu = &model->cpu;
	u16 habits = model->situation->habits;
	bool retry = habits & HANDLERS_RETRY;

	if (habits & HANDLERS_MEND_STACK) {
		cpu->mended = true;
		retry = h->vector == PF_VECTOR;
	}
	if (habits & HANDLERS_STEP_ONCE)
		h->rflags &= ~RFLAGS_TF;
	if (habits & HANDLERS_MEND_RDI && h->vector == PF_VECTOR)
		cpu->registers[BASE_RDI] = cpu->registers[BASE_RBP] + PAGE_SIZE / 2;
	if (habits & HANDLERS_CLEAR_TS) {
		retry = h->vector == NM_VECTOR;
		cpu->state &= (u16)~STATE_CR0_TS;
	}
	return retry;
}

/* As debug_delivered() of scene/debug.c. */
static void debug_delivered(const struct model *model, struct handler *h)
{
	const struct situation *s = model->situation;
	u64 rip = boundary_address(model, h->back);
	bool hit = false;

	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++)
		hit |= h->dr6 >> n & 1 && s->breakpoints[n].armed &&
		       s->breakpoints[n].kind == BREAK_EXECUTE && s->breakpoints[n].address == rip;
	if (!(h->dr6 & DR6_BS) && hit)
		h->rflags |= RFLAGS_RF;
	if (h->back.place == PLACE_LANDING)
		h->rflags &= ~RFLAGS_TF;
}

/* "IRET": from the handler, with the flags of its frame. */
static void iret(struct model *model, const struct handler *h)
{
	struct cpu *cpu = &model->cpu;
	u32 before = cpu->rflags;
	bool unblocks = cpu->nmi_blocked && cpu->nmis;

	cpu->rflags = right(model, RULE_IRET) ? h->rflags
					      : (h->rflags & ~RFLAGS_IF) | (before & RFLAGS_IF);
	if (!right(model, RULE_IRET_LOADS_RF))
		cpu->rflags &= ~RFLAGS_RF;
	if (right(model, RULE_IRET_UNBLOCKS) || h->vector == NMI_VECTOR)
		cpu->nmi_blocked = false;
	if (unblocks && !cpu->nmi_blocked)
		lose_to_nmi(model, before);
	cpu->shadow = cpu->rflags & ~before & RFLAGS_IF && !right(model, RULE_NO_OTHER_SHADOW)
			      ? SHADOW_OTHER
			      : 0;
	cpu->cpl = h->cpl;
	cpu->at = h->back;
}

static void finish(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	struct handler h = cpu->handlers[--cpu->depth];
	bool retry = follow_habits(model, &h);

	if (h.vector == DB_VECTOR) {
		debug_delivered(model, &h);
		cpu->dr6 = 0;
	}
	if (is_fault(h.vector) && !retry) {
		h.back = (struct boundary){ PLACE_LANDING, 0 };
		h.rflags &= ~RFLAGS_TF;
		if (h.vector == DF_VECTOR)
			h.cpl = model->situation->cpl;
		if (h.cpl)
			h.rflags |= RFLAGS_IOPL3;
	}
	if (exception_mnemonic(h.vector) && h.back.place == PLACE_LANDING && !h.back.offset)
		cpu->returned = true;
	iret(model, &h);
}

/* Does nothing come in the whole of the handler? Then it is one step. */
static bool goes_through(struct model *model, const struct handler *h)
{
	u16 habits = model->situation->habits;

	if (!is_quiet(model) || model->cpu.unread_dr6 || habits & HANDLERS_SEND_NMI)
		return false;
	if (h->external && habits & HANDLERS_SEND_EOI)
		send_eoi(model);
	finish(model);
	return true;
}

/*
 * A handler's own boundaries, as far as they matter: its first instruction; the second, if a shadow
 * covers the first; in that of an NMI, one before it sends anything; one after it has sent what it
 * sends; and one after its EOI.
 */
void handle(struct model *model)
{
	struct cpu *cpu = &model->cpu;
	struct handler *h = &cpu->handlers[cpu->depth - 1];
	u8 arrived = cpu->arrived;

	if (goes_through(model, h))
		return;
	if (right(model, RULE_RF_CLEARED)) /* some instruction is executed now */
		cpu->rflags &= ~RFLAGS_RF;
	if (cpu->at.place & PLACE_ENTRY && cpu->shadow && !cpu->at.offset) {
		cpu->shadow = right(model, RULE_SHADOW_IS_ONE) ? 0 : cpu->shadow;
		cpu->at.offset =
			vector_has_error_code(h->vector) ? PUSH_IMM32_BYTES : PUSH_IMM8_BYTES;
		return;
	}
	catch_up(model);
	if (cpu->unread_dr6 && h->vector == DB_VECTOR) {
		meet_guard(model, h);
		cpu->at = (struct boundary){ PLACE_OUTSIDE, HANDLER_HAS_BEGUN };
		return;
	}
	if (cpu->at.place & PLACE_ENTRY &&
	    (h->vector == NMI_VECTOR || (cpu->nmi_has_window && reads_isr(h)))) {
		if (h->vector != NMI_VECTOR)
			look_at_late_nmi(model);
		cpu->at = (struct boundary){ PLACE_OUTSIDE, HANDLER_HAS_BEGUN };
		return;
	}
	if (cpu->at.place & PLACE_ENTRY || cpu->at.offset == HANDLER_HAS_BEGUN) {
		send_from_handler(model, h);
		if (cpu->arrived != arrived)
			look_at_late_nmi(model);
		cpu->at = (struct boundary){ PLACE_OUTSIDE, HANDLER_HAS_SENT };
		return;
	}
	if (cpu->at.offset == HANDLER_HAS_SENT && h->external &&
	    model->situation->habits & HANDLERS_SEND_EOI) {
		send_eoi(model);
		look_at_late_nmi(model);
		cpu->at.offset = HANDLER_HAS_SENT_EOI;
		if (cpu->rflags & RFLAGS_IF && offered(model) &&
		    !choose(model, CHOICE_EOI_OPENS, 2))
			return;
	}
	if (model->allowed && comes_before_iret(model))
		return;
	finish(model);
}
