/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window that STI opens, and how wide its shadow is. An STI that sets IF from 0 to 1 holds
 * maskable interrupts back for one more boundary, whatever instruction stands there; POPF, IRET and
 * SYSRET open the window at once.
 */
#include "stage/case.h"

#define NO_SHADOW "SDM 3A, Masking Maskable Hardware Interrupts; APM 2, Maskable Interrupts"

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
     "STI; CLI leaves no boundary at which a pending interrupt could be served: it waits for the next STI",
     STI_SHADOW)
{
	scene(STI, CLI, NOP, NOP, STI, NOP, L(NOP), NOP);
	served_at(L);
}

CASE(sti_sti, "E03",
     "a second STI has no shadow, because IF was 1 before it: a pending interrupt is served right after it",
     STI_SHADOW)
{
	scene(STI, STI, L(NOP), NOP);
	served_at(L);
}

CASE(popf, "E04", "POPF that sets IF has no shadow: a pending interrupt is served right after it",
     NO_SHADOW)
{
	scene(PUSH_FLAGS_IF, POPF, L(NOP), NOP);
	served_at(L);
}

CASE(iretq, "E04", "IRETQ that sets IF has no shadow: a pending interrupt is served at its target",
     NO_SHADOW)
{
	scene(PUSH_IRET_FRAME, IRETQ, UD2, T(NOP), NOP);
	served_at(T);
}

CASE(sysret, "E04",
     "SYSRET that sets IF has no shadow: a pending interrupt is served at its target in CPL 3",
     NO_SHADOW)
{
	scene(LOAD_SYSRET_TO_T, SYSRETQ, UD2, T(NOP), NOP);
	syscall_to(T, 0);
	pend_irq(VEC);
	play_to_cpl3();
	expect(IRQ(VEC, AT(T), IF(1), CPL(3)));
}

CASE(sti_ret, "E05",
     "after STI; RET a pending interrupt is served at the instruction that RET returns to",
     STI_SHADOW)
{
	scene(PUSH_T, STI, RET, UD2, T(NOP), NOP);
	served_at(T);
}

CASE(sti_jmp, "E05", "after STI; JMP a pending interrupt is served at the target of JMP",
     STI_SHADOW)
{
	scene(STI, JMP, L(NOP), NOP);
	served_at(L);
}

CASE(sti_call, "E05", "after STI; CALL a pending interrupt is served at the target of CALL",
     STI_SHADOW)
{
	scene(STI, CALL, L(NOP), NOP);
	served_at(L);
}

CASE(sti_iretq, "E06", "after STI; IRETQ a pending interrupt is served at the target of IRETQ",
     STI_SHADOW)
{
	scene(PUSH_IRET_FRAME, STI, IRETQ, UD2, T(NOP), NOP);
	served_at(T);
}

CASE(sti_pushf, "E11",
     "PUSHF in the shadow of STI stores IF=1, and a pending interrupt is served after it",
     STI_SHADOW)
{
	struct scene *s = scene(STI, PUSHF, L(POP_RAX), NOP);

	pend_irq(VEC);
	play();
	check(s->out.rax & RFLAGS_IF, "PUSHF stored %#lx, with IF=0", s->out.rax);
	expect(IRQ(VEC, AT(L), IF(1)));
}

/* --- Fast system calls in the shadow --- */

CASE(sti_syscall, "E07",
     "after STI; SYSCALL with FMASK.IF=0 a pending interrupt is served at the target of SYSCALL",
     STI_SHADOW "; SDM 2B, SYSCALL-Fast System Call; APM 3, SYSCALL")
{
	scene(STI, SYSCALL, UD2, T(NOP), NOP);
	syscall_to(T, 0);
	served_at(T);
}

CASE(sti_syscall_masked, "E07",
     "after STI; SYSCALL with FMASK.IF=1, which clears IF, a pending interrupt waits for SYSRET, and is served at its target",
     STI_SHADOW "; SDM 2B, SYSCALL-Fast System Call; APM 3, SYSCALL")
{
	struct scene *s = scene(STI, SYSCALL, L(NOP), JMP_OVER_SYSRETQ, T(SYSRETQ));

	syscall_to(T, RFLAGS_IF);
	s->in_rflags |= RFLAGS_IOPL3;
	pend_irq(VEC);
	play_to_cpl3();
	expect(IRQ(VEC, AT(L), IF(1), CPL(3)));
}

CASE(sti_sysenter, "E08",
     "after STI; SYSENTER, which clears IF, a pending interrupt waits for the next STI",
     STI_SHADOW "; SDM 2B, SYSENTER-Fast System Call")
{
	struct scene *s;

	require(!cpu_is_amd(), "SYSENTER in 64-bit mode (a CPU that is not AMD's)");
	s = scene(STI, SYSENTER, UD2, T(NOP), STI, NOP, L(NOP), NOP);
	set_msr(MSR_SYSENTER_CS, SEL_CODE64);
	set_msr(MSR_SYSENTER_ESP, s->rsp);
	set_msr(MSR_SYSENTER_EIP, address_of(T));
	served_at(L);
}

/* --- Two shadows in a row: only the first is promised --- */

static void served_at_either(void)
{
	pend_irq(VEC);
	play();
	expect_one_of(LEGAL("the second has no shadow", IRQ(VEC, AT(L), IF(1))),
		      LEGAL("the second has a shadow", IRQ(VEC, AT(M), IF(1))));
}

CASE(sti_mov_ss, "E12",
     "after STI; MOV SS a pending interrupt is served right after MOV SS, or one instruction later",
     STI_SHADOW)
{
	scene(STI, MOV_SS, L(NOP), M(NOP), NOP);
	served_at_either();
}

CASE(mov_ss_sti, "E13",
     "after MOV SS; STI a pending interrupt is served right after STI, or one instruction later",
     STI_SHADOW)
{
	scene(MOV_SS, STI, L(NOP), M(NOP), NOP);
	served_at_either();
}

/* --- What raises or lets in an interrupt in the shadow itself --- */

/* The APM does not say when such an interrupt is in IRR. */
CASE(sti_self_ipi, "E25",
     "a self-IPI that WRMSR sends in the shadow of STI is in IRR when WRMSR is complete (Intel; AMD may be later): being of a higher class, it is served before the interrupt that was already pending",
     "SDM 3A, SELF IPI Register; " STI_SHADOW)
{
	struct scene *s;

	require(this_cpu.lapic_mode == LAPIC_X2APIC, "x2APIC (CPUID 1 ECX bit 21)");
	s = scene(LOAD_SELF_IPI_HIGH, STI, WRMSR, L(NOP), NOP);
	s->eoi_in_handler = true;
	pend_irq(VEC);
	play();
	if (cpu_is_amd())
		expect_one_of(LEGAL("in IRR when WRMSR is complete", IRQ(VEC_HIGH, AT(L), IF(1)),
				    IRQ(VEC, AT(L), IF(1))),
			      LEGAL("in IRR later", IRQ(VEC, AT(L), IF(1)), IRQ(VEC_HIGH, IF(1))));
	else
		expect(IRQ(VEC_HIGH, AT(L), IF(1)), IRQ(VEC, AT(L), IF(1)));
}

/* MOV to CR8 is not serializing: how soon it lets the interrupt in is left open. */
CASE(sti_mov_cr8, "E26",
     "an interrupt that the TPR holds back is served, once, after a MOV to CR8 in the shadow of STI has lowered the TPR",
     "SDM 3A, Task Priority in IA-32e Mode; APM 2, Selecting and Handling Interrupts")
{
	scene(STI, MOV_TO_CR8, L(NOP), M(NOP), CPUID, CPUID, CPUID, CPUID, CPUID, CPUID, NOP);
	lapic_set_tpr_class(VEC >> 4);
	pend_irq(VEC);
	play();
	expect_one_of(LEGAL("right after it", IRQ(VEC, AT(L), IF(1))),
		      LEGAL("one instruction later", IRQ(VEC, AT(M), IF(1))),
		      LEGAL("later", IRQ(VEC, IF(1))));
}
