/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrival sweeps: the timer fires ever later while a faulting instruction goes by. Whatever lands
 * where, the interrupt is served once, the fault is raised once, and the order is one of the two
 * that the architecture knows: interrupt first at a boundary up to the instruction, or fault first
 * and the interrupt at a boundary where IF is 1 again.
 */
#define FAMILY "timer"
#include "sweep/sweep.h"

#define PRIORITY "SDM 3A, Priority Among Concurrent Events; APM 2, Priorities"

static void run_sweep(const void *argument)
{
	sweep_arrivals(argument);
}

#define SWEEP(id, row, sentence, ...)                                                              \
	CASE_WITH(id, row, sentence, PRIORITY, run_sweep, sweep, __VA_ARGS__)

SWEEP(rdmsr_interrupt_gate, "X01",
      "a timer interrupt moved across RDMSR, #GP behind an interrupt gate", .instruction = RDMSR,
      .fault = GP(0, AT(L)), .gate = INTERRUPT_GATE);
SWEEP(rdmsr_trap_gate, "X01", "a timer interrupt moved across RDMSR, #GP behind a trap gate",
      .instruction = RDMSR, .fault = GP(0, AT(L)), .gate = TRAP_GATE);
SWEEP(rdmsr_tsc_deadline, "X01",
      "a TSC-deadline interrupt moved across RDMSR, #GP behind a trap gate", .instruction = RDMSR,
      .fault = GP(0, AT(L)), .gate = TRAP_GATE, .timer = TIMER_TSC_DEADLINE);
SWEEP(ud_interrupt_gate, "X01", "a timer interrupt moved across UD2, #UD behind an interrupt gate",
      .instruction = UD2, .fault = UD(AT(L)), .gate = INTERRUPT_GATE);
SWEEP(ud_trap_gate, "X01", "a timer interrupt moved across UD2, #UD behind a trap gate",
      .instruction = UD2, .fault = UD(AT(L)), .gate = TRAP_GATE);
SWEEP(mov_ss_rdmsr, "X03", "a timer interrupt moved across MOV SS; RDMSR: never between the two",
      .instruction = RDMSR, .before = MOV_SS, .fault = GP(0, AT(L)), .gate = TRAP_GATE);
SWEEP(mov_ss_ud, "X03", "a timer interrupt moved across MOV SS; UD2: never between the two",
      .instruction = UD2, .before = MOV_SS, .fault = UD(AT(L)), .gate = TRAP_GATE);
SWEEP(load_interrupt_gate, "X01",
      "a timer interrupt moved across a load from a not-present page, #PF behind an interrupt gate",
      .instruction = LOAD_NOT_PRESENT, .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)),
      .gate = INTERRUPT_GATE);
SWEEP(load_trap_gate, "X01",
      "a timer interrupt moved across a load from a not-present page, #PF behind a trap gate",
      .instruction = LOAD_NOT_PRESENT, .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)),
      .gate = TRAP_GATE);
