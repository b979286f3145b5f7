/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer moved across the whole path of a guest's RDMSR: guest, exit, root, injection, entry,
 * handler. Wherever the interrupt arrives, the guest sees one of the orders of the native sweeps: an
 * arrival in root is, to the guest, an arrival after RDMSR's boundary was over.
 */
#define FAMILY "arrival"
#include "guest.h"
#include "sweep.h"

/* Root reads IRR right before it writes the injection, and again right after. */
static enum root_phase play_in_guest(const struct sweep *sweep)
{
	enum root_phase phase = NOT_IN_ROOT;
	struct vcpu *v = hv_start();

	run_to(v, EXIT_RDMSR, L);
	if (lapic_irr(VEC))
		phase = BEFORE_INJECTION;
	vcpu_inject(v, fault(sweep->fault.vector, (u32)sweep->fault.error));
	if (phase == NOT_IN_ROOT && lapic_irr(VEC))
		phase = AFTER_INJECTION;
	run_to_end(v);
	this_cpu.leave_shim();
	return phase;
}

static void run_sweep(const void *argument)
{
	sweep_arrivals(argument);
}

#define SWEEP(id, sentence, twin, ...)                                                             \
	static const struct sweep sweep_##id = { __VA_ARGS__ };                                    \
	TWIN_OF(id, "X02", sentence, EVENT_INJECTION, twin, run_sweep, &sweep_##id)

SWEEP(rdmsr_interrupt_gate,
      "a timer interrupt moved across exit, root and entry, #GP behind an interrupt gate",
      "timer.rdmsr_interrupt_gate", .instruction = RDMSR, .fault = GP(0, AT(L), RF(1)),
      .gate = INTERRUPT_GATE, .play = play_in_guest);
SWEEP(rdmsr_trap_gate, "a timer interrupt moved across exit, root and entry, #GP behind a trap gate",
      "timer.rdmsr_trap_gate", .instruction = RDMSR, .fault = GP(0, AT(L), RF(1)),
      .gate = TRAP_GATE, .play = play_in_guest);
