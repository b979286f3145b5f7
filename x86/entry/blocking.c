/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM entry without an injection, with an interrupt pending: entry itself is a boundary. Without
 * blocking the interrupt is served before the guest executes anything; under blocking by STI or MOV
 * SS (SVM: the interrupt shadow) after one instruction, or when that instruction incurs an
 * exception. An instruction that exits keeps the blocking: the hypervisor that completes it has to
 * clear it.
 */
#include "stage/case.h"
#include "hv/hv.h"

#define AFTER_ENTRY VMX_INTERRUPTIBILITY "; APM 2, Interrupt Shadows"

CASE(not_blocked, "V18",
     "an interrupt that is pending at VM entry is served before the guest's first instruction",
     AFTER_ENTRY)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	v = start_with_interrupts_on();
	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

static void one_instruction_later(u64 state)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	v = start_with_interrupts_on();
	vcpu_set_state(v, state);
	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(AFTER(L)), IF(1)));
}

CASE(blocked_by_sti, "V19",
     "with blocking by STI at VM entry a pending interrupt is served one instruction later",
     AFTER_ENTRY, "shadow.sti_nop")
{
	one_instruction_later(STATE_BLOCKED_BY_STI);
}

/* SVM's one shadow bit does not tell MOV SS from STI. */
CASE(blocked_by_mov_ss, "V20",
     "with blocking by MOV SS at VM entry a pending interrupt is served one instruction later",
     AFTER_ENTRY)
{
	require(!hv_is_svm(), "blocking by MOV SS as a state of its own, which SVM does not have");
	one_instruction_later(STATE_BLOCKED_BY_MOV_SS);
}

CASE_BOTH_GATES(
	blocked_ud, "V21",
	"with blocking by STI at VM entry, the #UD of the first instruction is delivered before a pending interrupt",
	AFTER_IRET_OF("#UD"), AT_HANDLER_OF("#UD"), AFTER_ENTRY, "faults.shadow_ud")
{
	const struct want fault = UD(AT(L), IF(1));
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", fault,
		      IRQ(VEC, AT(first_open(gate, UD_VECTOR)), IF(1))),
		LEGAL("the shadow outlived the delivery", fault, IRQ(VEC, IF(1))),
	};
	struct vcpu *v;

	scene(L(UD2), NOP, NOP);
	gate_type_set(UD_VECTOR, gate);
	v = start_with_interrupts_on();
	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	pend_irq(VEC);
	run_to_end(v);
	expect_order(legal, orders_after_shadow(gate));
}

/* --- The first instruction exits, and the hypervisor completes it --- */

static u64 saved_blocking(void)
{
	return hv_is_vmx() ? STATE_BLOCKED_BY_STI : STATE_SHADOW;
}

static void complete_rdmsr(struct vcpu *v, u64 state_after, int irq_at)
{
	run_to(v, EXIT_RDMSR, L);
	vcpu_skip_instruction(v);
	vcpu_set_state(v, state_after);
	run_to_end(v);
	expect(EXIT(RDMSR, AT(L), BLOCKED(saved_blocking())), ENTRY(AT(AFTER(L))),
	       IRQ(VEC, AT(irq_at), IF(1)));
}

static struct vcpu *enter_blocked_at_rdmsr(void)
{
	struct vcpu *v;

	scene(L(RDMSR), M(NOP), T(NOP), NOP);
	v = start_with_interrupts_on();
	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	pend_irq(VEC);
	return v;
}

CASE(completed_blocking_cleared, "V22,S31",
     "an RDMSR that exits under blocking by STI saves the blocking; if the hypervisor completes RDMSR and clears the blocking, a pending interrupt is served at once",
     AFTER_ENTRY)
{
	complete_rdmsr(enter_blocked_at_rdmsr(), 0, M);
}

CASE(completed_blocking_kept, "V22,S31",
     "an RDMSR that exits under blocking by STI saves the blocking; if the hypervisor completes RDMSR and keeps the blocking, a pending interrupt is served one instruction too late",
     AFTER_ENTRY)
{
	complete_rdmsr(enter_blocked_at_rdmsr(), STATE_BLOCKED_BY_STI, T);
}

CASE(guest_sti_completed_blocking_cleared, "V22,S31",
     "an RDMSR in the shadow of the guest's own STI exits; if the hypervisor completes RDMSR and clears the blocking, a pending interrupt comes right after RDMSR, as on bare hardware",
     AFTER_ENTRY)
{
	scene(SELF_IPI, WAIT_IRR, STI, L(RDMSR), M(NOP), T(NOP), NOP);
	complete_rdmsr(hv_start(), 0, M);
}

CASE(guest_sti_completed_blocking_kept, "V22,S31",
     "an RDMSR in the shadow of the guest's own STI exits; if the hypervisor completes RDMSR and keeps the blocking, a pending interrupt comes one instruction later than on bare hardware",
     AFTER_ENTRY)
{
	scene(SELF_IPI, WAIT_IRR, STI, L(RDMSR), M(NOP), T(NOP), NOP);
	complete_rdmsr(hv_start(), STATE_BLOCKED_BY_STI, T);
}
