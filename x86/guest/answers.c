/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers to exits that only let the guest go on: what exited happens after all.
 */
#include "guest.h"
#include "machine/percpu.h"
#include "scene/debug.h"
#include "stage/case.h"

void end_shadow(struct vcpu *v)
{
	const u64 shadows = STATE_SHADOW | STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS;

	if (v->exit.state & shadows)
		vcpu_set_state(v, v->exit.state & ~shadows);
}

/* The delivery of an event ends the shadow in which it comes: "STI-Set Interrupt Flag". */
void inject(struct vcpu *v, u64 event)
{
	end_shadow(v);
	vcpu_inject(v, event);
}

const char *inject_again(struct vcpu *v)
{
	u64 event = half()->exception(v);

	if (is_wrong(LAW_REFLECT) && event & EVENT_HAS_ERROR)
		event = event_with_error((u32)event, ~EVENT_ERROR(event) & 1);
	if (is_wrong(LAW_REFLECT) || is_wrong(LAW_DEBUG))
		half()->lose_address(v);
	inject(v, event);
	return NULL;
}

/* What the situation has for the first exception that exits. Does anything arrive? */
static bool arrive(struct vcpu *v)
{
	const struct situation *s = played();
	bool arrives = false;

	if (guest_has_faulted())
		return false;
	for (size_t i = 0; i < SITUATION_ARRIVALS; i++) {
		if (s->arrivals[i].place != AT_FAULT)
			continue;
		arrives = true;
		if (s->arrivals[i].vector == NMI_VECTOR)
			half()->send_nmi(v);
		else
			pend_irq(s->arrivals[i].vector);
	}
	return arrives;
}

const char *arrive_and_inject(struct vcpu *v)
{
	if (arrive(v) && is_wrong(LAW_ARRIVES_BEFORE))
		return NULL;
	return inject_again(v);
}

const char *inject_and_arrive(struct vcpu *v)
{
	const char *problem = inject_again(v);

	if (arrive(v) && is_wrong(LAW_ARRIVES_AFTER))
		v->event = 0;
	return problem;
}

/* Is there an instruction breakpoint of the guest's where it left? */
static bool met_breakpoint(struct vcpu *v)
{
	u64 dr7 = vcpu_get(v, VCPU_DR7);
	bool met = false;

	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++) {
		struct breakpoint b = debug_breakpoint(n);

		met |= dr7 >> 2 * n & 3 && b.kind == BREAK_EXECUTE && b.address == v->exit.rip;
	}
	return met;
}

/*
 * The exit comes in the place of the instruction, so that its breakpoint has been passed: RF, which
 * an exit need not save ("Saving RIP, RSP, RFLAGS, and SSP").
 */
const char *run_again(struct vcpu *v)
{
	if (met_breakpoint(v))
		vcpu_set(v, VCPU_RFLAGS, vcpu_get(v, VCPU_RFLAGS) | RFLAGS_RF);
	if (is_wrong(LAW_RESTART)) {
		end_shadow(v);
		vcpu_set(v, VCPU_RFLAGS, vcpu_get(v, VCPU_RFLAGS) & ~(u64)RFLAGS_RF);
	}
	half()->exit_on(v, v->exit.reason, false);
	half()->restart(v);
	return NULL;
}

const char *run_msr(struct vcpu *v)
{
	u32 msr = (u32)v->gprs.rcx;

	if (msr != MSR_KERNEL_GS && msr != MSR_LSTAR && msr != this_cpu.missing_msr)
		return refuse(v);
	return run_again(v);
}

const char *step_on(struct vcpu *v)
{
	if (is_wrong(LAW_STEPPED))
		end_shadow(v);
	return NULL;
}

/* What no bitmap of MSRs has does not exist; and what else the guest may not do. */
const char *refuse(struct vcpu *v)
{
	arrive(v);
	inject(v, gp(0));
	return NULL;
}
