/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer moved across the whole path of a guest's RDMSR: guest, exit, root, injection, entry,
 * handler. Wherever the interrupt arrives, the guest sees one of the orders of the native sweeps:
 * an arrival in root is, to the guest, an arrival after RDMSR's boundary was over.
 */
#define FAMILY "arrival"
#include "hv/guest.h"
#include "sweep.h"

/* Root reads IRR right before it writes the injection, and again right after. */
static enum root_phase play_in_guest(const struct sweep *sweep)
{
	enum root_phase phase = NOT_IN_ROOT;
	struct vcpu *v = hv_again();

	run_to(v, EXIT_RDMSR, L);
	if (lapic_irr(VEC))
		phase = BEFORE_INJECTION;
	vcpu_inject(v, fault(sweep->fault.vector, (u32)sweep->fault.error));
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
	static const struct sweep sweep_##id = { __VA_ARGS__ };                                    \
	TWIN_OF(id, row, sentence, EVENT_INJECTION, twin, run_sweep, &sweep_##id)

SWEEP(rdmsr_interrupt_gate, "X02",
      "a timer interrupt moved across exit, root and entry, #GP behind an interrupt gate",
      "timer.rdmsr_interrupt_gate", .instruction = RDMSR, .fault = GP(0, AT(L), RF(1)),
      .gate = INTERRUPT_GATE, .play = play_in_guest);
SWEEP(rdmsr_trap_gate, "X02",
      "a timer interrupt moved across exit, root and entry, #GP behind a trap gate",
      "timer.rdmsr_trap_gate", .instruction = RDMSR, .fault = GP(0, AT(L), RF(1)),
      .gate = TRAP_GATE, .play = play_in_guest);
SWEEP(mov_ss_rdmsr, "V25",
      "a timer interrupt moved across MOV SS; RDMSR of a guest: never between the two",
      "timer.mov_ss_rdmsr", .instruction = RDMSR, .before = MOV_SS, .fault = GP(0, AT(L), RF(1)),
      .gate = TRAP_GATE, .play = play_mov_ss_in_guest);
