/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts against the other events of one boundary. A virtual interrupt stands where the
 * interrupt window does: below debug traps, the preemption timer and NMIs, and above an external
 * interrupt that exits. While interrupt-window exiting is on, none is recognized.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vapic.h"

#define DELIVERY   "SDM 3C, Virtual-Interrupt Delivery"
#define EVALUATION "SDM 3C, Evaluation of Pending Virtual Interrupts"
#define DB_ENTRY   ENTRY_OF(DB_VECTOR)

/* Enters at L, with a virtual interrupt requested. */
static struct vcpu *start_requested(u64 rflags)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vapic_offers_delivery(), VAPIC_DELIVERY);
	s = scene(L(NOP), NOP, NOP);
	s->in_rflags |= rflags;
	v = hv_start();
	vapic_start(v);
	vapic_request(v, VEC);
	return v;
}

CASE(at_entry, "V97",
     "a virtual interrupt of a higher class than VPPR is delivered at VM entry, before the guest's first instruction, and is then in virtual service",
     DELIVERY)
{
	struct vcpu *v = start_requested(RFLAGS_IF);

	run_to_end(v);
	check(vapic_serves(v, VEC) && !vapic_requested(v, VEC), "VIRR %d, VISR %d",
	      vapic_requested(v, VEC), vapic_serves(v, VEC));
	expect(IRQ(VEC, AT(L), IF(1)));
}

/* The external interrupt exits at the virtual one's handler, is acknowledged, and gets its EOI. */
static void exit_at_virtual_entry(struct vcpu *v)
{
	require(vmx_offers(VMX_ACKNOWLEDGE_ON_EXIT),
		"acknowledging interrupts on exit (IA32_VMX_EXIT_CTLS bit 47)");
	vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, true);
	run_to(v, EXIT_INTR, ENTRY_OF(VEC));
	lapic_eoi();
	run_to_end(v);
}

#define AT_VIRTUAL_ENTRY EXIT(INTR, AT(ENTRY_OF(VEC)), NO_EVENT), ENTRY(AT(ENTRY_OF(VEC)))

CASE(held_by_tpr, "V97",
     "a virtual interrupt of no higher class than VPPR is not delivered at VM entry: a physical interrupt that exits comes first",
     EVALUATION)
{
	struct vcpu *v = start_requested(RFLAGS_IF);

	vapic_tpr(v, VEC >> 4);
	pend_irq(VEC_LOW);
	run_to(v, EXIT_INTR, L);
	vapic_tpr(v, 0);
	exit_at_virtual_entry(v);
	expect(EXIT(INTR, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L)), AT_VIRTUAL_ENTRY);
}

CASE_BOTH_GATES(injected_gp, "V98", "an injected #GP is delivered before a virtual interrupt",
		AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), DELIVERY, "stories.sti_rdmsr")
{
	struct vcpu *v;

	gate_type_set(GP_VECTOR, gate);
	v = start_requested(RFLAGS_IF);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       IRQ(VEC, AT(first_open(gate, GP_VECTOR)), IF(1)));
}

CASE(before_external_interrupt, "V99",
     "a virtual interrupt is delivered before an external interrupt exits, which it does at the first instruction of the virtual interrupt's handler",
     DELIVERY)
{
	struct vcpu *v = start_requested(RFLAGS_IF);

	pend_irq(VEC_HIGH);
	exit_at_virtual_entry(v);
	expect(IRQ(VEC, AT(L), IF(1)), AT_VIRTUAL_ENTRY);
}

/* Everything above it at once; @with_nmi: also an NMI that exits. */
static void ladder(bool with_nmi)
{
	struct vcpu *v;

	gate_type_set(DB_VECTOR, TRAP_GATE);
	v = start_requested(RFLAGS_IF | RFLAGS_TF);
	the_scene()->on_delivery = step_once;
	vmx_set_pending_debug(v, PENDING_BS);
	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, 0);
	if (with_nmi) {
		vcpu_intercept(v, INTERCEPT_NMI, true);
		vmx_pend_nmi_again();
	}
	run_to(v, EXIT_PREEMPTION_TIMER, DB_ENTRY);
	vmx_guard_timer(v);
	if (with_nmi) {
		vmx_pend_nmi_again();
		run_to(v, EXIT_NMI, DB_ENTRY);
	}
	run_to_end(v);
}

#define AT_DB_ENTRY(name) EXIT(name, AT(DB_ENTRY), NO_EVENT), ENTRY(AT(DB_ENTRY))

CASE(ladder_without_nmi, "V100",
     "a debug trap, the preemption timer and a virtual interrupt, all pending at VM entry, take effect in this order",
     DELIVERY)
{
	ladder(false);
	expect(DB(AT(L), TF(1)), AT_DB_ENTRY(PREEMPTION_TIMER), IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(ladder, "V100",
     "a debug trap, the preemption timer, an NMI and a virtual interrupt, all pending at VM entry, take effect in this order",
     DELIVERY)
{
	ladder(true);
	expect(DB(AT(L), TF(1)), AT_DB_ENTRY(PREEMPTION_TIMER), AT_DB_ENTRY(NMI),
	       IRQ(VEC, AT(DB_ENTRY), IF(1)));
}

CASE(interrupt_window, "V101",
     "no virtual interrupt is recognized while interrupt-window exiting is on: the window exits, and the virtual interrupt comes when the window is off",
     EVALUATION)
{
	struct vcpu *v = start_requested(RFLAGS_IF);

	require(vmx_offers(VMX_INTERRUPT_WINDOW),
		"interrupt-window exiting (IA32_VMX_PROCBASED_CTLS bit 34)");
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
	run_to(v, EXIT_INTR_WINDOW, L);
	check(vapic_requested(v, VEC) && !vapic_serves(v, VEC), "VIRR %d, VISR %d",
	      vapic_requested(v, VEC), vapic_serves(v, VEC));
	vmx_control(v, VMX_INTERRUPT_WINDOW, false);
	run_to_end(v);
	expect(EXIT(INTR_WINDOW, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(blocked_by_sti, "V97",
     "with blocking by STI at VM entry a virtual interrupt is delivered one instruction later",
     DELIVERY, "shadow.sti_nop")
{
	struct vcpu *v = start_requested(RFLAGS_IF);

	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	run_to_end(v);
	expect(IRQ(VEC, AT(AFTER(L)), IF(1)));
}

CASE(hlt_at_entry, "V109", "a guest that is entered in HLT takes a virtual interrupt at once",
     DELIVERY)
{
	struct vcpu *v = start_requested(RFLAGS_IF);

	require(vmx_offers_activity(ACTIVITY_HLT), "the HLT activity state (IA32_VMX_MISC bit 6)");
	vmx_set_activity(v, ACTIVITY_HLT);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

/*
 * --- Posted interrupts: the notification is itself an external interrupt. What its processing
 * makes deliverable "may" be delivered immediately, says the manual. ---
 */

static const struct want at_once = IRQ(VEC, AT(L), IF(1)),
			 one_later = IRQ(VEC, AT(AFTER(L)), IF(1));

static struct vcpu *start_posted(void)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vapic_offers_delivery(), VAPIC_DELIVERY);
	s = scene(L(NOP), NOP);
	s->in_rflags |= RFLAGS_IF;
	v = hv_start();
	vapic_start(v);
	require(vapic_offers_posting(), VAPIC_POSTING);
	vapic_post(v, VEC_LOW, VEC);
	pend_irq(VEC_LOW);
	return v;
}

#define POSTED "SDM 3C, Posted-Interrupt Processing"

CASE(posted, "V110",
     "a notification that is pending at VM entry does not exit: the posted interrupt is delivered at once, or one instruction later",
     POSTED)
{
	struct vcpu *v = start_posted();

	run_to_end(v);
	check(!lapic_irr(VEC_LOW) && !lapic_isr(VEC_LOW), "the notification is in IRR or ISR");
	expect_one_of(LEGAL("delivered at once", at_once),
		      LEGAL("delivered one instruction later", one_later));
}

CASE(posted_and_interrupt, "V111",
     "an ordinary interrupt of a higher class exits before a pending notification is processed",
     POSTED)
{
	struct vcpu *v = start_posted();

	pend_irq(VEC_HIGH);
	run_to(v, EXIT_INTR, L);
	check((u32)vcpu_details(v).interruption == (u32)external(VEC_HIGH),
	      "interruption information is %#lx", vcpu_details(v).interruption);
	lapic_eoi();
	run_to_end(v);
	expect_one_of(LEGAL("delivered at once", EXIT(INTR, AT(L)), ENTRY(AT(L)), at_once),
		      LEGAL("delivered one instruction later", EXIT(INTR, AT(L)), ENTRY(AT(L)),
			    one_later));
}

CASE(posted_and_nmi, "V112", "an NMI exits before a pending notification is processed", POSTED)
{
	struct vcpu *v = start_posted();

	vcpu_intercept(v, INTERCEPT_NMI, true);
	pend_nmi();
	run_to(v, EXIT_NMI, L);
	run_to_end(v);
	expect_one_of(LEGAL("delivered at once", EXIT(NMI, AT(L)), ENTRY(AT(L)), at_once),
		      LEGAL("delivered one instruction later", EXIT(NMI, AT(L)), ENTRY(AT(L)),
			    one_later));
}
