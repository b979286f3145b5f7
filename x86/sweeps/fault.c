/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrival sweeps: the timer fires later in each sample, before, at and after a faulting
 * instruction. Wherever it lands, the interrupt is served once, the fault is raised once, and the
 * order is one of the two that the architecture allows: interrupt first at a boundary up to the
 * instruction, or fault first and the interrupt at a boundary where IF is 1 again.
 */
#include "sweep/across.h"

#define MOVED_ACROSS(what) "a timer interrupt is moved across " what
#define BY_INTERRUPT_GATE(vector)                                                                  \
	", whose " vector " is delivered through an interrupt gate" EACH_ONCE
#define BY_TRAP_GATE(vector) ", whose " vector " is delivered through a trap gate" EACH_ONCE
#define EACH_ONCE                                                                                  \
	": the interrupt and the fault each come once, the interrupt at a boundary with IF=1"

CASE_BOTH_GATES(rdmsr, "X01", MOVED_ACROSS("an RDMSR"), BY_INTERRUPT_GATE("#GP"),
		BY_TRAP_GATE("#GP"), PRIORITY)
{
	across_run(&(const struct across){
		.instruction = RDMSR, .fault = GP(0, AT(L)), .gate = gate });
}

CASE(rdmsr_tsc_deadline, "X01",
     "a TSC-deadline interrupt is moved across an RDMSR" BY_TRAP_GATE("#GP"), PRIORITY)
{
	across_run(&(const struct across){ .instruction = RDMSR,
					   .fault = GP(0, AT(L)),
					   .gate = TRAP_GATE,
					   .timer = TIMER_TSC_DEADLINE });
}

CASE_BOTH_GATES(ud, "X01", MOVED_ACROSS("a UD2"), BY_INTERRUPT_GATE("#UD"), BY_TRAP_GATE("#UD"),
		PRIORITY)
{
	across_run(&(const struct across){ .instruction = UD2, .fault = UD(AT(L)), .gate = gate });
}

CASE(mov_ss_rdmsr, "X03", MOVED_ACROSS("MOV SS; RDMSR") ": it never comes between the two",
     PRIORITY)
{
	across_run(&(const struct across){
		.instruction = RDMSR, .before = MOV_SS, .fault = GP(0, AT(L)), .gate = TRAP_GATE });
}

CASE(mov_ss_ud, "X03", MOVED_ACROSS("MOV SS; UD2") ": it never comes between the two", PRIORITY)
{
	across_run(&(const struct across){
		.instruction = UD2, .before = MOV_SS, .fault = UD(AT(L)), .gate = TRAP_GATE });
}

CASE_BOTH_GATES(load, "X01", MOVED_ACROSS("a load from a page that is not present"),
		BY_INTERRUPT_GATE("#PF"), BY_TRAP_GATE("#PF"), PRIORITY)
{
	across_run(&(const struct across){ .instruction = LOAD_NOT_PRESENT,
					   .fault = PF(0, AT(L), CR2(PLAY_NOT_PRESENT)),
					   .gate = gate });
}
