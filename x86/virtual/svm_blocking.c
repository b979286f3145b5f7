/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds interrupts back from an SVM guest, and what ends it: V_TPR, the guest's own GIF, HLT,
 * and the interrupt shadow.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/virtual_irq.h"

#define TPR	    "APM 2, Virtualizing APIC.TPR; " VIRTUAL_INTERRUPTS
#define VGIF	    "APM 2, Virtual GIF (VGIF)"
#define HLT_VIRTUAL "APM 3, HLT; " VIRTUAL_INTERRUPTS

enum { TIMER_TICKS = 200000 };

/* How soon a MOV to CR8 lets it in is left open, as natively (native/shadow.sti_mov_cr8). */
CASE(v_tpr_lowered, "S53",
     "a virtual interrupt that V_TPR holds back is taken, once, after the MOV to CR8 that lowers V_TPR, and the LAPIC's TPR stays as it was",
     TPR)
{
	struct virtual_irq held_back = { VEC_VIRTUAL, CLASS, CLASS + 1, false };
	struct vcpu *v;

	scene(NOP, MOV_TO_CR8, L(NOP), M(NOP), CPUID, CPUID, NOP);
	lapic_set_tpr_class(1);
	v = start_with_virtual_irq(true, held_back);
	svm_interrupt_masking(v, true);
	run_to_end(v);
	check(lapic_read(LAPIC_TPR) == 1 << 4, "the LAPIC's TPR is %#x", lapic_read(LAPIC_TPR));
	expect_one_of(LEGAL("right after it", INTN(VEC_VIRTUAL, AT(L), IF(1))),
		      LEGAL("one instruction later", INTN(VEC_VIRTUAL, AT(M), IF(1))),
		      LEGAL("later", INTN(VEC_VIRTUAL, IF(1))));
}

/* STGI may have a shadow of its own: that is left open. */
static void virtual_gif(bool physical)
{
	struct vcpu *v;

	scene(M(NOP), STGI, L(NOP), T(NOP), NOP);
	v = start_with_virtual_irq(true, plain);
	require(svm_offers(CPUID_8000000A_EDX_VGIF), "a virtual GIF (CPUID 8000000AH EDX bit 16)");
	svm_virtual_gif(v, false);
	if (physical)
		pend_irq(VEC_LOW);
	run_to_end(v);
}

CASE(guest_stgi, "S45",
     "a virtual interrupt waits while the guest's own GIF is 0, and is taken after the guest's STGI",
     VGIF)
{
	virtual_gif(false);
	expect_one_of(LEGAL("STGI has no shadow", INTN(VEC_VIRTUAL, AT(L), IF(1))),
		      LEGAL("STGI has a shadow", INTN(VEC_VIRTUAL, AT(T), IF(1))));
}

CASE(guest_stgi_physical, "S45",
     "a GIF of 0 that is the guest's own holds back a virtual interrupt, but not a physical one",
     VGIF)
{
	virtual_gif(true);
	expect_one_of(LEGAL("STGI has no shadow", IRQ(VEC_LOW, AT(M), IF(1)),
			    INTN(VEC_VIRTUAL, AT(L), IF(1))),
		      LEGAL("STGI has a shadow", IRQ(VEC_LOW, AT(M), IF(1)),
			    INTN(VEC_VIRTUAL, AT(T), IF(1))));
}

CASE(hlt_virtual, "S50",
     "a virtual interrupt that is pending at an HLT in the shadow of STI is taken after HLT",
     HLT_VIRTUAL)
{
	struct vcpu *v;

	scene(ARM_TIMER, STI, HLT, L(NOP), NOP);
	prepare_timer(TIMER_TICKS); /* wakes a guest that the virtual interrupt does not wake */
	v = start_with_virtual_irq(false, plain);
	run_to_end(v);
	expect(INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

/* The timer fires while the guest halts. */
static void halted(bool exits)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(ARM_TIMER, STI, HLT, L(NOP), NOP);
	prepare_timer(TIMER_TICKS);
	v = hv_start();
	svm_interrupt_masking(v, true);
	svm_host_if(v, true);
	vcpu_intercept(v, INTERCEPT_INTR, exits);
	if (exits) {
		run_to(v, EXIT_INTR, L);
		vcpu_intercept(v, INTERCEPT_INTR, false);
	}
	run_to_end(v);
}

CASE(hlt_physical, "S50",
     "with V_INTR_MASKING a physical interrupt wakes a halted guest, and is taken after HLT",
     "APM 3, HLT; APM 2, Physical (INTR) Interrupt Masking in EFLAGS")
{
	halted(false);
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(hlt_physical_exits, "S50",
     "with V_INTR_MASKING a physical interrupt that exits wakes a halted guest, which exits after HLT",
     "APM 3, HLT; APM 2, Physical (INTR) Interrupt Masking in EFLAGS")
{
	halted(true);
	expect(EXIT(INTR, AT(L), NO_EVENT), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(idle_hlt, "S49",
     "the idle-HLT intercept does not exit while a virtual interrupt is pending, which is taken after HLT",
     "APM 2, Instruction Intercepts")
{
	struct vcpu *v;

	scene(STI, HLT, L(NOP), NOP);
	v = start_with_virtual_irq(false, plain);
	require(svm_offers(CPUID_8000000A_EDX_IDLE_HLT),
		"the idle-HLT intercept (CPUID 8000000AH EDX bit 30)");
	svm_intercept_idle_hlt(v);
	run_to_end(v);
	expect(INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

/*
 * The APM says that a shadow holds interrupts back, and not whether it holds their intercept back.
 */
CASE(shadow_intercept, "S18",
     "an intercepted interrupt that is pending at VMRUN with an interrupt shadow exits before the first instruction or after it",
     "APM 2, Interrupt Shadows; APM 2, INTR Intercept")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), M(NOP), NOP);
	v = start_with_interrupts_on();
	vcpu_set_state(v, STATE_SHADOW);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	run_to(v, EXIT_INTR, PLACE_ANY);
	expect_one_of(LEGAL("the shadow does not hold the exit back", EXIT(INTR, AT(L), NO_EVENT)),
		      LEGAL("the shadow holds the exit back", EXIT(INTR, AT(M), NO_EVENT)));
}
