/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What root has behind it when it enters. An INIT is blocked in root and exits at once at VM entry,
 * above everything but the TPR threshold; root's own STI is over with the entry; its MOV SS forbids
 * it. And a guest entered in shutdown sleeps through interrupts, not through NMIs.
 */
#define FAMILY "root"
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vapic.h"
#include "vmx/vmcs.h"

#define INIT_BLOCKED	    "SDM 3C, Other Causes of VM Exits; SDM 3C, Restrictions on VMX Operation"
#define PRIORITY	    "SDM 3C, Other Causes of VM Exits; SDM 3C, Saving Non-Register State"
#define DB_ENTRY	    ENTRY_OF(DB_VECTOR)
#define BLOCKED_IN_SHUTDOWN "SDM 3C, Event Blocking; SDM 3C, Activity State"

static struct vcpu *start(u64 rflags)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP, NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	the_scene()->in_rflags |= rflags;
	the_scene()->on_delivery = step_once;
	return hv_start();
}

CASE(init, "V49,K06",
     "an INIT that arrived in root exits at VM entry, before the guest's first instruction, and once",
     INIT_BLOCKED)
{
	struct vcpu *v = start(RFLAGS_IF);

	init_send_self();
	run_to(v, EXIT_INIT, L);
	run_to_end(v);
	expect(EXIT(INIT, AT(L)), ENTRY(AT(L)));
}

/* With everything else pending. */
static struct vcpu *start_with_init(void)
{
	struct vcpu *v = start(RFLAGS_IF | RFLAGS_TF);

	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_set_pending_debug(v, PENDING_BS);
	vmx_preemption_timer(v, 0);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	init_send_self();
	return v;
}

CASE(init_first, "V39",
     "an INIT exits before a pending debug exception, the preemption timer and an interrupt, and saves the debug exception; they follow in this order",
     PRIORITY)
{
	struct vcpu *v = start_with_init();

	run_to(v, EXIT_INIT, L);
	check(vmx_pending_debug(v) & PENDING_BS, "pending debug exceptions are %#lx",
	      vmx_pending_debug(v));
	run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
	vmx_guard_timer(v);
	run_to(v, EXIT_INTR, DB_ENTRY);
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
	expect(EXIT(INIT, AT(L)), ENTRY(AT(L)), DB(AT(L), TF(1)),
	       EXIT(PREEMPTION_TIMER, AT(DB_ENTRY)), ENTRY(AT(DB_ENTRY)), EXIT(INTR, AT(DB_ENTRY)),
	       ENTRY(AT(DB_ENTRY)), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

#define AT_DB_ENTRY(name) EXIT(name, AT(DB_ENTRY), NO_EVENT), ENTRY(AT(DB_ENTRY))

/* Everything that acts at VM entry, peeled off. @with_timer: also the preemption timer. */
static void ladder(bool with_timer)
{
	struct vcpu *v = start(RFLAGS_IF | RFLAGS_TF);

	require(vapic_offers_tpr_threshold(), VAPIC_TPR_THRESHOLD);
	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	require(vmx_offers(VMX_INTERRUPT_WINDOW),
		"interrupt-window exiting (IA32_VMX_PROCBASED_CTLS bit 34)");
	vapic_tpr_threshold(v, 0, 1);
	vmx_set_pending_debug(v, PENDING_BS);
	if (with_timer)
		vmx_preemption_timer(v, 0);
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	init_send_self();
	run_to(v, EXIT_TPR_THRESHOLD, L);
	vapic_tpr_threshold(v, 1, 0);
	run_to(v, EXIT_INIT, L);
	if (with_timer) {
		run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
		vmx_guard_timer(v);
	}
	run_to(v, EXIT_INTR_WINDOW, DB_ENTRY);
	vmx_control(v, VMX_INTERRUPT_WINDOW, false);
	run_to(v, EXIT_INTR, DB_ENTRY);
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
}

#define LADDER_TOP                                                                                 \
	EXIT(TPR_THRESHOLD, AT(L)), ENTRY(AT(L)), EXIT(INIT, AT(L)), ENTRY(AT(L)), DB(AT(L), TF(1))

CASE(ladder, "V47,V39,V38",
     "TPR threshold, INIT, debug trap, preemption timer, interrupt window, interrupt: all at once, peeled off in this order",
     PRIORITY)
{
	ladder(true);
	expect(LADDER_TOP, AT_DB_ENTRY(PREEMPTION_TIMER), AT_DB_ENTRY(INTR_WINDOW),
	       AT_DB_ENTRY(INTR), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(ladder_without_timer, "V47,V39,V38",
     "TPR threshold, INIT, debug trap, interrupt window, interrupt: all at once, peeled off in this order",
     PRIORITY)
{
	ladder(false);
	expect(LADDER_TOP, AT_DB_ENTRY(INTR_WINDOW), AT_DB_ENTRY(INTR),
	       IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(init_before_mtf, "V39", "an INIT exits before a monitor trap that VM entry injects", PRIORITY)
{
	const u64 trap = event_make(EVENT_OTHER, 0);
	struct vcpu *v;

	require(vmx_offers(VMX_MONITOR_TRAP_FLAG),
		"a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)");
	v = start_with_init();
	vcpu_inject(v, trap);
	run_to(v, EXIT_INIT, L);
	expect(ENTRY(AT(L), INJECT(trap)), EXIT(INIT, AT(L)));
}

CASE(sti_vmlaunch, "V73",
     "STI; VMLAUNCH in root with an interrupt pending that exits: the guest is entered, the exit is at its first instruction, and root is back with IF=0",
     "SDM 2B, STI-Set Interrupt Flag; SDM 3C, Event Blocking")
{
	struct vcpu *v = start(RFLAGS_IF);

	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	vmx_enter_after(v, VMX_AFTER_STI);
	run_to(v, EXIT_INTR, L);
	check(!(read_rflags() & RFLAGS_IF), "IF is 1 in root");
	check(lapic_irr(VEC), "the interrupt is not in IRR any more");
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
	expect(EXIT(INTR, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(mov_ss_vmlaunch, "V74", "MOV SS; VMLAUNCH in root fails: entry with events blocked by MOV SS",
     "SDM 3C, VMLAUNCH/VMRESUME")
{
	struct vcpu *v;
	u64 error;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(CPUID), NOP);
	v = hv_start();
	vmx_enter_after(v, VMX_AFTER_MOV_SS);
	error = vmx_refusal(v);
	check(error == VMX_ERROR_BLOCKED_BY_MOV_SS, "VM-instruction error %lu", error);
	run_to(v, EXIT_CPUID, L);
	vcpu_skip_instruction(v);
	run_to_end(v);
	expect(EXIT(CPUID, AT(L)), ENTRY(AT(AFTER(L))));
}

/* --- V37: shutdown --- */

static struct vcpu *start_shut_down(void)
{
	struct vcpu *v = start(RFLAGS_IF);

	require(vmx_offers_shutdown(), "the shutdown activity state (IA32_VMX_MISC bit 7)");
	vmx_set_activity(v, ACTIVITY_SHUTDOWN);
	return v;
}

CASE(shutdown_interrupt, "V37",
     "a guest entered in shutdown is not woken by a pending interrupt: only the preemption timer ends the wait",
     BLOCKED_IN_SHUTDOWN)
{
	enum { A_WHILE = 2000 };
	struct vcpu *v = start_shut_down();

	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, A_WHILE);
	pend_irq(VEC);
	run_to(v, EXIT_PREEMPTION_TIMER, L);
	check(lapic_irr(VEC), "the interrupt did not stay in IRR");
	check(vmx_activity(v) == ACTIVITY_SHUTDOWN, "the guest left shutdown for activity state %u",
	      vmx_activity(v));
	vmx_guard_timer(v);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
	expect(EXIT(PREEMPTION_TIMER, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(shutdown_nmi, "V37", "a guest entered in shutdown exits at once for a pending NMI that exits",
     BLOCKED_IN_SHUTDOWN)
{
	struct vcpu *v = start_shut_down();

	vcpu_intercept(v, INTERCEPT_NMI, true);
	pend_nmi();
	run_to(v, EXIT_NMI, L);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
	expect(EXIT(NMI, AT(L)), ENTRY(AT(L)));
}
