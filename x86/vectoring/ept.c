/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An event whose delivery meets a page that the hypervisor has taken away. The exit comes from the
 * middle of the delivery: RIP is still that of the event, and the IDT-vectoring information names
 * it, so that the hypervisor can mend the page and inject the event again. The event has taken
 * effect before the exit: an interrupt is acknowledged, an NMI blocks NMIs, a shadow is over. What
 * else is pending is not touched, and comes behind the event.
 */
#define FAMILY "ept"
#include "stage/case.h"
#include "hv/hv.h"

#define IDT_VECTORING "SDM 3C, Information for VM Exits During Event Delivery"
#define BEFORE_EXIT   "SDM 3C, Architectural State Before a VM Exit"

/* "Exit Qualification for EPT Violations" */
enum { EPT_READ = 1 << 0, EPT_WRITE = 1 << 1 };

enum lost_page { LOST_STACK, LOST_IDT };

static u64 lost_address(enum lost_page lost)
{
	return lost == LOST_IDT ? idt_page() : interrupt_stack_page(IST_FAULT);
}

/* The scene becomes a guest that has lost the page for delivering @vector. */
static struct vcpu *start_without(enum lost_page lost, u8 vector, u64 rflags)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	gate_stack_set(vector, IST_FAULT);
	the_scene()->in_rflags |= rflags;
	v = hv_start_with((struct hv_options){ .nested_paging = true });
	vcpu_map_page(v, lost_address(lost), false);
	return v;
}

/* The exit; the page is back then. */
static void exit_and_mend(struct vcpu *v, enum lost_page lost, int place)
{
	u64 access = lost == LOST_IDT ? EPT_READ : EPT_WRITE;
	struct exit_details d;

	run_to(v, EXIT_NESTED_PAGE_FAULT, place);
	d = vcpu_details(v);
	check(d.qualification & access, "the exit qualification is %#lx", d.qualification);
	check((d.qualification2 & ~(PAGE_SIZE - 1)) == lost_address(lost),
	      "the guest-physical address is %#lx", d.qualification2);
	vcpu_map_page(v, lost_address(lost), true);
}

#define EXIT_DURING(e, ...) EXIT(NESTED_PAGE_FAULT, DURING(e), __VA_ARGS__)

static const enum lost_page stack = LOST_STACK, idt = LOST_IDT;

/* --- V88: a maskable interrupt --- */

static void interrupt(const void *argument)
{
	enum lost_page lost = *(const enum lost_page *)argument;
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_without(lost, VEC, RFLAGS_IF);
	pend_irq(VEC);
	exit_and_mend(v, lost, L);
	check(!lapic_irr(VEC) && lapic_isr(VEC), "IRR %d, ISR %d", lapic_irr(VEC), lapic_isr(VEC));
	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(L)), ENTRY(AT(L), INJECT(external(VEC))),
	       IRQ(VEC, AT(L), IF(1)));
}

CASE_OF(interrupt_stack, "V88",
	"an interrupt whose stack is not there is acknowledged, exits, and is named; injected again it comes at the same RIP, once",
	IDT_VECTORING, interrupt, &stack);
CASE_OF(interrupt_idt, "V88",
	"an interrupt whose IDT is not there is acknowledged, exits, and is named; injected again it comes at the same RIP, once",
	IDT_VECTORING, interrupt, &idt);

CASE(interrupt_cpl3, "V88", "the same for an interrupt of CPL 3", IDT_VECTORING)
{
	struct vcpu *v;

	scene(PUSH_IRET_FRAME_CPL3, IRETQ, UD2, T(NOP), NOP);
	v = start_without(LOST_STACK, VEC, 0);
	pend_irq(VEC);
	exit_and_mend(v, LOST_STACK, T);
	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(T)), ENTRY(AT(T), INJECT(external(VEC))),
	       IRQ(VEC, AT(T), CPL(3), IF(1)));
}

CASE(interrupt_then_nmi, "V94",
     "an NMI that arrives in root meanwhile comes behind the interrupt that is injected again, at its handler's first instruction",
     IDT_VECTORING)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_without(LOST_STACK, VEC, RFLAGS_IF);
	pend_irq(VEC);
	exit_and_mend(v, LOST_STACK, L);
	pend_nmi();
	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(L)), ENTRY(AT(L), INJECT(external(VEC))),
	       IRQ(VEC, AT(L), IF(1)), NMI(AT(ENTRY_OF(VEC))));
}

CASE(interrupt_then_interrupt, "V94",
     "a higher interrupt that arrives in root meanwhile comes behind the one that is injected again",
     IDT_VECTORING)
{
	struct vcpu *v;

	scene(L(NOP), NOP);
	gate_type_set(VEC, TRAP_GATE);
	v = start_without(LOST_STACK, VEC, RFLAGS_IF);
	pend_irq(VEC);
	exit_and_mend(v, LOST_STACK, L);
	pend_irq(VEC_HIGH);
	vcpu_inject(v, external(VEC));
	run_to_end(v);
	expect(EXIT_DURING(external(VEC), AT(L)), ENTRY(AT(L), INJECT(external(VEC))),
	       IRQ(VEC, AT(L), IF(1)), IRQ(VEC_HIGH, AT(ENTRY_OF(VEC)), IF(1)));
}

/* --- V89: an NMI --- */

/* @inject: VM entry delivers it; else it is the processor's own. */
static void nmi_delivery(const void *argument)
{
	bool inject = *(const bool *)argument;
	struct vcpu *v;

	scene(L(NOP), NOP);
	v = start_without(LOST_STACK, NMI_VECTOR, RFLAGS_IF);
	if (inject)
		vcpu_inject(v, nmi());
	else
		pend_nmi();
	gate_stack_set(NMI_VECTOR, IST_FAULT);
	exit_and_mend(v, LOST_STACK, L);
	vcpu_set_state(v, 0);
	vcpu_inject(v, nmi());
	run_to_end(v);
	if (inject)
		expect(ENTRY(AT(L), INJECT(nmi())),
		       EXIT_DURING(nmi(), AT(L), BLOCKED(STATE_BLOCKED_BY_NMI)),
		       ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)));
	else
		expect(EXIT_DURING(nmi(), AT(L), BLOCKED(STATE_BLOCKED_BY_NMI)),
		       ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)));
}

static const bool injected = true, physical = false;
CASE_OF(nmi, "V89", "an NMI whose stack is not there exits, is named, and blocks NMIs already",
	BEFORE_EXIT, nmi_delivery, &physical);
CASE_OF(injected_nmi, "V89", "the same for an NMI that VM entry injects", BEFORE_EXIT, nmi_delivery,
	&injected);

/* --- V90: software events and a fault --- */

struct instruction_event {
	u16 instruction;
	u32 length; /* of software events */
	u64 event;
	struct want again;
};

static void instruction(const void *argument)
{
	const struct instruction_event *e = argument;
	struct vcpu *v;

	scene(L(e->instruction), NOP);
	v = start_without(LOST_STACK, EVENT_VECTOR(e->event), 0);
	exit_and_mend(v, LOST_STACK, L);
	if (e->length) {
		check(vcpu_details(v).length == e->length, "the instruction's length is %u",
		      vcpu_details(v).length);
		vcpu_inject_software(v, e->event, e->length);
	} else {
		vcpu_inject(v, e->event);
	}
	run_to_end(v);
	expect(EXIT_DURING(e->event, AT(L)), ENTRY(AT(L), INJECT(e->event)), e->again);
}

#define PLAIN_EVENT(type, vector) (EVENT_VALID | (u64)(type) << 8 | (vector))
#define INSTRUCTION(id, sentence, ...)                                                             \
	CASE_WITH(id, "V90", sentence, IDT_VECTORING, instruction, instruction_event, __VA_ARGS__)

INSTRUCTION(
	int_n,
	"INT n whose stack is not there exits as a software interrupt, with its length; injected again it saves the address behind it",
	INT_50, 2, PLAIN_EVENT(EVENT_SOFT_INT, VEC_SOFT), INTN(VEC_SOFT, AT(AFTER(L))));
INSTRUCTION(int3, "INT3 exits as a software exception", INT3, 1,
	    PLAIN_EVENT(EVENT_SOFT_EXCEPTION, BP_VECTOR), BP(AT(AFTER(L))));
INSTRUCTION(int1, "INT1 exits as a privileged software exception", INT1, 1,
	    PLAIN_EVENT(EVENT_PRIVILEGED_SOFT_EXCEPTION, DB_VECTOR), DB(AT(AFTER(L))));
INSTRUCTION(
	fault,
	"#GP exits as a hardware exception, with its error code; injected again, it is a fault with RF=1",
	LOAD_NONCANONICAL, 0, EVENT_HAS_ERROR | PLAIN_EVENT(EVENT_EXCEPTION, GP_VECTOR),
	GP(0, AT(L), RF(1)));

/* --- V17: what VM entry injects, with an interrupt pending --- */

static void injection(const void *argument)
{
	enum gate_type gate = *(const enum gate_type *)argument;
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	gate_type_set(GP_VECTOR, gate);
	v = start_without(LOST_STACK, GP_VECTOR, RFLAGS_IF);
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
	       IRQ(VEC, AT(gate == TRAP_GATE ? ENTRY_OF(GP_VECTOR) : AFTER_IRET), IF(1)));
}

CASE_OF(injected_gp_interrupt_gate, "V17",
	"an injected #GP whose stack is not there exits, ends the blocking by STI and leaves a pending interrupt pending; it comes behind the second injection, after IRET",
	BEFORE_EXIT, injection, &interrupt_gate);
CASE_OF(injected_gp_trap_gate, "V17",
	"the same, behind a trap gate: the interrupt comes at the first instruction of the handler of #GP",
	BEFORE_EXIT, injection, &trap_gate);
