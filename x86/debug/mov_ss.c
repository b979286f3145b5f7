/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shadow of MOV SS: over the boundary after it neither interrupts nor debug exceptions are
 * delivered, so that a MOV to RSP may follow. A data breakpoint that MOV SS itself meets is not
 * lost but kept, and reported after the next instruction; if that one enters a handler, at the
 * handler's first instruction. Faults are not held back.
 */
#include "stage/case.h"

/* That AMD's processors keep the breakpoint, too, is what CVE-2018-8897 told; the APM does not. */
#define SWITCHING SWITCHING_STACKS "; APM 2, Interrupt Shadows; CVE-2018-8897"

static void watch_stack_selector(void)
{
	*(volatile u32 *)PLAY_WRITABLE = SEL_DATA;
	watch(0, WATCH_ACCESS, PLAY_WRITABLE, 2);
}

CASE(data_breakpoint, "C24",
     "a data breakpoint that MOV SS meets is reported after the next instruction", SWITCHING)
{
	scene(MOV_SS_MEMORY, NOP, L(NOP));
	watch_stack_selector();
	play();
	expect(DB(AT(L), DR6(DR6_B0)));
}

CASE_BOTH_GATES(
	data_breakpoint_iretq, "C25",
	"a data breakpoint that MOV SS meets before IRETQ is reported at the target of IRETQ, before a pending interrupt that IRETQ lets in",
	AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), SWITCHING)
{
	scene(PUSH_IRET_FRAME, MOV_SS_MEMORY, IRETQ, UD2, T(NOP), NOP);
	gate_type_set(DB_VECTOR, gate);
	watch_stack_selector();
	pend_irq(VEC);
	play();
	expect(DB(AT(T), DR6(DR6_B0), IF(1)),
	       IRQ(VEC, AT(first_open_returning(gate, DB_VECTOR, T)), IF(1)));
}

/* Whether the second MOV SS has a shadow of its own is left open: "only the first instruction". */
CASE(two, "E14",
     "single-stepping over two MOV SS in a row traps after the second one, or one instruction later",
     SWITCHING)
{
	struct scene *s = scene(MOV_SS, MOV_SS, L(NOP), M(NOP));

	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	play();
	expect_one_of(LEGAL("the second MOV SS has no shadow", DB(AT(L), DR6(DR6_BS))),
		      LEGAL("the second MOV SS has a shadow", DB(AT(M), DR6(DR6_BS))));
}

CASE(ud, "E17",
     "the shadow of MOV SS holds no fault back: the #UD of the next instruction comes at once",
     SWITCHING)
{
	scene(MOV_SS, L(UD2));
	play();
	expect(UD(AT(L)));
}

/* Neither manual says what becomes of it. */
CASE(data_breakpoint_ud, "E17",
     "a data breakpoint that MOV SS meets before UD2 is reported at the first instruction of the handler of #UD, or dropped",
     SWITCHING)
{
	scene(MOV_SS_MEMORY, L(UD2));
	watch_stack_selector();
	play();
	expect_one_of(LEGAL("the breakpoint is dropped", UD(AT(L))),
		      LEGAL("the breakpoint is kept", UD(AT(L)),
			    DB(AT(ENTRY_OF(UD_VECTOR)), DR6(DR6_B0))));
}

/* The SDM lets the breakpoint get lost; the APM does not say. */
CASE(breakpoint, "E18",
     "an instruction breakpoint on the instruction after MOV SS may be lost; one on the next instruction is not",
     SWITCHING)
{
	scene(MOV_SS, L(NOP), M(NOP), NOP);
	break_on(0, L);
	break_on(1, M);
	play();
	expect_one_of(LEGAL("the breakpoint after MOV SS is lost", DB(AT(M), DR6(DR6_B1))),
		      LEGAL("the breakpoint after MOV SS is served", DB(AT(L), DR6(DR6_B0)),
			    DB(AT(M), DR6(DR6_B1))));
}

CASE(step, "E19", "single-stepping over MOV SS traps after the instruction that follows it",
     SWITCHING)
{
	struct scene *s = scene(MOV_SS, NOP, L(NOP), NOP);

	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	play();
	expect(DB(AT(L), DR6(DR6_BS)));
}

/* --- The next instruction enters a handler --- */

/* INT n itself is not stepped; the trap of MOV SS is inhibited, and may be kept for later. */
CASE(step_int_n, "E19",
     "the single-step trap of a MOV SS before INT n is lost, or comes at the first instruction of the handler of INT n",
     SWITCHING)
{
	struct scene *s = scene(MOV_SS, INT_50, L(NOP), M(NOP));

	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	play();
	expect_one_of(LEGAL("the step of MOV SS is lost", INTN(VEC_SOFT, AT(L), TF(1))),
		      LEGAL("the step of MOV SS is kept", INTN(VEC_SOFT, AT(L), TF(1)),
			    DB(AT(ENTRY_OF(VEC_SOFT)), DR6(DR6_BS))));
}

CASE(data_breakpoint_int3, "E20",
     "a data breakpoint that MOV SS meets before INT3 is reported at the first instruction of the handler of #BP",
     SWITCHING)
{
	scene(MOV_SS_MEMORY, INT3, L(NOP));
	watch_stack_selector();
	play();
	expect(BP(AT(L)), DB(AT(ENTRY_OF(BP_VECTOR)), DR6(DR6_B0)));
}

CASE(data_breakpoint_int_n, "E20",
     "a data breakpoint that MOV SS meets before INT n is reported at the first instruction of the handler of INT n",
     SWITCHING)
{
	scene(MOV_SS_MEMORY, INT_50, L(NOP));
	watch_stack_selector();
	play();
	expect(INTN(VEC_SOFT, AT(L)), DB(AT(ENTRY_OF(VEC_SOFT)), DR6(DR6_B0)));
}

CASE(data_breakpoint_syscall, "E20",
     "a data breakpoint that MOV SS meets before SYSCALL is reported at the target of SYSCALL",
     SWITCHING)
{
	scene(MOV_SS_MEMORY, L(SYSCALL), UD2, T(NOP), NOP);
	syscall_to(T, 0);
	watch_stack_selector();
	play();
	expect(DB(AT(T), DR6(DR6_B0)));
}
