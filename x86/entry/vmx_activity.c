/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that is entered in an activity state other than active. In HLT, what would wake a halted
 * CPU wakes it: an interrupt that IF lets through, a debug exception, an injected event; an
 * interrupt that exits does so whether IF is set or not; and an exit leaves the activity state as
 * it was. In shutdown it sleeps through interrupts, but not through NMIs.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

#define ACTIVITY "SDM 3C, Activity State"

static struct vcpu *start_halted(u64 rflags)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers_activity(ACTIVITY_HLT), "the HLT activity state (IA32_VMX_MISC bit 6)");
	s = scene(L(NOP), NOP, NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	s->in_rflags |= rflags;
	s->on_delivery = step_once;
	v = hv_start();
	vmx_set_activity(v, ACTIVITY_HLT);
	return v;
}

CASE(hlt_irq, "V31", "a guest that is entered in HLT with IF=1 takes a pending interrupt at once",
     ACTIVITY)
{
	struct vcpu *v = start_halted(RFLAGS_IF);

	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(hlt_nmi_and_irq, "V31,G08",
     "a guest that is entered in HLT with IF=1 takes a pending NMI first, and then a pending interrupt",
     ACTIVITY)
{
	struct vcpu *v = start_halted(RFLAGS_IF);

	pend_irq(VEC);
	pend_nmi();
	run_to_end(v);
	expect(NMI(AT(L), IF(1)), IRQ(VEC, AT(L), IF(1)));
}

/* An interrupt is pending; the guest sleeps on until the preemption timer ends @state. */
static void only_the_timer_ends(struct vcpu *v, enum activity state, const char *name)
{
	enum { A_WHILE = 2000 };

	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, A_WHILE);
	pend_irq(VEC);
	run_to(v, EXIT_PREEMPTION_TIMER, L);
	check(lapic_irr(VEC), "the interrupt did not stay in IRR");
	check(vmx_activity(v) == state, "the guest left %s for activity state %u", name,
	      vmx_activity(v));
	vmx_guard_timer(v);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
}

CASE(hlt_if_clear, "V32",
     "a pending interrupt does not wake a guest that is entered in HLT with IF=0: only the preemption timer ends the wait",
     ACTIVITY)
{
	only_the_timer_ends(start_halted(0), ACTIVITY_HLT, "HLT");
	expect(EXIT(PREEMPTION_TIMER, AT(L)), ENTRY(AT(L)));
}

CASE(hlt_if_clear_interrupt_exits, "V33",
     "a pending interrupt that exits does so at once from a guest that is entered in HLT with IF=0, and leaves the guest in HLT",
     ACTIVITY)
{
	struct vcpu *v = start_halted(0);

	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	run_to(v, EXIT_INTR, L);
	check(vmx_activity(v) == ACTIVITY_HLT, "the guest left HLT for activity state %u",
	      vmx_activity(v));
	vcpu_intercept(v, INTERCEPT_INTR, false);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
	expect(EXIT(INTR, AT(L)), ENTRY(AT(L)));
}

CASE(hlt_injected_interrupt, "V34",
     "an interrupt that is injected into a guest in HLT wakes the guest", ACTIVITY)
{
	struct vcpu *v = start_halted(RFLAGS_IF);

	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(external(VEC))), INTN(VEC, AT(L), IF(1)));
}

CASE(hlt_injected_nmi, "V34", "an NMI that is injected into a guest in HLT wakes the guest",
     ACTIVITY)
{
	struct vcpu *v = start_halted(0);

	vcpu_inject(v, nmi());
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)));
}

CASE(hlt_injected_gp, "V34",
     "VM entry fails if it would inject #GP into a guest in HLT; into the same guest in the active state it injects it",
     ACTIVITY)
{
	struct vcpu *v = start_halted(RFLAGS_IF);

	vcpu_inject(v, gp(0));
	run_to(v, EXIT_ENTRY_FAILED, PLACE_ANY);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), EXIT(ENTRY_FAILED), ENTRY(INJECT(gp(0))), GP(0, AT(L)));
}

CASE(hlt_preemption_timer, "V35",
     "a preemption timer of 0 exits at once from a guest that is entered in HLT", ACTIVITY)
{
	struct vcpu *v = start_halted(RFLAGS_IF);

	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, 0);
	run_to(v, EXIT_PREEMPTION_TIMER, L);
	check(vmx_activity(v) == ACTIVITY_HLT, "the guest left HLT for activity state %u",
	      vmx_activity(v));
	vmx_guard_timer(v);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
	expect(EXIT(PREEMPTION_TIMER, AT(L)), ENTRY(AT(L)));
}

CASE(hlt_interrupt_window, "V35",
     "interrupt-window exiting exits at once from a guest that is entered in HLT with IF=1",
     ACTIVITY)
{
	struct vcpu *v = start_halted(RFLAGS_IF);

	require(vmx_offers(VMX_INTERRUPT_WINDOW),
		"interrupt-window exiting (IA32_VMX_PROCBASED_CTLS bit 34)");
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	run_to(v, EXIT_INTR_WINDOW, L);
	vmx_control(v, VMX_INTERRUPT_WINDOW, false);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
	expect(EXIT(INTR_WINDOW, AT(L)), ENTRY(AT(L)));
}

CASE(hlt_pending_debug, "V36", "a pending debug exception wakes a guest that is entered in HLT",
     ACTIVITY)
{
	struct vcpu *v = start_halted(RFLAGS_IF | RFLAGS_TF);

	vmx_set_pending_debug(v, PENDING_BS);
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)));
}

/* --- Shutdown --- */

static struct vcpu *start_shut_down(void)
{
	struct vcpu *v = start_halted(RFLAGS_IF);

	require(vmx_offers_activity(ACTIVITY_SHUTDOWN),
		"the shutdown activity state (IA32_VMX_MISC bit 7)");
	vmx_set_activity(v, ACTIVITY_SHUTDOWN);
	return v;
}

CASE(shutdown_interrupt, "V37",
     "a pending interrupt does not wake a guest that is entered in shutdown: only the preemption timer ends the wait",
     "SDM 3C, Event Blocking; " ACTIVITY)
{
	only_the_timer_ends(start_shut_down(), ACTIVITY_SHUTDOWN, "shutdown");
	expect(EXIT(PREEMPTION_TIMER, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(shutdown_nmi, "V37",
     "a pending NMI that exits does so at once from a guest that is entered in shutdown",
     "SDM 3C, Event Blocking; " ACTIVITY)
{
	struct vcpu *v = start_shut_down();

	vcpu_intercept(v, INTERCEPT_NMI, true);
	pend_nmi();
	run_to(v, EXIT_NMI, L);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
	expect(EXIT(NMI, AT(L)), ENTRY(AT(L)));
}
