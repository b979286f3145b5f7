/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debug exceptions that are traps (class 4 of the priority table: data and I/O breakpoints, TF,
 * INT1) against NMIs (5) and maskable interrupts (6) pending at the boundary behind the same
 * instruction. The trap is delivered first. Then an NMI comes at the first instruction of its
 * handler, and so does an interrupt, if the handler has IF=1; behind an interrupt gate it waits for
 * the IRET.
 */
#define FAMILY "traps"
#include "stage/case.h"

#define PRIORITY "SDM 3A, Priority Among Concurrent Events; APM 2, Priorities"
#define STEP_FIRST                                                                                 \
	"SDM 3B, Single-Step Exception Condition; SDM 3A, Priority Among Concurrent Events"
#define STI_SHADOW     "SDM 2B, STI-Set Interrupt Flag; SDM 3A, Priority Among Concurrent Events"

#define IOAPIC_ADDRESS 0xfec00000ul
#define PORT_80	       0x80

/* The instruction M in the shadow of STI traps, and VEC is pending when the shadow is over. */
static void trap_before_irq(enum gate_type gate, struct want trap)
{
	gate_type_set(trap.vector, gate);
	pend_irq(VEC);
	play();
	if (gate == TRAP_GATE)
		expect(trap, IRQ(VEC, AT(ENTRY_OF(trap.vector)), IF(1)));
	else
		expect(trap, IRQ(VEC, AT(L), IF(1)));
}

static void data_breakpoint(const void *gate)
{
	scene(STI, M(STORE), L(NOP), NOP);
	watch(1, WATCH_WRITE, PLAY_WRITABLE, 4);
	trap_before_irq(*(const enum gate_type *)gate,
			DB(AT(L), IF(1), DR6(DR6_B1), NO_DR6(DR6_BS)));
}

static void device_breakpoint(const void *gate)
{
	scene(STI, M(STORE), L(NOP), NOP);
	the_scene()->in.rbp = IOAPIC_ADDRESS;
	watch(0, WATCH_WRITE, IOAPIC_ADDRESS, 4);
	trap_before_irq(*(const enum gate_type *)gate, DB(AT(L), IF(1), DR6(DR6_B0)));
}

static void port_breakpoint(const void *gate)
{
	scene(STI, M(OUT), L(NOP), NOP);
	watch(0, WATCH_IO, PORT_80, 1);
	trap_before_irq(*(const enum gate_type *)gate, DB(AT(L), IF(1), DR6(DR6_B0)));
}

static void int1(const void *gate)
{
	scene(STI, M(INT1), L(NOP), NOP);
	trap_before_irq(*(const enum gate_type *)gate, DB(AT(L), IF(1), NO_DR6(DR6_BS | DR6_B0)));
}

static void int3(const void *gate)
{
	scene(STI, M(INT3), L(NOP), NOP);
	trap_before_irq(*(const enum gate_type *)gate, BP(AT(L), IF(1)));
}

static void int_n(const void *gate)
{
	scene(STI, M(INT_50), L(NOP), NOP);
	trap_before_irq(*(const enum gate_type *)gate, INTN(VEC_SOFT, AT(L), IF(1)));
}

#define BOTH_GATES(name, row, what, citation)                                                      \
	CASE_OF(name##_interrupt_gate, row,                                                        \
		what                                                                               \
		" comes before a pending interrupt, which behind an interrupt gate waits for "     \
		"the IRET",                                                                        \
		citation, name, &interrupt_gate);                                                  \
	CASE_OF(name##_trap_gate, row,                                                             \
		what " comes before a pending interrupt, which behind a trap gate comes at the "   \
		     "handler's first instruction",                                                \
		citation, name, &trap_gate)

BOTH_GATES(data_breakpoint, "C08", "the #DB of a data breakpoint", PRIORITY);
BOTH_GATES(port_breakpoint, "C09", "the #DB of an I/O breakpoint", PRIORITY);
BOTH_GATES(device_breakpoint, "C26", "the #DB of a data breakpoint on a device's register",
	   PRIORITY);
BOTH_GATES(int1, "C18", "the #DB of INT1 in the shadow of STI", STI_SHADOW);
BOTH_GATES(int3, "C19", "the #BP of INT3 in the shadow of STI", STI_SHADOW);
BOTH_GATES(int_n, "C19", "INT n in the shadow of STI", STI_SHADOW);

/* --- Single-stepping --- */

static void step_over_popf(enum gate_type gate, int irq_at)
{
	scene(PUSH_FLAGS_IF_TF, M(POPF), L(NOP), NOP);
	gate_type_set(DB_VECTOR, gate);
	the_scene()->in_rflags |= RFLAGS_TF;
	pend_irq(VEC);
	play();
	expect(DB(AT(M), DR6(DR6_BS)), DB(AT(L), DR6(DR6_BS), TF(1), IF(1)),
	       IRQ(VEC, AT(irq_at), TF(irq_at == L), IF(1)), DB(AT(AFTER(L)), DR6(DR6_BS)),
	       DB(AT(LANDING), DR6(DR6_BS)));
}

CASE(step_over_popf_interrupt_gate, "C11",
     "the single-step trap of a POPF that sets IF comes before a pending interrupt, whose handler is not stepped",
     STEP_FIRST)
{
	step_over_popf(INTERRUPT_GATE, L);
}

CASE(step_over_popf_trap_gate, "C11",
     "the same with #DB behind a trap gate: the interrupt comes at its handler's first instruction",
     STEP_FIRST)
{
	step_over_popf(TRAP_GATE, ENTRY_OF(DB_VECTOR));
}

static void step_over_sti(const void *gate)
{
	enum gate_type type = *(const enum gate_type *)gate;
	int irq_at = type == TRAP_GATE ? ENTRY_OF(DB_VECTOR) : L;

	scene(STI, L(NOP), NOP);
	gate_type_set(DB_VECTOR, type);
	the_scene()->in_rflags |= RFLAGS_TF;
	the_scene()->on_delivery = step_once;
	pend_irq(VEC);
	play();
	expect(DB(AT(L), DR6(DR6_BS), IF(1)), IRQ(VEC, AT(irq_at), IF(1)));
}

CASE_OF(step_over_sti_interrupt_gate, "C14",
	"the single-step trap of STI ends its shadow: the interrupt comes at the same boundary, after the IRET",
	STI_SHADOW, step_over_sti, &interrupt_gate);
CASE_OF(step_over_sti_trap_gate, "C14",
	"the single-step trap of STI ends its shadow: behind a trap gate the interrupt comes at the handler's first instruction",
	STI_SHADOW, step_over_sti, &trap_gate);

CASE(unstepped_sti, "C15",
     "without single-step trap the same interrupt waits for one more boundary", STI_SHADOW)
{
	scene(STI, L(NOP), M(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(M), IF(1)));
}

CASE(step_and_data_breakpoint, "C16",
     "one instruction that is single-stepped and meets a data breakpoint raises one #DB for both",
     "SDM 3B, Debug Exceptions; APM 2, Using Breakpoints")
{
	scene(STORE, L(NOP));
	watch(0, WATCH_WRITE, PLAY_WRITABLE, 4);
	the_scene()->in_rflags |= RFLAGS_TF;
	the_scene()->on_delivery = step_once;
	play();
	expect(DB(AT(L), DR6(DR6_BS | DR6_B0)));
}

/* --- With an NMI pending: an IRET opens, and traps itself --- */

CASE(data_breakpoint_nmi, "C10",
     "an IRETQ that meets a data breakpoint traps first; the NMI that it unblocks comes at the first instruction of #DB",
     PRIORITY)
{
	u64 *stack = (u64 *)(PLAY_WRITABLE + PAGE_SIZE / 2);

	scene(IRETQ, UD2, T(NOP), NOP);
	stack[0] = address_of(T);
	stack[1] = SEL_CODE64;
	stack[2] = RFLAGS_FIXED;
	stack[3] = the_scene()->rsp;
	stack[4] = SEL_DATA;
	the_scene()->rsp = (u64)stack;
	watch(0, WATCH_ACCESS, (u64)&stack[2], 8);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(DB(AT(T), DR6(DR6_B0)), NMI(AT(ENTRY_OF(DB_VECTOR))));
}

CASE(step_nmi, "C12",
     "a single-stepped IRETQ traps first; the NMI that it unblocks comes at the first instruction of #DB",
     PRIORITY)
{
	scene(PUSH_IRET_FRAME_IF0, PUSH_FLAGS_TF, POPF, IRETQ, UD2, T(NOP), NOP);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(DB(AT(T), DR6(DR6_BS)), NMI(AT(ENTRY_OF(DB_VECTOR))));
}

/* The handler sets RF only for a #DB without BS: see debug_delivered(). */
CASE(ladder, "C13",
     "at one boundary: single-step trap, NMI at its handler's first instruction, interrupt, code breakpoint, and only then the instruction",
     PRIORITY)
{
	scene(PUSH_IRET_FRAME, PUSH_FLAGS_TF, POPF, IRETQ, UD2, T(NOP), NOP);
	break_on(0, T);
	pend_irq(VEC);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(DB(AT(T), DR6(DR6_BS), IF(1)), NMI(AT(ENTRY_OF(DB_VECTOR)), IF(0)),
	       IRQ(VEC, AT(T), IF(1)), DB(AT(T), DR6(DR6_B0), NO_DR6(DR6_BS)));
}

/* The stack slot that the interrupt's frame takes is watched. The SDM lets the delivery trap; that
 * it must, and where, is not said, and the APM is silent. */
CASE(data_breakpoint_in_delivery, "C23",
     "an interrupt whose frame meets a data breakpoint is delivered all the same; #DB, if it is raised at all, comes after it",
     "SDM 3B, Data Memory and I/O Breakpoint Exception Conditions")
{
	scene(LOAD_RSP_RBP, STI, NOP, L(NOP), NOP);
	the_scene()->in.rbp = PLAY_WRITABLE + PAGE_SIZE;
	watch(0, WATCH_WRITE, the_scene()->in.rbp - 8, 8);
	pend_irq(VEC);
	play();
	expect_one_of(LEGAL("#DB at the first instruction of the interrupt's handler",
			    IRQ(VEC, AT(L)), DB(AT(ENTRY_OF(VEC)), DR6(DR6_B0))),
		      LEGAL("#DB later in the interrupt's handler", IRQ(VEC, AT(L)),
			    DB(DR6(DR6_B0))),
		      LEGAL("no #DB", IRQ(VEC, AT(L))));
}
