/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ladder: everything that can act at VM entry is pending at once, and is peeled off one by one.
 * Entry is the boundary; on it the priority table holds with VMX's own events spliced in: TPR
 * threshold, INIT, monitor trap flag, debug traps, preemption timer, NMI window, NMI, interrupt
 * window, interrupt. What does not act stays as it was, and acts at the next entry.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vapic.h"

#define LADDER	      "SDM 3C, Special Features of VM Entry; " PRIORITY_TABLE
#define INIT_PRIORITY "SDM 3C, Other Causes of VM Exits; " SAVED_STATE
#define DB_ENTRY      ENTRY_OF(DB_VECTOR)

/* Switches off what made the guest exit. The exits are listed in the order in which they come. */
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
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(L(NOP), NOP, NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	if (pending_debug)
		s->in_rflags |= RFLAGS_TF;
	v = start_with_interrupts_on();
	if (pending_debug)
		vmx_set_pending_debug(v, pending_debug);
	return v;
}

static void expire_timer(struct vcpu *v)
{
	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, 0);
}

static void open_interrupt_window(struct vcpu *v)
{
	require(vmx_offers(VMX_INTERRUPT_WINDOW),
		"interrupt-window exiting (IA32_VMX_PROCBASED_CTLS bit 34)");
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
}

CASE(interrupt_window_before_interrupt, "V45",
     "at VM entry the interrupt window exits before a pending interrupt does", LADDER)
{
	struct vcpu *v = start_on_ladder(0);

	open_interrupt_window(v);
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
     "at VM entry a pending debug exception is delivered before the preemption timer exits, at the first instruction of the handler of #DB",
     LADDER)
{
	struct vcpu *v = start_on_ladder(PENDING_BS);

	expire_timer(v);
	run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
	peel(v, EXIT_PREEMPTION_TIMER);
	the_scene()->on_delivery = step_once;
	run_to_end(v);
	expect(DB(AT(L), TF(1)), EXIT(PREEMPTION_TIMER, AT(DB_ENTRY), NO_EVENT),
	       ENTRY(AT(DB_ENTRY)));
}

CASE(preemption_timer_before_windows, "V42",
     "at VM entry the preemption timer exits before the interrupt window, and that before a pending interrupt",
     LADDER)
{
	struct vcpu *v = start_on_ladder(0);

	expire_timer(v);
	open_interrupt_window(v);
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

CASE(nmi_window_before_nmi, "V43", "at VM entry the NMI window exits before a pending NMI does",
     LADDER)
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

CASE(nmi_before_interrupt_window, "V44",
     "at VM entry a pending NMI exits before the interrupt window does", LADDER)
{
	struct vcpu *v = start_on_ladder(0);

	arm_nmi(v);
	open_interrupt_window(v);
	vmx_pend_nmi_again();
	run_to(v, EXIT_NMI, L);
	run_to(v, EXIT_INTR_WINDOW, L);
	peel(v, EXIT_INTR_WINDOW);
	run_to_end(v);
	expect(EXIT(NMI, AT(L)), ENTRY(AT(L)), EXIT(INTR_WINDOW, AT(L)), ENTRY(AT(L)));
}

CASE(tpr_threshold_first, "V38",
     "at VM entry the TPR threshold exits before everything else, and nothing else is lost", LADDER)
{
	struct vcpu *v = start_on_ladder(PENDING_BS);

	require(vapic_offers_tpr_threshold(), VAPIC_TPR_THRESHOLD);
	vapic_tpr_threshold(v, 0, 1);
	expire_timer(v);
	open_interrupt_window(v);
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

	expire_timer(v);
	open_interrupt_window(v);
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
     "a debug trap, the preemption timer, the interrupt window and an interrupt, all pending at VM entry, take effect in this order",
     LADDER)
{
	full_ladder(false);
	expect(DB(AT(L), TF(1)), AT_DB_ENTRY(PREEMPTION_TIMER), AT_DB_ENTRY(INTR_WINDOW),
	       AT_DB_ENTRY(INTR), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(whole, "V47",
     "a debug trap, the preemption timer, the NMI window, an NMI, the interrupt window and an interrupt, all pending at VM entry, take effect in this order",
     LADDER)
{
	full_ladder(true);
	expect(DB(AT(L), TF(1)), AT_DB_ENTRY(PREEMPTION_TIMER), AT_DB_ENTRY(NMI_WINDOW),
	       AT_DB_ENTRY(NMI), AT_DB_ENTRY(INTR_WINDOW), AT_DB_ENTRY(INTR),
	       IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

/* --- An INIT that arrived in root --- */

/*
 * Everything else is pending, too. A case that may SKIP does so before the INIT, which outlives the
 * shim.
 */
static struct vcpu *start_with_init(void)
{
	struct vcpu *v;

	require(init_allowed(), INIT_ALLOWED);
	v = start_on_ladder(PENDING_BS);
	the_scene()->on_delivery = step_once;
	expire_timer(v);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	init_send_self();
	return v;
}

CASE(init_first, "V39",
     "at VM entry an INIT exits first, and saves a pending debug exception; the debug exception, the preemption timer and an interrupt follow in this order",
     INIT_PRIORITY)
{
	struct vcpu *v = start_with_init();

	run_to(v, EXIT_INIT, L);
	check(vmx_pending_debug(v) & PENDING_BS, "pending debug exceptions are %#lx",
	      vmx_pending_debug(v));
	run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
	peel(v, EXIT_PREEMPTION_TIMER);
	run_to(v, EXIT_INTR, DB_ENTRY);
	peel(v, EXIT_INTR);
	run_to_end(v);
	expect(EXIT(INIT, AT(L)), ENTRY(AT(L)), DB(AT(L), TF(1)),
	       EXIT(PREEMPTION_TIMER, AT(DB_ENTRY)), ENTRY(AT(DB_ENTRY)), EXIT(INTR, AT(DB_ENTRY)),
	       ENTRY(AT(DB_ENTRY)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

/* Everything at once, an INIT included, but for NMIs. @with_timer: also the preemption timer. */
static void init_ladder(bool with_timer)
{
	struct vcpu *v;

	require(init_allowed(), INIT_ALLOWED);
	v = start_on_ladder(PENDING_BS);
	the_scene()->on_delivery = step_once;
	require(vapic_offers_tpr_threshold(), VAPIC_TPR_THRESHOLD);
	vapic_tpr_threshold(v, 0, 1);
	if (with_timer)
		expire_timer(v);
	open_interrupt_window(v);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	init_send_self();
	run_to(v, EXIT_TPR_THRESHOLD, L);
	vapic_tpr_threshold(v, 1, 0);
	run_to(v, EXIT_INIT, L);
	if (with_timer) {
		run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
		peel(v, EXIT_PREEMPTION_TIMER);
	}
	run_to(v, EXIT_INTR_WINDOW, DB_ENTRY);
	peel(v, EXIT_INTR_WINDOW);
	run_to(v, EXIT_INTR, DB_ENTRY);
	peel(v, EXIT_INTR);
	run_to_end(v);
}

#define LADDER_TOP                                                                                 \
	EXIT(TPR_THRESHOLD, AT(L)), ENTRY(AT(L)), EXIT(INIT, AT(L)), ENTRY(AT(L)), DB(AT(L), TF(1))

CASE(with_init, "V47,V39,V38",
     "the TPR threshold, an INIT, a debug trap, the preemption timer, the interrupt window and an interrupt, all pending at VM entry, take effect in this order",
     INIT_PRIORITY)
{
	init_ladder(true);
	expect(LADDER_TOP, AT_DB_ENTRY(PREEMPTION_TIMER), AT_DB_ENTRY(INTR_WINDOW),
	       AT_DB_ENTRY(INTR), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(with_init_without_timer, "V47,V39,V38",
     "the TPR threshold, an INIT, a debug trap, the interrupt window and an interrupt, all pending at VM entry, take effect in this order",
     INIT_PRIORITY)
{
	init_ladder(false);
	expect(LADDER_TOP, AT_DB_ENTRY(INTR_WINDOW), AT_DB_ENTRY(INTR),
	       IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(init_before_mtf, "V39", "an INIT exits before the MTF VM exit that VM entry injects",
     INIT_PRIORITY)
{
	const u64 trap = event_make(EVENT_OTHER, 0);
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_MONITOR_TRAP_FLAG),
		"a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)");
	v = start_with_init();
	vcpu_inject(v, trap);
	run_to(v, EXIT_INIT, L);
	expect(ENTRY(AT(L), INJECT(trap)), EXIT(INIT, AT(L)));
}
