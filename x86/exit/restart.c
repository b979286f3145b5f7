/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instruction that runs twice: first its page is missing from the nested page tables, then it
 * exits for what it does, and the hypervisor answers with a fault. To the guest that is one
 * instruction: an interrupt comes before it or after the fault, and both come once. And a guest
 * that shuts down: only its hypervisor sees it.
 */
#include "stage/case.h"
#include "hv/hv.h"

/* The guest goes to an RDMSR of a missing MSR, on a page that the nested page tables lack. */
static struct vcpu *start_towards_absent_page(void)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(NOP, L(JMP_ELSEWHERE), NOP);
	scene_go_elsewhere(s, PLAY_CODE, RDMSR);
	s->in_rflags |= RFLAGS_IF;
	v = hv_start_with((struct hv_options){ .nested_paging = true });
	vcpu_map_page(v, playground_page(PLAY_CODE), false);
	return v;
}

static void mend_and_answer(struct vcpu *v)
{
	vcpu_map_page(v, playground_page(PLAY_CODE), true);
	run_to(v, EXIT_RDMSR, ELSEWHERE);
	vcpu_inject(v, gp(0));
	run_to_end(v);
}

CASE(irq_in_root, "A20",
     "an interrupt that arrives while the hypervisor maps an instruction's page is served before that instruction, which then exits once and faults once",
     FAULTS_VS_EXITS)
{
	struct vcpu *v = start_towards_absent_page();

	run_to(v, EXIT_NESTED_PAGE_FAULT, ELSEWHERE);
	pend_irq(VEC);
	mend_and_answer(v);
	expect(EXIT(NESTED_PAGE_FAULT, AT(ELSEWHERE), NO_EVENT), ENTRY(AT(ELSEWHERE)),
	       IRQ(VEC, AT(ELSEWHERE), IF(1)), EXIT(RDMSR, AT(ELSEWHERE), NO_EVENT),
	       ENTRY(AT(ELSEWHERE), INJECT(gp(0))), GP(0, AT(ELSEWHERE)));
}

CASE(irq_after_page, "A20",
     "an interrupt that arrives while the hypervisor handles the exit of the restarted instruction comes after the #GP that the hypervisor injects",
     EVENT_INJECTION)
{
	struct vcpu *v = start_towards_absent_page();

	run_to(v, EXIT_NESTED_PAGE_FAULT, ELSEWHERE);
	vcpu_map_page(v, playground_page(PLAY_CODE), true);
	run_to(v, EXIT_RDMSR, ELSEWHERE);
	pend_irq(VEC);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(EXIT(NESTED_PAGE_FAULT, AT(ELSEWHERE), NO_EVENT), ENTRY(AT(ELSEWHERE)),
	       EXIT(RDMSR, AT(ELSEWHERE), NO_EVENT), ENTRY(AT(ELSEWHERE), INJECT(gp(0))),
	       GP(0, AT(ELSEWHERE)), IRQ(VEC, AT(AFTER_IRET), IF(1)));
}

CASE(irq_at_boundary, "A20",
     "an interrupt that is pending when the guest jumps to a page that is not mapped is served before the exit for that page",
     FAULTS_VS_EXITS)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(STI, L(JMP_ELSEWHERE), NOP);
	scene_go_elsewhere(s, PLAY_CODE, RDMSR);
	v = hv_start_with((struct hv_options){ .nested_paging = true });
	vcpu_map_page(v, playground_page(PLAY_CODE), false);
	pend_irq(VEC);
	run_to(v, EXIT_NESTED_PAGE_FAULT, ELSEWHERE);
	mend_and_answer(v);
	expect(IRQ(VEC, AT(ELSEWHERE), IF(1)), EXIT(NESTED_PAGE_FAULT, AT(ELSEWHERE), NO_EVENT),
	       ENTRY(AT(ELSEWHERE)), EXIT(RDMSR, AT(ELSEWHERE), NO_EVENT),
	       ENTRY(AT(ELSEWHERE), INJECT(gp(0))), GP(0, AT(ELSEWHERE)));
}

CASE(shadow, "E10,A20",
     "an instruction in the shadow of STI that exits for its missing page keeps the shadow: restarted, it still comes before a pending interrupt",
     VMX_INTERRUPTIBILITY "; APM 2, Interrupt Shadows", "instructions.untouched")
{
	u64 blocking = hv_is_vmx() ? STATE_BLOCKED_BY_STI : STATE_SHADOW;
	struct vcpu *v;

	scene(STI, L(LOAD), M(NOP), NOP);
	v = hv_start_with((struct hv_options){ .nested_paging = true });
	vcpu_map_page(v, playground_page(PLAY_WRITABLE), false);
	pend_irq(VEC);
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	vcpu_map_page(v, playground_page(PLAY_WRITABLE), true);
	run_to_end(v);
	expect(EXIT(NESTED_PAGE_FAULT, AT(L), NO_EVENT, BLOCKED(blocking)),
	       ENTRY(AT(L), BLOCKED(blocking)), IRQ(VEC, AT(M), IF(1)));
}

CASE(shutdown, "I11,S51,V92",
     "a #DF that cannot be delivered exits to the hypervisor, and no handler of the guest runs; a pending interrupt stays pending",
     "SDM 3A, Double Fault Exception; SDM 3C, Other Causes of VM Exits; APM 2, Shutdown Intercept")
{
	struct vcpu *v;

	scene(STI, L(UD2));
	gate_unusable(UD_VECTOR);
	gate_unusable(GP_VECTOR);
	gate_unusable(DF_VECTOR);
	v = hv_start();
	pend_irq(VEC);
	run_to(v, EXIT_TRIPLE_FAULT, PLACE_ANY);
	check(lapic_irr(VEC), "the interrupt is no longer pending");
	expect(EXIT(TRIPLE_FAULT));
}
