/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event whose delivery meets a page that the hypervisor has taken away. The exit comes from the
 * middle of the delivery: RIP is still that of the event, and the IDT-vectoring information (VMX)
 * or EXITINTINFO (SVM) names it, so that the hypervisor can mend the page and inject the event
 * again. The event has taken effect before the exit: an interrupt is in service, an NMI blocks NMIs
 * (VMX), a shadow has ended. What else is pending is not touched, and comes after the event.
 *
 * The vendors name software events differently, and only VMX needs an instruction's length to
 * inject one again; on SVM the instruction is executed again instead.
 */
#include "lost_page.h"
#include "svm/controls.h"

#define BEFORE_EXIT "SDM 3C, Architectural State Before a VM Exit"

static void require_vendor(bool vmx)
{
	if (vmx)
		require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	else
		require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
}

/* --- A maskable interrupt --- */

struct interrupt {
	bool vmx;
	enum lost_page lost;
};

static void interrupt(const struct interrupt *i)
{
	struct scene *s;
	struct vcpu *v;

	require_vendor(i->vmx);
	s = scene(L(NOP), NOP);
	s->in_rflags |= RFLAGS_IF;
	v = start_without(i->lost, VEC);
	pend_irq(VEC);
	exit_and_mend(v, i->lost, L);
	check(!lapic_irr(VEC) && lapic_isr(VEC), "IRR %d, ISR %d", lapic_irr(VEC), lapic_isr(VEC));
	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(L)), ENTRY(AT(L), INJECT(external(VEC))),
	       IRQ(VEC, AT(L), IF(1)));
}

TABLE(vmx_interrupt_stack, "V88",
      "VMX: an interrupt whose stack the hypervisor has unmapped is in service when it exits, and the exit names it; injected again, it is delivered once, at the same RIP",
      IDT_VECTORING, interrupt, .vmx = true, .lost = LOST_STACK);
TABLE(vmx_interrupt_idt, "V88",
      "VMX: an interrupt whose IDT the hypervisor has unmapped is in service when it exits, and the exit names it; injected again, it is delivered once, at the same RIP",
      IDT_VECTORING, interrupt, .vmx = true, .lost = LOST_IDT);
TABLE(svm_interrupt_stack, "S38",
      "SVM: an interrupt whose stack the hypervisor has unmapped is in service when it exits, and the exit names it; injected again, it is delivered once, at the same RIP",
      EXITINTINFO, interrupt, .vmx = false, .lost = LOST_STACK);

CASE(vmx_interrupt_cpl3, "V88",
     "VMX: an interrupt of CPL 3 whose stack the hypervisor has unmapped exits, and the exit names it; injected again, it is delivered once, at the same RIP",
     IDT_VECTORING)
{
	struct vcpu *v;

	require_vendor(true);
	scene(PUSH_IRET_FRAME_CPL3, IRETQ, UD2, T(NOP), NOP);
	v = start_without(LOST_STACK, VEC);
	pend_irq(VEC);
	exit_and_mend(v, LOST_STACK, T);
	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(T)), ENTRY(AT(T), INJECT(external(VEC))),
	       IRQ(VEC, AT(T), CPL(3), IF(1)));
}

/* The guest has exited from the delivery of VEC, and VEC is to be injected again. */
static struct vcpu *interrupt_to_inject_again(void)
{
	struct scene *s;
	struct vcpu *v;

	require_vendor(true);
	s = scene(L(NOP), NOP);
	s->in_rflags |= RFLAGS_IF;
	v = start_without(LOST_STACK, VEC);
	pend_irq(VEC);
	exit_and_mend(v, LOST_STACK, L);
	vcpu_inject(v, external(VEC));
	return v;
}

CASE(vmx_interrupt_then_nmi, "V94",
     "VMX: an NMI that arrives in root comes after an interrupt that is injected again, at the first instruction of its handler",
     IDT_VECTORING)
{
	struct vcpu *v = interrupt_to_inject_again();

	pend_nmi();
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(L)), ENTRY(AT(L), INJECT(external(VEC))),
	       IRQ(VEC, AT(L), IF(1)), NMI(AT(ENTRY_OF(VEC))));
}

CASE(vmx_interrupt_then_interrupt, "V94",
     "VMX: a higher interrupt that arrives in root comes after an interrupt that is injected again, at the first instruction of its handler, entered through a trap gate",
     IDT_VECTORING)
{
	struct vcpu *v = interrupt_to_inject_again();

	gate_type_set(VEC, TRAP_GATE);
	pend_irq(VEC_HIGH);
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(L)), ENTRY(AT(L), INJECT(external(VEC))),
	       IRQ(VEC, AT(L), IF(1)), IRQ(VEC_HIGH, AT(ENTRY_OF(VEC)), IF(1)));
}

/* --- An NMI --- */

static struct vcpu *start_nmi_without_stack(bool vmx, u64 rflags)
{
	struct scene *s;

	require_vendor(vmx);
	s = scene(L(NOP), NOP);
	s->in_rflags |= rflags;
	return start_without(LOST_STACK, NMI_VECTOR);
}

static void inject_nmi_again(struct vcpu *v)
{
	gate_stack_set(NMI_VECTOR, IST_FAULT); /* pend_nmi() has put the gate back */
	exit_and_mend(v, LOST_STACK, L);
	if (hv_is_vmx())
		vcpu_set_state(v, 0);
	vcpu_inject(v, nmi());
	run_to_end(v);
}

CASE(vmx_nmi, "V89",
     "VMX: an NMI whose stack the hypervisor has unmapped exits, and the exit names it and saves blocking by NMI; injected again, it is delivered once",
     BEFORE_EXIT)
{
	struct vcpu *v = start_nmi_without_stack(true, RFLAGS_IF);

	pend_nmi();
	inject_nmi_again(v);
	expect(EXIT_DURING(nmi(), AT(L), BLOCKED(STATE_BLOCKED_BY_NMI)),
	       ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)));
}

CASE(svm_nmi, "S38",
     "SVM: an NMI whose stack the hypervisor has unmapped exits, and the exit names it; injected again, it is delivered once",
     EXITINTINFO)
{
	struct vcpu *v = start_nmi_without_stack(false, 0);

	pend_nmi();
	inject_nmi_again(v);
	expect(EXIT_DURING(nmi(), AT(L)), ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)));
}

CASE(vmx_injected_nmi, "V89",
     "VMX: an injected NMI whose stack the hypervisor has unmapped exits, and the exit names it and saves blocking by NMI; injected again, it is delivered once",
     BEFORE_EXIT)
{
	struct vcpu *v = start_nmi_without_stack(true, RFLAGS_IF);

	vcpu_inject(v, nmi());
	inject_nmi_again(v);
	expect(ENTRY(AT(L), INJECT(nmi())),
	       EXIT_DURING(nmi(), AT(L), BLOCKED(STATE_BLOCKED_BY_NMI)),
	       ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)));
}

/* --- Software events and a fault --- */

struct instruction {
	bool vmx;
	u16 instruction;
	u64 event;	/* as the exit names it */
	u32 length;	/* VMX: of the instruction, with which a software event is injected again */
	bool run_again; /* SVM: the instruction is executed again, and nothing is injected */
	struct want again;
};

static void instruction(const struct instruction *i)
{
	const struct want entry = i->run_again ? ENTRY(AT(L)) : ENTRY(AT(L), INJECT(i->event));
	struct vcpu *v;

	require_vendor(i->vmx);
	scene(L(i->instruction), NOP);
	v = start_without(LOST_STACK, EVENT_VECTOR(i->event));
	exit_and_mend(v, LOST_STACK, L);
	if (i->length) {
		check(vcpu_details(v).length == i->length, "the instruction's length is %u",
		      vcpu_details(v).length);
		vcpu_inject_software(v, i->event, i->length);
	} else if (!i->run_again) {
		vcpu_inject(v, i->event);
	}
	run_to_end(v);
	expect(EXIT_DURING(i->event, AT(L)), entry, i->again);
}

#define PLAIN_EVENT(type, vector) (EVENT_VALID | (u64)(type) << 8 | (vector))
#define GP_EVENT		  (EVENT_HAS_ERROR | PLAIN_EVENT(EVENT_EXCEPTION, GP_VECTOR))

TABLE(vmx_int_n, "V90",
      "VMX: an INT n whose stack the hypervisor has unmapped exits as a software interrupt, with its length; injected again, it saves the address of the next instruction",
      IDT_VECTORING, instruction, .vmx = true, .instruction = INT_50, .length = 2,
      .event = PLAIN_EVENT(EVENT_SOFT_INT, VEC_SOFT), .again = INTN(VEC_SOFT, AT(AFTER(L))));
TABLE(svm_int_n, "S38",
      "SVM: an INT n whose stack the hypervisor has unmapped exits as a software interrupt; executed again, it is delivered once",
      EXITINTINFO, instruction, .vmx = false, .instruction = INT_50, .run_again = true,
      .event = PLAIN_EVENT(EVENT_SOFT_INT, VEC_SOFT), .again = INTN(VEC_SOFT, AT(AFTER(L))));
TABLE(vmx_int3, "V90",
      "VMX: an INT3 whose stack the hypervisor has unmapped exits as a software exception, with its length; injected again, it saves the address of the next instruction",
      IDT_VECTORING, instruction, .vmx = true, .instruction = INT3, .length = 1,
      .event = PLAIN_EVENT(EVENT_SOFT_EXCEPTION, BP_VECTOR), .again = BP(AT(AFTER(L))));
TABLE(svm_int3, "S38",
      "SVM: an INT3 whose stack the hypervisor has unmapped exits as an exception; executed again, it is delivered once",
      EXITINTINFO, instruction, .vmx = false, .instruction = INT3, .run_again = true,
      .event = PLAIN_EVENT(EVENT_EXCEPTION, BP_VECTOR), .again = BP(AT(AFTER(L))));
TABLE(vmx_int1, "V90",
      "VMX: an INT1 whose stack the hypervisor has unmapped exits as a privileged software exception, with its length; injected again, it saves the address of the next instruction",
      IDT_VECTORING, instruction, .vmx = true, .instruction = INT1, .length = 1,
      .event = PLAIN_EVENT(EVENT_PRIVILEGED_SOFT_EXCEPTION, DB_VECTOR), .again = DB(AT(AFTER(L))));
TABLE(vmx_gp, "V90",
      "VMX: a #GP whose stack the hypervisor has unmapped exits as a hardware exception, with its error code; injected again, it is a fault that saves RF=1",
      IDT_VECTORING, instruction, .vmx = true, .instruction = LOAD_NONCANONICAL, .event = GP_EVENT,
      .again = GP(0, AT(L), RF(1)));
TABLE(svm_gp, "S38",
      "SVM: a #GP whose stack the hypervisor has unmapped exits as an exception, with its error code; injected again, it is delivered once",
      EXITINTINFO, instruction, .vmx = false, .instruction = LOAD_NONCANONICAL, .event = GP_EVENT,
      .again = GP(0, AT(L)));

/* --- What VM entry injects --- */

CASE_BOTH_GATES(
	vmx_injected_gp, "V17",
	"VMX: an injected #GP whose stack the hypervisor has unmapped exits, ends blocking by STI and leaves an interrupt pending; when #GP is injected again it is delivered first",
	AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), BEFORE_EXIT)
{
	struct scene *s;
	struct vcpu *v;

	require_vendor(true);
	s = scene(L(NOP), NOP, NOP);
	s->in_rflags |= RFLAGS_IF;
	gate_type_set(GP_VECTOR, gate);
	v = start_without(LOST_STACK, GP_VECTOR);
	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	pend_irq(VEC);
	vcpu_inject(v, gp(0));
	exit_and_mend(v, LOST_STACK, L);
	check(lapic_irr(VEC) && !lapic_isr(VEC), "IRR %d, ISR %d", lapic_irr(VEC), lapic_isr(VEC));
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))),
	       EXIT_DURING(gp(0), AT(L), NOT_BLOCKED(STATE_BLOCKED_BY_STI)),
	       ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       IRQ(VEC, AT(first_open(gate, GP_VECTOR)), IF(1)));
}

/*
 * Whether the exit saves an interrupt shadow is left open: some CPUs save the host's, of its STI.
 */
CASE(svm_injected_gp, "S46",
     "SVM: an injected #GP whose stack the hypervisor has unmapped exits before the guest executes anything, and the exit names it; VMRUN was in the shadow of the host's STI",
     EXITINTINFO "; APM 2, Event Injection")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = start_without(LOST_STACK, GP_VECTOR);
	svm_host_sti(v);
	vcpu_inject(v, gp(0));
	run_to(v, EXIT_NESTED_PAGE_FAULT, L);
	observed("interrupt shadow %lu", vcpu_state(v) & STATE_SHADOW ? 1ul : 0ul);
	vcpu_map_page(v, lost_address(LOST_STACK), true);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), EXIT_DURING(gp(0), AT(L)), ENTRY(AT(L), INJECT(gp(0))),
	       GP(0, AT(L)));
}
