/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window that STI opens, and how wide its shadow is. An STI that sets IF from 0 to 1 holds
 * maskable interrupts back for one more boundary, whatever instruction stands there; POPF, IRET and
 * SYSRET open the window at once.
 */
#define FAMILY "shadow"
#include "case.h"

#define STI_SHADOW "SDM 2B, STI-Set Interrupt Flag; APM 3, STI"
#define NO_SHADOW  "SDM 3A, Masking Maskable Hardware Interrupts; APM 2, Maskable Interrupts"

/* Plays a scene with VEC pending, which must be served once, at @place. */
static void served_at(int place)
{
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(place), IF(1)));
}

CASE(sti_nop, "E01", "STI holds a pending interrupt back over one NOP, and no further", STI_SHADOW)
{
	scene(STI, NOP, L(NOP), NOP);
	served_at(L);
}

CASE(sti_cli, "E02",
     "STI; CLI leaves no boundary at which the interrupt could be served: it waits for the next "
     "STI",
     STI_SHADOW)
{
	scene(STI, CLI, NOP, NOP, STI, NOP, L(NOP), NOP);
	served_at(L);
}

CASE(sti_sti, "E03", "a second STI has no shadow: IF was 1 before it", STI_SHADOW)
{
	scene(STI, STI, L(NOP), NOP);
	served_at(L);
}

CASE(popf, "E04", "POPF that sets IF opens the window at once", NO_SHADOW)
{
	scene(PUSH_FLAGS_IF, POPF, L(NOP), NOP);
	served_at(L);
}

CASE(iretq, "E04", "IRETQ that sets IF opens the window at once, at its target", NO_SHADOW)
{
	scene(PUSH_IRET_FRAME, IRETQ, UD2, T(NOP), NOP);
	served_at(T);
}

CASE(sysret, "E04", "SYSRET that sets IF opens the window at once, at its target in CPL 3",
     NO_SHADOW)
{
	scene(LOAD_SYSRET_TO_T, SYSRETQ, UD2, T(NOP), NOP);
	syscall_to(T, 0);
	pend_irq(VEC);
	play_to_cpl3();
	expect(IRQ(VEC, AT(T), IF(1), CPL(3)));
}

CASE(sti_ret, "E05", "STI; RET: the interrupt is served at the instruction that RET goes to",
     STI_SHADOW)
{
	scene(PUSH_T, STI, RET, UD2, T(NOP), NOP);
	served_at(T);
}

CASE(sti_jmp, "E05", "STI; JMP: the interrupt is served at the jump's target", STI_SHADOW)
{
	scene(STI, JMP, L(NOP), NOP);
	served_at(L);
}

CASE(sti_call, "E05", "STI; CALL: the interrupt is served at the call's target", STI_SHADOW)
{
	scene(STI, CALL, L(NOP), NOP);
	served_at(L);
}

CASE(sti_iretq, "E06", "STI; IRETQ: the interrupt is served at the target of IRETQ", STI_SHADOW)
{
	scene(PUSH_IRET_FRAME, STI, IRETQ, UD2, T(NOP), NOP);
	served_at(T);
}

CASE(sti_pushf, "E11", "PUSHF in the shadow of STI stores IF=1", STI_SHADOW)
{
	scene(STI, PUSHF, L(POP_RAX), NOP);
	pend_irq(VEC);
	play();
	check(the_scene()->out.rax & RFLAGS_IF, "PUSHF stored %#lx, with IF=0",
	      the_scene()->out.rax);
	expect(IRQ(VEC, AT(L), IF(1)));
}
