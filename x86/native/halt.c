/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HLT and MWAIT. What is pending and not blocked ends the wait, and is served at the boundary after
 * the instruction; an interrupt that the TPR holds back does not. In the shadow of STI, HLT still
 * halts, and wakes at once.
 */
#include "machine/settle.h"
#include "stage/case.h"

enum {
	/*
	 * Longer than any stall of the host: a timer that fires before HLT leaves HLT without an
	 * end.
	 */
	TIMER_COUNT = 20000000,
	TPR_CLASS_OF_LOW = VEC_LOW >> 4,
};

CASE(sti_hlt, "G01",
     "an interrupt that is pending at STI; HLT is served after HLT, and not before it",
     STI_PAGE "; " HALT)
{
	scene(STI, HLT, L(NOP), NOP);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), IF(1)));
}

/* The SDM lets #DB resume from HLT, without saying whether the trap of HLT itself does so. */
CASE(stepped_hlt, "G05",
     "a single-stepped HLT traps once, after HLT, and before the timer interrupt that may have had to wake it",
     HALT)
{
	struct scene *s = scene(HLT, L(NOP), NOP);

	s->in_rflags |= RFLAGS_IF | RFLAGS_TF;
	s->on_delivery = step_once;
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	lapic_timer_arm(longer_than_stalls(TIMER_COUNT));
	play();
	expect_one_of(LEGAL("HLT does not wait", DB(AT(L), DR6(DR6_BS))),
		      LEGAL("HLT waits for the timer", DB(AT(L), DR6(DR6_BS)), IRQ(VEC, AT(L))));
}

CASE(masked_by_tpr, "G06",
     "an interrupt that the TPR holds back does not end HLT; the timer's interrupt, of a higher class, does",
     "SDM 3A, Task Priority in IA-32e Mode; " HALT)
{
	scene(STI, HLT, L(NOP), NOP);
	lapic_set_tpr_class(TPR_CLASS_OF_LOW); /* later, it could make a spurious interrupt */
	pend_irq(VEC_LOW);
	lapic_timer_init(VEC_HIGH, TIMER_ONE_SHOT);
	lapic_timer_arm(longer_than_stalls(TIMER_COUNT));
	play();
	check(lapic_irr(VEC_LOW), "%#x did not stay in IRR", VEC_LOW);
	expect(IRQ(VEC_HIGH, AT(L), IF(1)));
}

CASE(sti_mwait, "G09",
     "an interrupt that is pending at STI; MWAIT ends MWAIT, and is served after it, and not before it",
     "SDM 2B, MWAIT-Monitor Wait; APM 3, MWAIT; " STI_SHADOW)
{
	require(cpuid(1, 0).ecx & CPUID_1_ECX_MONITOR, "MONITOR/MWAIT (CPUID 1 ECX bit 3)");
	scene(MONITOR, LOAD_MWAIT, STI, MWAIT, L(NOP), NOP);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(mwait, "G07",
     "with IF=0 a pending interrupt ends MWAIT whose ECX[0] is 1; the interrupt itself waits for STI",
     "SDM 2B, MWAIT-Monitor Wait; APM 3, MWAIT")
{
	require(cpuid(1, 0).ecx & CPUID_1_ECX_MONITOR, "MONITOR/MWAIT (CPUID 1 ECX bit 3)");
	require(cpuid(0, 0).eax >= 5 && (cpuid(5, 0).ecx & CPUID_5_ECX_INTERRUPT_BREAK) ==
						CPUID_5_ECX_INTERRUPT_BREAK,
		"interrupts as break events of MWAIT (CPUID 5 ECX bits 1:0)");
	scene(MONITOR, LOAD_MWAIT_BREAK, MWAIT, NOP, STI, NOP, L(NOP), NOP);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), IF(1)));
}

/* What ends HLT then is the timer. */
CASE(nmi_before, "G10",
     "an NMI that the IRETQ to HLT unblocks is served before HLT, which then waits for the next event",
     HALT "; SDM 3A, Handling Multiple NMIs")
{
	scene(PUSH_IRET_FRAME, IRETQ, UD2, T(HLT), L(NOP), NOP);
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	pend_blocked_nmi();
	lapic_timer_arm(longer_than_stalls(TIMER_COUNT));
	play_with_nmi_blocked();
	expect(NMI(AT(T), IF(1)), IRQ(VEC, AT(L), IF(1)));
}
