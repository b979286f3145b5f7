/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer moved across the whole path of an instruction that exits: guest, exit, root, injection,
 * entry, handler. Wherever the interrupt arrives, the guest sees one of the orders of the native
 * sweeps: an arrival in root is, to the guest, an arrival after RDMSR's boundary was over.
 */
#include "stage/case.h"
#include "sweep/across.h"
#include "hv/hv.h"

/* Root reads IRR right before it writes the injection, and again right after. */
static enum root_phase play_in_guest(const struct across *across)
{
	bool raised = across->instruction != RDMSR; /* it exits because it faults */
	enum root_phase phase = NOT_IN_ROOT;
	struct vcpu *v = hv_again();

	if (raised)
		vcpu_intercept_exceptions(v, 1u << across->fault.vector);
	run_to(v, raised ? EXIT_EXCEPTION : EXIT_RDMSR, L);
	if (lapic_irr(VEC))
		phase = BEFORE_INJECTION;
	if (across->fault.check_cr2)
		vcpu_set_cr2(v, across->fault.cr2);
	vcpu_inject(v, across->fault.check_error
			       ? fault(across->fault.vector, (u32)across->fault.error)
			       : exception(across->fault.vector));
	if (phase == NOT_IN_ROOT && lapic_irr(VEC))
		phase = AFTER_INJECTION;
	run_to_end(v);
	return phase;
}

static enum root_phase play_mov_ss_in_guest(const struct across *across)
{
	u64 shadow = hv_is_vmx() ? STATE_BLOCKED_BY_MOV_SS : STATE_SHADOW;
	struct vcpu *v = hv_again();
	const struct guest_exit *exit = run_to(v, EXIT_RDMSR, L);

	check(exit->state & shadow, "RDMSR after MOV SS exited with interruptibility %#lx",
	      exit->state);
	vcpu_inject(v, fault(across->fault.vector, (u32)across->fault.error));
	run_to_end(v);
	return NOT_IN_ROOT;
}

#define MOVED_ACROSS(what) "a timer interrupt is moved across " what
#define BY_INTERRUPT_GATE  ", which is delivered through an interrupt gate" EACH_ONCE
#define BY_TRAP_GATE	   ", which is delivered through a trap gate" EACH_ONCE
#define EACH_ONCE                                                                                  \
	": the interrupt and the fault each come once, the interrupt at a boundary with IF=1"
#define ROUND_TRIP_OF_RDMSR "a guest's exit by RDMSR, root, and the entry that injects #GP"

CASE_BOTH_GATES(rdmsr, "X02", MOVED_ACROSS(ROUND_TRIP_OF_RDMSR), BY_INTERRUPT_GATE, BY_TRAP_GATE,
		EVENT_INJECTION, "fault.rdmsr")
{
	across_run(&(const struct across){ .instruction = RDMSR,
					   .fault = GP(0, AT(L), RF(1)),
					   .gate = gate,
					   .play = play_in_guest,
					   .leave = hv_stop });
}

CASE(rdmsr_tsc_deadline, "X02",
     "a TSC-deadline interrupt is moved across " ROUND_TRIP_OF_RDMSR BY_TRAP_GATE, EVENT_INJECTION,
     "fault.rdmsr_tsc_deadline")
{
	across_run(&(const struct across){ .instruction = RDMSR,
					   .fault = GP(0, AT(L), RF(1)),
					   .gate = TRAP_GATE,
					   .timer = TIMER_TSC_DEADLINE,
					   .play = play_in_guest,
					   .leave = hv_stop });
}

CASE_BOTH_GATES(ud, "X02",
		MOVED_ACROSS("a guest's exit by UD2, root, and the entry that injects #UD"),
		BY_INTERRUPT_GATE, BY_TRAP_GATE, EVENT_INJECTION, "fault.ud")
{
	across_run(&(const struct across){ .instruction = UD2,
					   .fault = UD(AT(L)),
					   .gate = gate,
					   .play = play_in_guest,
					   .leave = hv_stop });
}

CASE(load, "X02",
     MOVED_ACROSS("a guest's exit by the #PF of a load, root, and the entry that injects #PF")
	     BY_TRAP_GATE,
     EVENT_INJECTION, "fault.load.trap_gate")
{
	across_run(&(const struct across){ .instruction = LOAD_NOT_PRESENT,
					   .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)),
					   .gate = TRAP_GATE,
					   .play = play_in_guest,
					   .leave = hv_stop });
}

CASE(mov_ss_rdmsr, "V25",
     MOVED_ACROSS("MOV SS; RDMSR in a guest") ": it never comes between the two", EVENT_INJECTION,
     "fault.mov_ss_rdmsr")
{
	across_run(&(const struct across){ .instruction = RDMSR,
					   .before = MOV_SS,
					   .fault = GP(0, AT(L), RF(1)),
					   .gate = TRAP_GATE,
					   .play = play_mov_ss_in_guest,
					   .leave = hv_stop });
}
