/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ladder: everything that can act at VM entry is pending at once, and is peeled off one by one.
 * Entry is the boundary; on it the priority table holds with VMX's own events spliced in: TPR
 * threshold, monitor trap flag, debug traps, preemption timer, NMI window, NMI, interrupt window,
 * interrupt. What does not act stays as it was, and acts at the next entry.
 */
#define FAMILY "ladder"
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vapic.h"

#define PRIORITY "SDM 3C, Special Features of VM Entry; SDM 3A, Priority Among Concurrent Events"

#define DB_ENTRY ENTRY_OF(DB_VECTOR)

/* Off, in the order in which they act. */
static void peel(struct vcpu *v, enum exit_reason reason)
{
	switch (reason) {
	case EXIT_PREEMPTION_TIMER:
		vmx_guard_timer(v);
		break;
	case EXIT_NMI_WINDOW:
		vmx_control(v, VMX_NMI_WINDOW, false);
		break;
	case EXIT_INTR_WINDOW:
		vmx_control(v, VMX_INTERRUPT_WINDOW, false);
		break;
	case EXIT_INTR:
		vcpu_intercept(v, INTERCEPT_INTR, false);
		break;
	default:
		break;
	}
}

static struct vcpu *start_on_ladder(u64 pending_debug)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	require(vmx_offers(VMX_INTERRUPT_WINDOW),
		"interrupt-window exiting (IA32_VMX_PROCBASED_CTLS bit 34)");
	scene(L(NOP), NOP, NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	if (pending_debug)
		the_scene()->in_rflags |= RFLAGS_TF;
	v = start_with_interrupts_on();
	if (pending_debug)
		vmx_set_pending_debug(v, pending_debug);
	return v;
}

CASE(interrupt_window_before_interrupt, "V45",
     "the interrupt window exits before the interrupt does", PRIORITY)
{
	struct vcpu *v = start_on_ladder(0);

	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	run_to(v, EXIT_INTR_WINDOW, L);
	peel(v, EXIT_INTR_WINDOW);
	run_to(v, EXIT_INTR, L);
	peel(v, EXIT_INTR);
	run_to_end(v);
	expect(EXIT(INTR_WINDOW, AT(L)), ENTRY(AT(L)), EXIT(INTR, AT(L)), ENTRY(AT(L)),
	       IRQ(VEC, AT(L), IF(1)));
}

CASE(debug_before_preemption_timer, "V41",
     "a pending debug exception is delivered before the preemption timer exits, at its handler's first instruction",
     PRIORITY)
{
	struct vcpu *v = start_on_ladder(PENDING_BS);

	vmx_preemption_timer(v, 0);
	run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
	peel(v, EXIT_PREEMPTION_TIMER);
	the_scene()->on_delivery = step_once;
	run_to_end(v);
	expect(DB(AT(L), TF(1)), EXIT(PREEMPTION_TIMER, AT(DB_ENTRY), NO_EVENT),
	       ENTRY(AT(DB_ENTRY)));
}

CASE(preemption_timer_before_windows, "V42",
     "the preemption timer exits before the interrupt window and the interrupt", PRIORITY)
{
	struct vcpu *v = start_on_ladder(0);

	vmx_preemption_timer(v, 0);
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	run_to(v, EXIT_PREEMPTION_TIMER, L);
	peel(v, EXIT_PREEMPTION_TIMER);
	run_to(v, EXIT_INTR_WINDOW, L);
	peel(v, EXIT_INTR_WINDOW);
	run_to(v, EXIT_INTR, L);
	peel(v, EXIT_INTR);
	run_to_end(v);
	expect(EXIT(PREEMPTION_TIMER, AT(L)), ENTRY(AT(L)), EXIT(INTR_WINDOW, AT(L)), ENTRY(AT(L)),
	       EXIT(INTR, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

/* The NMI window and the NMI need virtual NMIs: without them neither control may be set. */
static void arm_nmi(struct vcpu *v)
{
	require(vmx_offers(VMX_VIRTUAL_NMIS), "virtual NMIs (IA32_VMX_PINBASED_CTLS bit 37)");
	require(vmx_offers(VMX_NMI_WINDOW), "NMI-window exiting (IA32_VMX_PROCBASED_CTLS bit 54)");
	vcpu_intercept(v, INTERCEPT_NMI, true);
	vmx_control(v, VMX_VIRTUAL_NMIS, true);
}

CASE(nmi_window_before_nmi, "V43", "the NMI window exits before the NMI does", PRIORITY)
{
	struct vcpu *v = start_on_ladder(0);

	arm_nmi(v);
	vmx_control(v, VMX_NMI_WINDOW, true);
	vmx_pend_nmi_again();
	run_to(v, EXIT_NMI_WINDOW, L);
	peel(v, EXIT_NMI_WINDOW);
	vmx_pend_nmi_again();
	run_to(v, EXIT_NMI, L);
	run_to_end(v);
	expect(EXIT(NMI_WINDOW, AT(L)), ENTRY(AT(L)), EXIT(NMI, AT(L)), ENTRY(AT(L)));
}

CASE(nmi_before_interrupt_window, "V44", "the NMI exits before the interrupt window does", PRIORITY)
{
	struct vcpu *v = start_on_ladder(0);

	arm_nmi(v);
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	vmx_pend_nmi_again();
	run_to(v, EXIT_NMI, L);
	run_to(v, EXIT_INTR_WINDOW, L);
	peel(v, EXIT_INTR_WINDOW);
	run_to_end(v);
	expect(EXIT(NMI, AT(L)), ENTRY(AT(L)), EXIT(INTR_WINDOW, AT(L)), ENTRY(AT(L)));
}

CASE(tpr_threshold_first, "V38",
     "the TPR threshold exits before everything, and loses nothing of it", PRIORITY)
{
	struct vcpu *v = start_on_ladder(PENDING_BS);

	require(vapic_offers_tpr_threshold(), VAPIC_TPR_THRESHOLD);
	vapic_tpr_threshold(v, 0, 1);
	vmx_preemption_timer(v, 0);
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	pend_irq(VEC);
	run_to(v, EXIT_TPR_THRESHOLD, L);
	vapic_tpr_threshold(v, 1, 0);
	run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
	peel(v, EXIT_PREEMPTION_TIMER);
	run_to(v, EXIT_INTR_WINDOW, DB_ENTRY);
	peel(v, EXIT_INTR_WINDOW);
	the_scene()->on_delivery = step_once;
	run_to_end(v);
	expect(EXIT(TPR_THRESHOLD, AT(L)), ENTRY(AT(L)), DB(AT(L), TF(1)),
	       EXIT(PREEMPTION_TIMER, AT(DB_ENTRY)), ENTRY(AT(DB_ENTRY)),
	       EXIT(INTR_WINDOW, AT(DB_ENTRY)), ENTRY(AT(DB_ENTRY)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

/* Everything at once. @with_nmi: also the NMI and its window. */
static void full_ladder(bool with_nmi)
{
	struct vcpu *v = start_on_ladder(PENDING_BS);

	vmx_preemption_timer(v, 0);
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	if (with_nmi) {
		arm_nmi(v);
		vmx_control(v, VMX_NMI_WINDOW, true);
		vmx_pend_nmi_again();
	}
	the_scene()->on_delivery = step_once;
	run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
	peel(v, EXIT_PREEMPTION_TIMER);
	if (with_nmi) {
		vmx_pend_nmi_again();
		run_to(v, EXIT_NMI_WINDOW, DB_ENTRY);
		peel(v, EXIT_NMI_WINDOW);
		vmx_pend_nmi_again();
		run_to(v, EXIT_NMI, DB_ENTRY);
	}
	run_to(v, EXIT_INTR_WINDOW, DB_ENTRY);
	peel(v, EXIT_INTR_WINDOW);
	run_to(v, EXIT_INTR, DB_ENTRY);
	peel(v, EXIT_INTR);
	run_to_end(v);
}

#define AT_DB_ENTRY(name) EXIT(name, AT(DB_ENTRY), NO_EVENT), ENTRY(AT(DB_ENTRY))

CASE(without_nmi, "V47",
     "debug trap, preemption timer, interrupt window, interrupt: all at once, peeled off in the order of the priority table",
     PRIORITY)
{
	full_ladder(false);
	expect(DB(AT(L), TF(1)), AT_DB_ENTRY(PREEMPTION_TIMER), AT_DB_ENTRY(INTR_WINDOW),
	       AT_DB_ENTRY(INTR), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(whole, "V47",
     "debug trap, preemption timer, NMI window, NMI, interrupt window, interrupt: all at once, peeled off in the order of the priority table",
     PRIORITY)
{
	full_ladder(true);
	expect(DB(AT(L), TF(1)), AT_DB_ENTRY(PREEMPTION_TIMER), AT_DB_ENTRY(NMI_WINDOW),
	       AT_DB_ENTRY(NMI), AT_DB_ENTRY(INTR_WINDOW), AT_DB_ENTRY(INTR),
	       IRQ(VEC, AT(DB_ENTRY), IF(1)));
}
