/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shadow of MOV SS: over the boundary behind it neither interrupts nor debug exceptions are
 * delivered, so that a MOV to RSP may follow. A data breakpoint that MOV SS itself meets is not
 * lost but kept, and reported behind the next instruction; if that one enters a handler, at the
 * handler's first instruction. Faults are not held back.
 */
#define FAMILY "mov_ss"
#include "stage/case.h"

#define SWITCHING                                                                                  \
	"SDM 3A, Masking Exceptions and Interrupts When Switching Stacks; APM 2, Interrupt Shadows"

static void watch_stack_selector(void)
{
	*(volatile u32 *)PLAY_WRITABLE = SEL_DATA;
	watch(0, WATCH_ACCESS, PLAY_WRITABLE, 2);
}

CASE(data_breakpoint, "C24",
     "a data breakpoint that MOV SS meets is reported behind the next instruction", SWITCHING)
{
	scene(MOV_SS_MEMORY, NOP, L(NOP));
	watch_stack_selector();
	play();
	expect(DB(AT(L), DR6(DR6_B0)));
}

static void data_breakpoint_iretq(const void *gate)
{
	enum gate_type type = *(const enum gate_type *)gate;
	int irq_at = type == TRAP_GATE ? ENTRY_OF(DB_VECTOR) : T;

	scene(PUSH_IRET_FRAME, MOV_SS_MEMORY, IRETQ, UD2, T(NOP), NOP);
	gate_type_set(DB_VECTOR, type);
	watch_stack_selector();
	pend_irq(VEC);
	play();
	expect(DB(AT(T), DR6(DR6_B0), IF(1)), IRQ(VEC, AT(irq_at), IF(1)));
}

CASE_OF(data_breakpoint_iretq_interrupt_gate, "C25",
	"a data breakpoint kept over MOV SS; IRETQ is reported at its target before the interrupt that IRETQ lets in",
	SWITCHING, data_breakpoint_iretq, &interrupt_gate);
CASE_OF(data_breakpoint_iretq_trap_gate, "C25",
	"the same with #DB behind a trap gate: the interrupt comes at its handler's first instruction",
	SWITCHING, data_breakpoint_iretq, &trap_gate);

/* Whether the second MOV SS has a shadow of its own is left open: "only the first instruction". */
CASE(two, "E14",
     "single-stepping over MOV SS; MOV SS traps behind the second one, or one instruction later",
     SWITCHING)
{
	scene(MOV_SS, MOV_SS, L(NOP), M(NOP));
	the_scene()->in_rflags |= RFLAGS_TF;
	the_scene()->on_delivery = step_once;
	play();
	expect_one_of(LEGAL("the second MOV SS has no shadow", DB(AT(L), DR6(DR6_BS))),
		      LEGAL("the second MOV SS has a shadow", DB(AT(M), DR6(DR6_BS))));
}

CASE(ud, "E17", "MOV SS holds no fault back: the #UD of the next instruction comes at once",
     SWITCHING)
{
	scene(MOV_SS, L(UD2));
	play();
	expect(UD(AT(L)));
}

/* The SDM lets the breakpoint get lost; the APM does not say. */
CASE(breakpoint, "E18",
     "an instruction breakpoint right behind MOV SS may be lost; the next one is not", SWITCHING)
{
	scene(MOV_SS, L(NOP), M(NOP), NOP);
	break_on(0, L);
	break_on(1, M);
	play();
	expect_one_of(LEGAL("the breakpoint behind MOV SS is lost", DB(AT(M), DR6(DR6_B1))),
		      LEGAL("the breakpoint behind MOV SS is served", DB(AT(L), DR6(DR6_B0)),
			    DB(AT(M), DR6(DR6_B1))));
}

CASE(step, "E19", "single-stepping over MOV SS traps behind the instruction after it", SWITCHING)
{
	scene(MOV_SS, NOP, L(NOP), NOP);
	the_scene()->in_rflags |= RFLAGS_TF;
	the_scene()->on_delivery = step_once;
	play();
	expect(DB(AT(L), DR6(DR6_BS)));
}

/* --- The next instruction enters a handler --- */

CASE(data_breakpoint_int3, "E20",
     "a data breakpoint kept over MOV SS; INT3 is reported at the first instruction of #BP",
     SWITCHING)
{
	scene(MOV_SS_MEMORY, INT3, L(NOP));
	watch_stack_selector();
	play();
	expect(BP(AT(L)), DB(AT(ENTRY_OF(BP_VECTOR)), DR6(DR6_B0)));
}

CASE(data_breakpoint_int_n, "E20",
     "a data breakpoint kept over MOV SS; INT n is reported at the handler's first instruction",
     SWITCHING)
{
	scene(MOV_SS_MEMORY, INT_50, L(NOP));
	watch_stack_selector();
	play();
	expect(INTN(VEC_SOFT, AT(L)), DB(AT(ENTRY_OF(VEC_SOFT)), DR6(DR6_B0)));
}

CASE(data_breakpoint_syscall, "E20",
     "a data breakpoint kept over MOV SS; SYSCALL is reported at the target of SYSCALL", SWITCHING)
{
	scene(MOV_SS_MEMORY, L(SYSCALL), UD2, T(NOP), NOP);
	syscall_to(T, 0);
	watch_stack_selector();
	play();
	expect(DB(AT(T), DR6(DR6_B0)));
}
