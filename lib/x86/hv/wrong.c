/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vendor wrapped around an honest one: it misbehaves by changing what it passes on. It keeps its
 * state for one processor only, which is enough to try the cases with.
 */
#include "hv/wrong.h"
#include "machine/lapic.h"
#include "machine/percpu.h"
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

static const struct hv_vendor *honest;
static struct hv_vendor vendor;
static enum wrong wrong;
static u64 held_back; /* an event that is injected later than it should, or again */

static void skip_rdmsr(struct vcpu *v)
{
	if (v->exit.reason == EXIT_RDMSR)
		vcpu_skip_instruction(v);
}

/* What is injected instead of @event. */
static u64 wrong_event(struct vcpu *v, u64 event)
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

static void inject(struct vcpu *v, u64 event)
{
	if (wrong == WRONG_FORGET_RF)
		v->event = event;
	else
		honest->inject(v, wrong_event(v, event));
}

static void set_state(struct vcpu *v, u64 state)
{
	honest->set_state(v, wrong == WRONG_KEEP_SHADOW ? state | honest->state(v) : state);
}

static void before_entry(struct vcpu *v)
{
	if (!v->entered)
		return;
	if (wrong == WRONG_DROP_IRQ)
		lapic_set_tpr_class(15);
	else if (wrong == WRONG_ROOT_IF)
		honest->take_interrupt();
	else if (wrong == WRONG_CLEAR_SHADOW)
		honest->set_state(v, 0);
}

/* Is there an event to inject at once, without telling the case of this exit? */
static bool injects_after_exit(struct vcpu *v)
{
	bool now = (wrong == WRONG_IRQ_FIRST && v->exit.reason == EXIT_RDMSR) ||
		   ((wrong == WRONG_INJECT_TWICE || wrong == WRONG_STALE_EVENT) &&
		    v->exit.reason == EXIT_HYPERCALL);

	if (!held_back || !now)
		return false;
	v->event = held_back;
	held_back = 0;
	return true;
}

static const char *enter(struct vcpu *v)
{
	const char *refused;

	do {
		before_entry(v);
		refused = honest->enter(v);
	} while (!refused && injects_after_exit(v));
	return refused;
}

const struct hv_vendor *wrong_around(const struct hv_vendor *around)
{
	const char *name = this_cpu.wrong;

	if (!name)
		return around;
	honest = around;
	wrong = NOT_WRONG;
	held_back = 0;
	for (int i = NOT_WRONG + 1; i < WRONG_COUNT; i++)
		if (!strcmp(names[i], name))
			wrong = i;
	if (!wrong)
		panic("wrong=%s: no such misbehaviour, see lib/x86/hv/wrong.def", name);
	vendor = *honest;
	vendor.inject = inject;
	vendor.set_state = set_state;
	vendor.enter = enter;
	return &vendor;
}
