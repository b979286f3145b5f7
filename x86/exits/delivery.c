/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A delivery that the hypervisor interrupts: its stack is not there in the nested page tables, or
 * an exception in it exits. The exit names the event that was being delivered, so that the
 * hypervisor can inject it again once it has mended the cause. The event is taken by then: an
 * interrupt is in service, V_IRQ is 0.
 */
#define FAMILY "delivery"
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/virtual_irq.h"

#define DURING_DELIVERY "APM 2, Intercepts During IDT Interrupt Delivery"

/* A guest whose vector @vector is delivered onto a stack that nested paging lacks. */
static struct vcpu *start_without_stack(u8 vector, unsigned int ist)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	gate_stack_set(vector, ist);
	v = hv_start_with((struct hv_options){ .nested_paging = true });
	vcpu_map_page(v, interrupt_stack_page(ist), false);
	return v;
}

static void mend_stack_and_repeat(struct vcpu *v, unsigned int ist, u64 event)
{
	vcpu_map_page(v, interrupt_stack_page(ist), true);
	vcpu_inject(v, event);
	run_to_end(v);
}

CASE(irq, "S38",
     "an interrupt whose delivery meets a nested page fault is in service, and the exit names it; injected again, it is delivered once",
     DURING_DELIVERY)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	the_scene()->in_rflags |= RFLAGS_IF;
	v = start_without_stack(VEC, IST_IRQ);
	pend_irq(VEC);
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	check(lapic_isr(VEC) && !lapic_irr(VEC), "the interrupt is not in service");
	mend_stack_and_repeat(v, IST_IRQ, external(VEC));
	expect(EXIT(NESTED_PAGE_FAULT, AT(L), DURING(external(VEC))),
	       ENTRY(AT(L), INJECT(external(VEC))), IRQ(VEC, AT(L), IF(1)));
}

CASE(virtual_irq, "S39",
     "a virtual interrupt whose delivery meets a nested page fault is no longer pending, and the exit names it",
     DURING_DELIVERY "; " VIRTUAL_INTERRUPTS)
{
	struct vcpu *v;

	scene(STI, NOP, L(NOP), NOP);
	v = start_without_stack(VEC_VIRTUAL, IST_IRQ);
	svm_virtual_irq(v, plain);
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	check(!svm_virtual_irq_pending(v), "V_IRQ is still set");
	mend_stack_and_repeat(v, IST_IRQ, external(VEC_VIRTUAL));
	expect(EXIT(NESTED_PAGE_FAULT, AT(L), DURING(external(VEC_VIRTUAL))),
	       ENTRY(AT(L), INJECT(external(VEC_VIRTUAL))), INTN(VEC_VIRTUAL, AT(L), IF(1)));
}

CASE(virtual_nmi, "S40",
     "a virtual NMI whose delivery meets a nested page fault is not masked afterwards, and the exit names it",
     "APM 2, NMI Virtualization")
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_without_stack(NMI_VECTOR, IST_NMI);
	require(svm_offers(CPUID_8000000A_EDX_VNMI), "virtual NMIs (CPUID 8000000AH EDX bit 25)");
	svm_virtual_nmi(v);
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	check(!(svm_virtual_interrupts(v) & V_NMI_MASK), "V_NMI_MASK is set");
	mend_stack_and_repeat(v, IST_NMI, nmi());
	expect(EXIT(NESTED_PAGE_FAULT, AT(L), DURING(nmi())), ENTRY(AT(L), INJECT(nmi())),
	       NMI(AT(L)));
}

/*
 * Whether the exit saves an interrupt shadow is left open: some CPUs save the host's, of its STI.
 */
CASE(injected, "S46",
     "an injected #GP whose delivery meets a nested page fault exits before the guest executes anything, and the exit names it; VMRUN was in the shadow of the host's STI",
     DURING_DELIVERY "; APM 2, Event Injection")
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_without_stack(GP_VECTOR, IST_FAULT);
	svm_host_sti(v);
	vcpu_inject(v, gp(0));
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	observed("interrupt shadow %lu", vcpu_state(v) & STATE_SHADOW ? 1ul : 0ul);
	mend_stack_and_repeat(v, IST_FAULT, gp(0));
	expect(ENTRY(AT(L), INJECT(gp(0))), EXIT(NESTED_PAGE_FAULT, AT(L), DURING(gp(0))),
	       ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)));
}

/* --- What else EXITINTINFO names: "Guest Exception or Interrupt Types" --- */

struct interrupted {
	u16 instruction;
	u8 vector, ist;
	u64 event;
	bool run_again; /* the instruction, instead of injecting the event */
	struct want entry, delivery;
};

static void named(const void *argument)
{
	const struct interrupted *c = argument;
	struct vcpu *v;

	scene(L(c->instruction), NOP);
	v = start_without_stack(c->vector, c->ist);
	if (c->vector == NMI_VECTOR)
		pend_nmi();
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	vcpu_map_page(v, interrupt_stack_page(c->ist), true);
	if (!c->run_again)
		vcpu_inject(v, c->event);
	run_to_end(v);
	expect(EXIT(NESTED_PAGE_FAULT, AT(L), DURING(c->event)), c->entry, c->delivery);
}

#define NAMED(id, name, ...)                                                                       \
	CASE_WITH(id, "S38",                                                                       \
		  "the exit from the delivery of " name " names it, and it is delivered once",     \
		  DURING_DELIVERY, named, interrupted, __VA_ARGS__)

#define NMI_EVENT (EVENT_VALID | EVENT_NMI << 8 | NMI_VECTOR)
#define GP_EVENT  (EVENT_VALID | EVENT_HAS_ERROR | EVENT_EXCEPTION << 8 | GP_VECTOR)
#define BP_EVENT  (EVENT_VALID | EVENT_EXCEPTION << 8 | BP_VECTOR)
#define INT_EVENT (EVENT_VALID | EVENT_SOFT_INT << 8 | VEC_SOFT)

NAMED(physical_nmi, "an NMI", .instruction = NOP, .vector = NMI_VECTOR, .ist = IST_NMI,
      .event = NMI_EVENT, .entry = ENTRY(AT(L), INJECT(NMI_EVENT)), .delivery = NMI(AT(L)));
NAMED(general_protection, "#GP, its error code included,", .instruction = LOAD_NONCANONICAL,
      .vector = GP_VECTOR, .ist = IST_FAULT, .event = GP_EVENT,
      .entry = ENTRY(AT(L), INJECT(GP_EVENT)), .delivery = GP(0, AT(L)));
NAMED(int_n, "INT n, as a software interrupt,", .instruction = INT_50, .vector = VEC_SOFT,
      .ist = IST_IRQ, .event = INT_EVENT, .run_again = true, .entry = ENTRY(AT(L)),
      .delivery = INTN(VEC_SOFT, AT(AFTER(L))));
NAMED(int3, "INT3, as an exception,", .instruction = INT3, .vector = BP_VECTOR, .ist = IST_FAULT,
      .event = BP_EVENT, .run_again = true, .entry = ENTRY(AT(L)), .delivery = BP(AT(AFTER(L))));

/* #NP of MOV DS, whose gate raises #GP: together they make #DF. */
static struct vcpu *start_np_then_gp(u32 intercepted)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(MOV_DS), M(NOP), NOP);
	the_scene()->in.r11 = SEL_NOT_PRESENT;
	the_scene()->expect_abort = true;
	gate_unusable(NP_VECTOR);
	v = hv_start();
	vcpu_intercept_exceptions(v, intercepted);
	return v;
}

static void check_vector(const struct guest_exit *exit, u8 vector)
{
	check(exit->raw == SVM_EXIT_EXCEPTION_FIRST + vector, "the exit is %#lx, not by vector %u",
	      exit->raw, vector);
}

CASE(second_exception, "S37",
     "an exception in the delivery of another exits as what it is, before both make #DF; the exit names the first",
     "APM 2, Exception Intercepts")
{
	u64 np = fault(NP_VECTOR, SEL_NOT_PRESENT);
	struct vcpu *v = start_np_then_gp(BIT(GP_VECTOR) | BIT(DF_VECTOR));

	check_vector(run_to(v, EXIT_EXCEPTION, L), GP_VECTOR);
	gate_set(NP_VECTOR, INTERRUPT_GATE, IST_NONE, 0);
	vcpu_inject(v, np);
	run_to_end(v);
	expect(EXIT(EXCEPTION, AT(L), DURING(np)), ENTRY(AT(L), INJECT(np)),
	       NP(SEL_NOT_PRESENT, AT(L)));
}

CASE(double_fault, "S37",
     "with only #DF intercepted, an exception in the delivery of another exits as #DF",
     "APM 2, Exception Intercepts")
{
	struct vcpu *v = start_np_then_gp(BIT(DF_VECTOR));

	check_vector(run_to(v, EXIT_EXCEPTION, PLACE_ANY), DF_VECTOR); /* RIP is undefined */
	vcpu_set(v, VCPU_RIP, address_of(M));
	run_to_end(v);
	expect(EXIT(EXCEPTION), ENTRY(AT(M)));
}

/* The APM's own example: #GP whose delivery raises #NP makes #DF, whose delivery raises #PF. */
CASE(page_fault_in_double_fault, "S37",
     "an exception that exits in the delivery of #DF: the exit names the #DF, into which those before it have merged",
     DURING_DELIVERY)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(LOAD_NONCANONICAL), M(NOP), NOP);
	gate_remove(GP_VECTOR);
	gate_stack_set(DF_VECTOR, IST_ABSENT);
	v = hv_start();
	vcpu_intercept_exceptions(v, BIT(PF_VECTOR));
	check_vector(run_to(v, EXIT_EXCEPTION, PLACE_ANY), PF_VECTOR); /* RIP is undefined */
	vcpu_set(v, VCPU_RIP, address_of(M));
	run_to_end(v);
	expect(EXIT(EXCEPTION, DURING(fault(DF_VECTOR, 0))), ENTRY(AT(M)));
}
