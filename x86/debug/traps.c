/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions that are traps (class 4 of the priority table: data and I/O breakpoints, TF,
 * INT1) against NMIs (5) and maskable interrupts (6) pending at the boundary after the same
 * instruction. The trap is delivered first. Then an NMI comes at the first instruction of its
 * handler, and so does an interrupt, if the handler has IF=1; with an interrupt gate it waits for
 * the IRET.
 */
#include "machine/ioapic.h"
#include "stage/case.h"

#define STEP_FIRST SINGLE_STEP_SDM "; " PRIORITY_TABLE
#define IN_SHADOW  STI_PAGE "; " PRIORITY_TABLE

#define PORT_80	   0x80

/* The instruction M in the shadow of STI traps, and VEC is pending when the shadow is over. */
static void trap_before_irq(enum gate_type gate, struct want trap)
{
	gate_type_set(trap.vector, gate);
	pend_irq(VEC);
	play();
	expect(trap, IRQ(VEC, AT(first_open_returning(gate, trap.vector, L)), IF(1)));
}

CASE_BOTH_GATES(data_breakpoint, "C08",
		"the #DB of a data breakpoint is delivered before a pending interrupt",
		AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), PRIORITY)
{
	scene(STI, M(STORE), L(NOP), NOP);
	watch(1, WATCH_WRITE, PLAY_WRITABLE, 4);
	trap_before_irq(gate, DB(AT(L), IF(1), DR6(DR6_B1), NO_DR6(DR6_BS)));
}

CASE_BOTH_GATES(port_breakpoint, "C09",
		"the #DB of an I/O breakpoint is delivered before a pending interrupt",
		AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), PRIORITY)
{
	scene(STI, M(OUT), L(NOP), NOP);
	watch(0, WATCH_IO, PORT_80, 1);
	trap_before_irq(gate, DB(AT(L), IF(1), DR6(DR6_B0)));
}

CASE_BOTH_GATES(
	device_breakpoint, "C26",
	"the #DB of a data breakpoint on a device's register is delivered before a pending interrupt",
	AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), PRIORITY)
{
	struct scene *s = scene(STI, M(STORE), L(NOP), NOP);

	s->in.rbp = IOAPIC_ADDRESS;
	watch(0, WATCH_WRITE, IOAPIC_ADDRESS, 4);
	trap_before_irq(gate, DB(AT(L), IF(1), DR6(DR6_B0)));
}

CASE_BOTH_GATES(int1, "C18",
		"the #DB of INT1 in the shadow of STI is delivered before a pending interrupt",
		AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), IN_SHADOW)
{
	scene(STI, M(INT1), L(NOP), NOP);
	trap_before_irq(gate, DB(AT(L), IF(1), NO_DR6(DR6_BS | DR6_B0)));
}

CASE_BOTH_GATES(int3, "C19",
		"the #BP of INT3 in the shadow of STI is delivered before a pending interrupt",
		AFTER_IRET_OF("#BP"), AT_HANDLER_OF("#BP"), IN_SHADOW)
{
	scene(STI, M(INT3), L(NOP), NOP);
	trap_before_irq(gate, BP(AT(L), IF(1)));
}

CASE_BOTH_GATES(int_n, "C19", "INT n in the shadow of STI is delivered before a pending interrupt",
		AFTER_IRET_OF("INT n"), AT_HANDLER_OF("INT n"), IN_SHADOW)
{
	scene(STI, M(INT_50), L(NOP), NOP);
	trap_before_irq(gate, INTN(VEC_SOFT, AT(L), IF(1)));
}

/* --- Single-stepping --- */

CASE_BOTH_GATES(
	step_over_popf, "C11",
	"the single-step trap of a POPF that sets IF is delivered before a pending interrupt, whose own handler is not stepped",
	AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), STEP_FIRST)
{
	struct scene *s = scene(PUSH_FLAGS_IF_TF, M(POPF), L(NOP), NOP);

	gate_type_set(DB_VECTOR, gate);
	s->in_rflags |= RFLAGS_TF;
	pend_irq(VEC);
	play();
	expect(DB(AT(M), DR6(DR6_BS)), DB(AT(L), DR6(DR6_BS), TF(1), IF(1)),
	       IRQ(VEC, AT(first_open_returning(gate, DB_VECTOR, L)), TF(gate == INTERRUPT_GATE),
		   IF(1)),
	       DB(AT(AFTER(L)), DR6(DR6_BS)), DB(AT(LANDING), DR6(DR6_BS)));
}

CASE_BOTH_GATES(
	step_over_sti, "C14",
	"the single-step trap of STI is delivered before a pending interrupt, and ends the shadow of STI (AMD: or does not)",
	AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"), IN_SHADOW "; APM 2, Interrupt Shadows")
{
	const struct want trap = DB(AT(L), DR6(DR6_BS), IF(1));
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", trap,
		      IRQ(VEC, AT(first_open_returning(gate, DB_VECTOR, L)), IF(1))),
		LEGAL("the shadow outlived the delivery", trap, IRQ(VEC, IF(1))),
	};
	struct scene *s = scene(STI, L(NOP), NOP);

	gate_type_set(DB_VECTOR, gate);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	pend_irq(VEC);
	play();
	expect_order(legal, orders_after_shadow(gate));
}

CASE(unstepped_sti, "C15",
     "an STI that is not single-stepped keeps its shadow: a pending interrupt waits for one more boundary",
     IN_SHADOW)
{
	scene(STI, L(NOP), M(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(M), IF(1)));
}

CASE(step_and_data_breakpoint, "C16",
     "an instruction that is single-stepped and meets a data breakpoint raises one #DB for both",
     "SDM 3B, Debug Exceptions; APM 2, Using Breakpoints")
{
	struct scene *s = scene(STORE, L(NOP));

	watch(0, WATCH_WRITE, PLAY_WRITABLE, 4);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	play();
	expect(DB(AT(L), DR6(DR6_BS | DR6_B0)));
}

CASE(step_and_port_breakpoint, "C16",
     "an OUT that is single-stepped and meets an I/O breakpoint traps once, for both reasons",
     "SDM 3B, Debug Exceptions; APM 2, I/O Breakpoints")
{
	struct scene *s = scene(OUT, L(NOP));

	watch(0, WATCH_IO, PORT_80, 1);
	s->in_rflags |= RFLAGS_TF;
	play();
	expect(DB(AT(L), DR6(DR6_BS | DR6_B0)), DB(AT(LANDING), DR6(DR6_BS)));
}

CASE(store_behind, "C32",
     "a store that is not aligned meets no data breakpoint on the byte right before it",
     "SDM 3B, Breakpoint Field Recognition; APM 2, Using Breakpoints")
{
	struct scene *s = scene(STORE, L(STORE_READ_ONLY), NOP);

	s->in.rsi = PLAY_WRITABLE + 1;
	watch(0, WATCH_WRITE, PLAY_WRITABLE, 1);
	play();
	expect(DB(AT(L), DR6(DR6_B0)));
}

/* --- With an NMI pending: an IRET unblocks it, and itself traps --- */

CASE(data_breakpoint_nmi, "C10",
     "an IRETQ that meets a data breakpoint traps first; the NMI that it unblocks comes at the first instruction of the handler of #DB",
     PRIORITY)
{
	struct scene *s;
	u64 *stack = (u64 *)(PLAY_WRITABLE + PAGE_SIZE / 2);

	s = scene(IRETQ, UD2, T(NOP), NOP);
	stack[0] = address_of(T);
	stack[1] = SEL_CODE64;
	stack[2] = RFLAGS_FIXED;
	stack[3] = s->rsp;
	stack[4] = SEL_DATA;
	s->rsp = (u64)stack;
	watch(0, WATCH_ACCESS, (u64)&stack[2], 8);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(DB(AT(T), DR6(DR6_B0)), NMI(AT(ENTRY_OF(DB_VECTOR))));
}

CASE(step_nmi, "C12",
     "a single-stepped IRETQ traps first; the NMI that it unblocks comes at the first instruction of the handler of #DB",
     PRIORITY)
{
	scene(PUSH_IRET_FRAME_IF0, PUSH_FLAGS_TF, POPF, IRETQ, UD2, T(NOP), NOP);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(DB(AT(T), DR6(DR6_BS)), NMI(AT(ENTRY_OF(DB_VECTOR))));
}

/* The first three rungs. @rf: what the trap's image has, and what its IRET loads. */
#define LADDER(rf)                                                                                 \
	DB(AT(T), DR6(DR6_BS), IF(1), RF(rf)), NMI(AT(ENTRY_OF(DB_VECTOR)), IF(0)),                \
		IRQ(VEC, AT(T), IF(1), RF(rf))

/*
 * The handler sets RF only for a #DB without BS: see debug_delivered(). The APM has RF=1 in the
 * image of every exception but that of the breakpoint ("RFLAGS Register").
 */
CASE(ladder, "C13",
     "at one boundary there come a single-step trap, an NMI at the first instruction of the trap's handler, an interrupt, and an instruction breakpoint, in this order, before the instruction is executed",
     PRIORITY)
{
	scene(PUSH_IRET_FRAME, PUSH_FLAGS_TF, POPF, IRETQ, UD2, T(NOP), NOP);
	break_on(0, T);
	pend_irq(VEC);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	if (cpu_is_amd())
		expect_one_of(LEGAL("the trap saves RF as it is", LADDER(0),
				    DB(AT(T), DR6(DR6_B0), NO_DR6(DR6_BS))),
			      LEGAL("the trap saves RF=1, and its IRET passes the breakpoint",
				    LADDER(1)));
	else
		expect(LADDER(0), DB(AT(T), DR6(DR6_B0), NO_DR6(DR6_BS)));
}

/* The stack slot that the interrupt's frame takes is watched. The SDM lets the delivery trap; that
 * it must, and where, is not said, and the APM is silent. */
CASE(data_breakpoint_in_delivery, "C23",
     "an interrupt whose frame meets a data breakpoint is delivered nevertheless; #DB, if it is raised at all, comes after it",
     "SDM 3B, Data Memory and I/O Breakpoint Exception Conditions")
{
	struct scene *s = scene(LOAD_RSP_RBP, STI, NOP, L(NOP), NOP);

	s->in.rbp = PLAY_WRITABLE + PAGE_SIZE;
	watch(0, WATCH_WRITE, s->in.rbp - 8, 8);
	pend_irq(VEC);
	play();
	expect_one_of(LEGAL("#DB at the first instruction of the interrupt's handler",
			    IRQ(VEC, AT(L)), DB(AT(ENTRY_OF(VEC)), DR6(DR6_B0))),
		      LEGAL("#DB later in the interrupt's handler", IRQ(VEC, AT(L)),
			    DB(DR6(DR6_B0))),
		      LEGAL("no #DB", IRQ(VEC, AT(L))));
}
