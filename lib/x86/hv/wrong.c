/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See wrong.h.
 */
#include "hv/wrong.h"
#include "stage/case.h"
#include "report/panic.h"
#include "base/string.h"

enum wrong {
	NOT_WRONG,
#define WRONG(id, name, what) WRONG_##id,
#include "hv/wrong.def"
#undef WRONG
	WRONG_COUNT,
};

static const char *const names[WRONG_COUNT] = {
#define WRONG(id, name, what) [WRONG_##id] = name,
#include "hv/wrong.def"
#undef WRONG
};

static enum wrong wrong;
static u64 held_back; /* an event that is injected later than it should, or again */

bool wrong_start(void)
{
	const char *name = this_cpu.wrong;

	wrong = NOT_WRONG;
	held_back = 0;
	if (!name)
		return false;
	for (int i = NOT_WRONG + 1; i < WRONG_COUNT; i++)
		if (!strcmp(names[i], name))
			wrong = i;
	if (!wrong)
		panic("wrong=%s: no such misbehaviour, see lib/x86/hv/wrong.def", name);
	return true;
}

static void skip_rdmsr(struct vcpu *v)
{
	if (v->exit.reason == EXIT_RDMSR)
		vcpu_skip_instruction(v);
}

u64 wrong_event(struct vcpu *v, u64 event)
{
	switch (wrong) {
	case WRONG_ADVANCE_RIP:
		skip_rdmsr(v);
		return event;
	case WRONG_IRQ_FIRST:
		if (EVENT_TYPE(event) != EVENT_EXCEPTION || lapic_highest_irr() < 0)
			return event;
		held_back = event;
		return 0;
	case WRONG_INJECT_TWICE:
		held_back = event;
		return event;
	case WRONG_ERROR_CODE:
		return event & EVENT_HAS_ERROR ? event ^ BIT(35) : event;
	case WRONG_LOSE_ERROR_CODE:
		return (u32)event;
	case WRONG_SWALLOW:
		skip_rdmsr(v);
		return 0;
	case WRONG_READ_AS_ZERO:
		if (v->exit.reason != EXIT_RDMSR)
			return event;
		v->gprs.rax = 0;
		v->gprs.rdx = 0;
		skip_rdmsr(v);
		return 0;
	case WRONG_STALE_EVENT:
		held_back = event;
		skip_rdmsr(v);
		return 0;
	default:
		return event;
	}
}

u64 wrong_state(struct vcpu *v, u64 state)
{
	return wrong == WRONG_KEEP_SHADOW ? state | v->vendor->state(v) : state;
}

bool wrong_forgets_rf(void)
{
	return wrong == WRONG_FORGET_RF;
}

/* In SVM root GIF is 0: both gates have to be opened for the interrupt to come. */
static void take_interrupts_in_root(const struct vcpu *v)
{
	if (v->vendor == &svm_vendor)
		asm volatile("stgi; sti; nop; nop; cli; clgi" ::: "memory");
	else
		asm volatile("sti; nop; nop; cli" ::: "memory");
}

void wrong_before_entry(struct vcpu *v)
{
	if (!v->entered)
		return;
	if (wrong == WRONG_DROP_IRQ)
		lapic_set_tpr_class(15);
	else if (wrong == WRONG_ROOT_IF)
		take_interrupts_in_root(v);
	else if (wrong == WRONG_CLEAR_SHADOW)
		vcpu_set_state(v, 0);
}

bool wrong_after_exit(struct vcpu *v)
{
	bool again = (wrong == WRONG_IRQ_FIRST && v->exit.reason == EXIT_RDMSR) ||
		     ((wrong == WRONG_INJECT_TWICE || wrong == WRONG_STALE_EVENT) &&
		      v->exit.reason == EXIT_HYPERCALL);

	if (!held_back || !again)
		return false;
	v->event = held_back;
	held_back = 0;
	return true;
}
