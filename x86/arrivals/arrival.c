/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer moved across the whole path of an instruction that exits: guest, exit, root, injection,
 * entry, handler. Wherever the interrupt arrives, the guest sees one of the orders of the native
 * sweeps: an arrival in root is, to the guest, an arrival after RDMSR's boundary was over.
 */
#define FAMILY "arrival"
#include "stage/case.h"
#include "stage/citations.h"
#include "sweep/sweep.h"
#include "hv/hv.h"

/* Root reads IRR right before it writes the injection, and again right after. */
static enum root_phase play_in_guest(const struct sweep *sweep)
{
	bool raised = sweep->instruction != RDMSR; /* it exits because it faults */
	enum root_phase phase = NOT_IN_ROOT;
	struct vcpu *v = hv_again();

	if (raised)
		vcpu_intercept_exceptions(v, 1u << sweep->fault.vector);
	run_to(v, raised ? EXIT_EXCEPTION : EXIT_RDMSR, L);
	if (lapic_irr(VEC))
		phase = BEFORE_INJECTION;
	if (sweep->fault.check_cr2)
		vcpu_set_cr2(v, sweep->fault.cr2);
	vcpu_inject(v, sweep->fault.check_error
			       ? fault(sweep->fault.vector, (u32)sweep->fault.error)
			       : exception(sweep->fault.vector));
	if (phase == NOT_IN_ROOT && lapic_irr(VEC))
		phase = AFTER_INJECTION;
	run_to_end(v);
	return phase;
}

static enum root_phase play_mov_ss_in_guest(const struct sweep *sweep)
{
	u64 shadow = hv_is_vmx() ? STATE_BLOCKED_BY_MOV_SS : STATE_SHADOW;
	struct vcpu *v = hv_again();
	const struct guest_exit *exit = run_to(v, EXIT_RDMSR, L);

	check(exit->state & shadow, "RDMSR behind MOV SS exited with interruptibility %#lx",
	      exit->state);
	vcpu_inject(v, fault(sweep->fault.vector, (u32)sweep->fault.error));
	run_to_end(v);
	return NOT_IN_ROOT;
}

static void run_sweep(const void *argument)
{
	sweep_arrivals(argument);
}

#define SWEEP(id, row, sentence, twin, ...)                                                        \
	static const struct sweep sweep_##id = { .leave = hv_stop, __VA_ARGS__ };                  \
	TWIN_OF(id, row, sentence, EVENT_INJECTION, twin, run_sweep, &sweep_##id)

SWEEP(rdmsr_interrupt_gate, "X02",
      "a timer interrupt moved across exit, root and entry, #GP behind an interrupt gate",
      "timer.rdmsr_interrupt_gate", .instruction = RDMSR, .fault = GP(0, AT(L), RF(1)),
      .gate = INTERRUPT_GATE, .play = play_in_guest);
SWEEP(rdmsr_trap_gate, "X02",
      "a timer interrupt moved across exit, root and entry, #GP behind a trap gate",
      "timer.rdmsr_trap_gate", .instruction = RDMSR, .fault = GP(0, AT(L), RF(1)),
      .gate = TRAP_GATE, .play = play_in_guest);
SWEEP(rdmsr_tsc_deadline, "X02",
      "a TSC-deadline interrupt moved across exit, root and entry, #GP behind a trap gate",
      "timer.rdmsr_tsc_deadline", .instruction = RDMSR, .fault = GP(0, AT(L), RF(1)),
      .gate = TRAP_GATE, .timer = TIMER_TSC_DEADLINE, .play = play_in_guest);
SWEEP(ud_interrupt_gate, "X02",
      "a timer interrupt moved across the exit of UD2 and its #UD, behind an interrupt gate",
      "timer.ud_interrupt_gate", .instruction = UD2, .fault = UD(AT(L)), .gate = INTERRUPT_GATE,
      .play = play_in_guest);
SWEEP(ud_trap_gate, "X02",
      "a timer interrupt moved across the exit of UD2 and its #UD, behind a trap gate",
      "timer.ud_trap_gate", .instruction = UD2, .fault = UD(AT(L)), .gate = TRAP_GATE,
      .play = play_in_guest);
SWEEP(load_trap_gate, "X02",
      "a timer interrupt moved across the exit of a load and its #PF, behind a trap gate",
      "timer.load_trap_gate", .instruction = LOAD_NOT_PRESENT,
      .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)), .gate = TRAP_GATE, .play = play_in_guest);
SWEEP(mov_ss_rdmsr, "V25",
      "a timer interrupt moved across MOV SS; RDMSR of a guest: never between the two",
      "timer.mov_ss_rdmsr", .instruction = RDMSR, .before = MOV_SS, .fault = GP(0, AT(L), RF(1)),
      .gate = TRAP_GATE, .play = play_mov_ss_in_guest);
