/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM entry without an injection, with an interrupt pending: entry itself is a boundary. Without
 * blocking the interrupt is served before the guest executes anything; under blocking by STI or MOV
 * SS (SVM: the interrupt shadow) after one instruction, or when that instruction incurs an
 * exception. An instruction that exits keeps the blocking: the hypervisor that completes it has to
 * clear it.
 */
#define FAMILY "entry"
#include "stage/case.h"
#include "hv/guest_irq.h"
#include "hv/hv.h"

#define AFTER_ENTRY                                                                                \
	"SDM 3C, Interruptibility State; APM 2, Interrupt "                                        \
	"Shadows"

CASE(not_blocked, "V18",
     "an interrupt pending at VM entry is served before the guest's first instruction", AFTER_ENTRY)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	v = start_with_interrupts_on();
	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

static void one_instruction_later(const void *argument)
{
	u64 state = *(const u64 *)argument;
	struct vcpu *v;

	if (state == STATE_BLOCKED_BY_MOV_SS && hv_is_svm())
		skip("SVM's one shadow bit does not tell MOV SS from STI: see entry.blocked_by_sti");
	scene(L(NOP), NOP, NOP);
	v = start_with_interrupts_on();
	vcpu_set_state(v, state);
	pend_irq(VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(AFTER(L)), IF(1)));
}

static const u64 by_sti = STATE_BLOCKED_BY_STI, by_mov_ss = STATE_BLOCKED_BY_MOV_SS;

TWIN_OF(blocked_by_sti, "V19",
	"blocked by STI at VM entry, the interrupt is served one instruction later", AFTER_ENTRY,
	"shadow.sti_nop", one_instruction_later, &by_sti);
CASE_OF(blocked_by_mov_ss, "V20",
	"blocked by MOV SS at VM entry, the interrupt is served one instruction later", AFTER_ENTRY,
	one_instruction_later, &by_mov_ss);

static void fault_under_blocking(enum gate_type gate, int irq_at)
{
	struct vcpu *v;

	scene(L(UD2), NOP, NOP);
	gate_type_set(UD_VECTOR, gate);
	v = start_with_interrupts_on();
	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	pend_irq(VEC);
	run_to_end(v);
	expect_behind_shadow(irq_at, UD(AT(L), IF(1)));
}

static void ud_interrupt_gate(const void *argument __attribute__((unused)))
{
	fault_under_blocking(INTERRUPT_GATE, AFTER_IRET);
}

static void ud_trap_gate(const void *argument __attribute__((unused)))
{
	fault_under_blocking(TRAP_GATE, ENTRY_OF(UD_VECTOR));
}

TWIN_OF(blocked_ud_interrupt_gate, "V21",
	"blocked by STI at VM entry, a first instruction that faults comes first; the interrupt waits for the IRET of #UD",
	AFTER_ENTRY, "faults.shadow_ud_interrupt_gate", ud_interrupt_gate, NULL);
TWIN_OF(blocked_ud_trap_gate, "V21",
	"blocked by STI at VM entry, a first instruction that faults comes first; delivery ends the blocking",
	AFTER_ENTRY, "faults.shadow_ud_trap_gate", ud_trap_gate, NULL);

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
     "an exit keeps blocking by STI; the hypervisor completes RDMSR and clears it: the interrupt is served at once",
     AFTER_ENTRY)
{
	complete_rdmsr(enter_blocked_at_rdmsr(), 0, M);
}

CASE(completed_blocking_kept, "V22,S31",
     "the hypervisor completes RDMSR and keeps the blocking: the interrupt is served one instruction too late for the guest",
     AFTER_ENTRY)
{
	complete_rdmsr(enter_blocked_at_rdmsr(), STATE_BLOCKED_BY_STI, T);
}

CASE(guest_sti_completed_blocking_cleared, "V22,S31",
     "the guest's own STI; RDMSR: completed with the blocking cleared, the interrupt comes behind RDMSR as on bare hardware",
     AFTER_ENTRY)
{
	scene(GUEST_PENDS_IRQ, STI, L(RDMSR), M(NOP), T(NOP), NOP);
	complete_rdmsr(hv_start(), 0, M);
}

CASE(guest_sti_completed_blocking_kept, "V22,S31",
     "the guest's own STI; RDMSR: completed with the blocking kept, the interrupt comes one instruction later",
     AFTER_ENTRY)
{
	scene(GUEST_PENDS_IRQ, STI, L(RDMSR), M(NOP), T(NOP), NOP);
	complete_rdmsr(hv_start(), STATE_BLOCKED_BY_STI, T);
}
