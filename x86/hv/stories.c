/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stories as a guest sees them. The guest's RDMSR of a missing MSR exits, and the hypervisor
 * injects the #GP that bare hardware would have raised. What if an interrupt comes too?
 *
 * S2: it arrives while the hypervisor injects. RDMSR's boundary is over; the guest takes #GP, and
 *     the interrupt at the first boundary where IF is 1. Not simultaneous, from the guest's view.
 *     The native twin is STI; RDMSR: there too the interrupt may not come before the fault.
 * S3: it is pending in the guest before RDMSR exits. Interrupt first, without an exit; its IRET
 *     executes RDMSR again, which exits now, and the #GP is injected: that is how a guest
 *     sees the discarded fault regenerated.
 * S4: it is pending in the guest, and RDMSR stands in the shadow of STI: RDMSR exits first.
 */
#include "machine/settle.h"
#include "stage/case.h"
#include "hv/hv.h"

static const struct hv_options plain, nested = { .nested_paging = true };

static struct vcpu *start(enum gate_type gate, struct hv_options options)
{
	gate_type_set(GP_VECTOR, gate);
	return hv_start_with(options);
}

/* Root waits until the interrupt that the guest started is pending. */
static void wait_in_root(u8 vector)
{
	enum { POLLS = 1 << 24 };

	for (int i = 0; i < POLLS; i++)
		if (lapic_irr(vector))
			return;
	error("vector %#x is not in IRR after %d polls in root", vector, POLLS);
}

static void expect_gp_then_irq(enum gate_type gate)
{
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), IF(1), RF(1)),
	       IRQ(VEC, AT(first_open(gate, GP_VECTOR)), IF(1)));
}

static void arrives_in_root(enum gate_type gate, struct hv_options options)
{
	struct vcpu *v;

	scene(STI, NOP, L(RDMSR));
	v = start(gate, options);
	run_to(v, EXIT_RDMSR, L);
	pend_irq(VEC);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_gp_then_irq(gate);
}

CASE_BOTH_GATES(s2, "V01,V02,S01",
		"S2: an interrupt that arrives while the hypervisor injects #GP comes after #GP",
		AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), EVENT_INJECTION, "stories.sti_rdmsr")
{
	arrives_in_root(gate, plain);
}

CASE_BOTH_GATES(
	s2_timer, "V01,V02,S01",
	"S2: the interrupt of a timer that the guest started and that expires in root comes after the injected #GP",
	AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), EVENT_INJECTION, "stories.sti_rdmsr")
{
	/* 2 ms where a tick is a nanosecond: a translator takes its time at first. */
	enum { LONG_AFTER_THE_EXIT = 2000000 };
	struct vcpu *v;

	scene(ARM_TIMER, STI, NOP, L(RDMSR));
	prepare_timer(longer_than_stalls(LONG_AFTER_THE_EXIT));
	v = start(gate, plain);
	run_to(v, EXIT_RDMSR, L);
	wait_in_root(VEC);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_gp_then_irq(gate);
}

static void expect_irq_then_gp(void)
{
	expect(IRQ(VEC, AT(L), IF(1)),
	       EXIT(RDMSR, AT(L), NOT_BLOCKED(STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS)),
	       ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), IF(1), RF(1)));
}

static void pending_before_exit(enum gate_type gate, struct hv_options options)
{
	struct vcpu *v;

	scene(SELF_IPI, WAIT_IRR, STI, NOP, L(RDMSR));
	v = start(gate, options);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_irq_then_gp();
}

/* How the sentences end where the interrupt has been served before #GP is delivered. */
#define GP_BY_INTERRUPT_GATE "; the injected #GP is delivered through an interrupt gate"
#define GP_BY_TRAP_GATE	     "; the injected #GP is delivered through a trap gate"

CASE_BOTH_GATES(
	s3, "V23,S30",
	"S3: an interrupt that is pending before RDMSR exits is served first, and RDMSR exits when its handler returns",
	GP_BY_INTERRUPT_GATE, GP_BY_TRAP_GATE, FAULTS_VS_EXITS "; " PRIORITY,
	"stories.irq_before_rdmsr")
{
	pending_before_exit(gate, plain);
}

CASE_BOTH_GATES(
	s3_timer, "V23,S30",
	"S3: the interrupt of a timer that expires in the guest before RDMSR exits is served first",
	GP_BY_INTERRUPT_GATE, GP_BY_TRAP_GATE, FAULTS_VS_EXITS "; " PRIORITY,
	"stories.irq_before_rdmsr")
{
	enum { SOON = 2000 };
	struct vcpu *v;

	scene(ARM_TIMER, WAIT_IRR, STI, NOP, L(RDMSR));
	prepare_timer(SOON);
	v = start(gate, plain);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_irq_then_gp();
}

static void exits_in_shadow(enum gate_type gate, struct hv_options options)
{
	u64 shadow = hv_is_vmx() ? STATE_BLOCKED_BY_STI : STATE_SHADOW;
	const struct want exit = EXIT(RDMSR, AT(L), BLOCKED(shadow)),
			  entry = ENTRY(AT(L), INJECT(gp(0))), fault = GP(0, AT(L), IF(1), RF(1));
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", exit, entry, fault,
		      IRQ(VEC, AT(first_open(gate, GP_VECTOR)), IF(1))),
		LEGAL("the shadow outlived the delivery", exit, entry, fault, IRQ(VEC, IF(1))),
	};
	struct vcpu *v;

	scene(SELF_IPI, WAIT_IRR, STI, L(RDMSR));
	v = start(gate, options);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_order(legal, orders_after_shadow(gate));
}

CASE_BOTH_GATES(
	s4, "V24,S30",
	"S4: in the shadow of STI the RDMSR exits first, and the interrupt comes after the injected #GP",
	AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), VMX_INTERRUPTIBILITY, "stories.sti_rdmsr")
{
	exits_in_shadow(gate, plain);
}

/* --- Under nested paging --- */

#define NESTED_S2                                                                                  \
	"S2 under nested paging: an interrupt that arrives while the hypervisor injects #GP "      \
	"comes after #GP"

CASE(s2_nested_paging_interrupt_gate, "V01,S01", NESTED_S2 AFTER_IRET_OF("#GP"), EVENT_INJECTION,
     "stories.sti_rdmsr.interrupt_gate")
{
	arrives_in_root(INTERRUPT_GATE, nested);
}

CASE(s2_nested_paging_trap_gate, "V02,S01", NESTED_S2 AT_HANDLER_OF("#GP"), EVENT_INJECTION,
     "stories.sti_rdmsr.trap_gate")
{
	arrives_in_root(TRAP_GATE, nested);
}

CASE(s3_nested_paging, "V23,S30",
     "S3 under nested paging: an interrupt that is pending before RDMSR exits is served first, and RDMSR exits when its handler returns",
     FAULTS_VS_EXITS "; " PRIORITY, "stories.irq_before_rdmsr.trap_gate")
{
	pending_before_exit(TRAP_GATE, nested);
}

CASE(s4_nested_paging, "V24,S30",
     "S4 under nested paging: in the shadow of STI the RDMSR exits first, and the interrupt comes after the injected #GP",
     VMX_INTERRUPTIBILITY, "stories.sti_rdmsr.trap_gate")
{
	exits_in_shadow(TRAP_GATE, nested);
}
