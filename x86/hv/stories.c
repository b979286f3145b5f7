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
#define FAMILY "stories"
#include "stage/case.h"
#include "stage/citations.h"
#include "hv/guest_irq.h"
#include "hv/hv.h"

#define TWIN_S1_IG "stories.irq_before_rdmsr_interrupt_gate"
#define TWIN_S1_TG "stories.irq_before_rdmsr_trap_gate"
#define TWIN_N1_IG "stories.sti_rdmsr_interrupt_gate"
#define TWIN_N1_TG "stories.sti_rdmsr_trap_gate"

struct variant {
	enum gate_type gate;
	bool nested_paging;
};

static const struct variant behind_interrupt_gate = { INTERRUPT_GATE, false };
static const struct variant behind_trap_gate = { TRAP_GATE, false };
static const struct variant nested_interrupt_gate = { INTERRUPT_GATE, true };
static const struct variant nested_trap_gate = { TRAP_GATE, true };

static struct vcpu *start(const struct variant *variant)
{
	gate_type_set(GP_VECTOR, variant->gate);
	return hv_start_with((struct hv_options){ .nested_paging = variant->nested_paging });
}

/* The first boundary with IF=1 after #GP was delivered. */
static int first_open_boundary(const struct variant *variant)
{
	return variant->gate == TRAP_GATE ? ENTRY_OF(GP_VECTOR) : AFTER_IRET;
}

static void expect_gp_then_irq(const struct variant *variant)
{
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), IF(1), RF(1)),
	       IRQ(VEC, AT(first_open_boundary(variant)), IF(1)));
}

static void s2(const void *argument)
{
	const struct variant *variant = argument;
	struct vcpu *v;

	scene(STI, NOP, L(RDMSR));
	v = start(variant);
	run_to(v, EXIT_RDMSR, L);
	pend_irq(VEC);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_gp_then_irq(variant);
}

/* Root waits until the interrupt that the guest started is pending. */
static void wait_in_root(u8 vector)
{
	enum { POLLS = 1 << 22 };

	for (int i = 0; i < POLLS; i++)
		if (lapic_irr(vector))
			return;
	error("vector %#x is not in IRR after %d polls in root", vector, POLLS);
}

static void s2_timer(const void *argument)
{
	enum { LONG_AFTER_THE_EXIT = 200000 };
	const struct variant *variant = argument;
	struct vcpu *v;

	scene(GUEST_ARMS_TIMER, STI, NOP, L(RDMSR));
	guest_timer(LONG_AFTER_THE_EXIT);
	v = start(variant);
	run_to(v, EXIT_RDMSR, L);
	wait_in_root(VEC);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_gp_then_irq(variant);
}

static void expect_irq_then_gp(void)
{
	expect(IRQ(VEC, AT(L), IF(1)),
	       EXIT(RDMSR, AT(L), NOT_BLOCKED(STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS)),
	       ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), IF(1), RF(1)));
}

static void s3(const void *argument)
{
	struct vcpu *v;

	scene(GUEST_PENDS_IRQ, STI, NOP, L(RDMSR));
	v = start(argument);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_irq_then_gp();
}

static void s3_timer(const void *argument)
{
	enum { SOON = 2000 };
	struct vcpu *v;

	scene(GUEST_ARMS_TIMER, GUEST_WAITS_FOR_TIMER, STI, NOP, L(RDMSR));
	guest_timer(SOON);
	v = start(argument);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_irq_then_gp();
}

static void s4(const void *argument)
{
	const struct variant *variant = argument;
	u64 shadow = hv_is_vmx() ? STATE_BLOCKED_BY_STI : STATE_SHADOW;
	struct vcpu *v;

	scene(GUEST_PENDS_IRQ, STI, L(RDMSR));
	v = start(variant);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_behind_shadow(first_open_boundary(variant), EXIT(RDMSR, AT(L), BLOCKED(shadow)),
			     ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), IF(1), RF(1)));
}

#define BOTH_GATES(id, row, sentence, citation, twin, run)                                         \
	TWIN_OF(id##_interrupt_gate, row, sentence ", #GP behind an interrupt gate", citation,     \
		twin##_IG, run, &behind_interrupt_gate);                                           \
	TWIN_OF(id##_trap_gate, row, sentence ", #GP behind a trap gate", citation, twin##_TG,     \
		run, &behind_trap_gate)

BOTH_GATES(s2, "V01,V02,S01",
	   "an interrupt that arrives while the hypervisor injects #GP comes after it",
	   EVENT_INJECTION, TWIN_N1, s2);
BOTH_GATES(s2_timer, "V01,V02,S01",
	   "a timer, started by the guest, that expires in root comes after the injected #GP",
	   EVENT_INJECTION, TWIN_N1, s2_timer);
BOTH_GATES(s3, "V23,S30",
	   "an interrupt pending before RDMSR exits comes first, and RDMSR exits when it returns",
	   FAULTS_VS_EXITS, TWIN_S1, s3);
BOTH_GATES(s3_timer, "V23,S30", "a timer that expires in the guest before RDMSR exits comes first",
	   FAULTS_VS_EXITS, TWIN_S1, s3_timer);
BOTH_GATES(
	s4, "V24,S30",
	"in the shadow of STI the RDMSR exits first, and the interrupt comes after the injected #GP",
	VMX_INTERRUPTIBILITY, TWIN_N1, s4);

TWIN_OF(s2_nested_paging_interrupt_gate, "V01,S01",
	"S2 under nested paging, #GP behind an interrupt gate", EVENT_INJECTION, TWIN_N1_IG, s2,
	&nested_interrupt_gate);
TWIN_OF(s2_nested_paging_trap_gate, "V02,S01", "S2 under nested paging, #GP behind a trap gate",
	EVENT_INJECTION, TWIN_N1_TG, s2, &nested_trap_gate);
TWIN_OF(s3_nested_paging, "V23,S30", "S3 under nested paging", FAULTS_VS_EXITS, TWIN_S1_TG, s3,
	&nested_trap_gate);
TWIN_OF(s4_nested_paging, "V24,S30", "S4 under nested paging", VMX_INTERRUPTIBILITY, TWIN_N1_TG, s4,
	&nested_trap_gate);
