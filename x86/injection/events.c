/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An injected event is delivered as part of VM entry, before anything that is pending. What is
 * pending follows at the first boundary that is open to it, and delivery has ended any shadow: for
 * a maskable interrupt that is the first instruction of the injected event's handler, if a trap
 * gate leads to it, and where that handler returns to, if an interrupt gate does.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/controls.h"

static struct vcpu *start_at_l(u16 instruction)
{
	scene(L(instruction), NOP, NOP);
	return start_with_interrupts_on();
}

#define PLAIN_EVENT(type, vector) (EVENT_VALID | (u64)(type) << 8 | (vector))
#define FAULT_EVENT(vector, error)                                                                 \
	((u64)(error) << 32 | EVENT_HAS_ERROR | PLAIN_EVENT(EVENT_EXCEPTION, vector))
#define AT_L_AS_FAULT AT(L), IF(1), RF(1)

/* --- Exceptions that the processor raises --- */

struct inject_exception {
	u64 event;
	u64 cr2;
	struct want delivered;
};

static void inject_exception(const struct inject_exception *i, enum gate_type gate)
{
	struct vcpu *v;

	gate_type_set(i->delivered.vector, gate);
	v = start_at_l(NOP);
	if (i->cr2)
		vcpu_set_cr2(v, i->cr2);
	pend_irq(VEC);
	the_scene()->expect_abort = i->delivered.vector == MC_VECTOR;
	vcpu_inject(v, i->event);
	run_to_end(v);
	expect(ENTRY(INJECT(i->event)), i->delivered,
	       IRQ(VEC, AT(first_open(gate, i->delivered.vector)), IF(1)));
}

#define INJECTED_FIRST(what) "an injected " what " is delivered before a pending interrupt"

/* A selector's index: the error code of #NP, #SS and #GP that name a segment. */
enum { SELECTOR_ERROR = 0x48 };

TABLE_BOTH_GATES(de, "V04,S01", INJECTED_FIRST("#DE"), AFTER_IRET_OF("#DE"), AT_HANDLER_OF("#DE"),
		 EVENT_INJECTION, inject_exception,
		 .event = PLAIN_EVENT(EVENT_EXCEPTION, DE_VECTOR), .delivered = DE(AT_L_AS_FAULT));
TABLE_BOTH_GATES(ud, "V04,S01", INJECTED_FIRST("#UD"), AFTER_IRET_OF("#UD"), AT_HANDLER_OF("#UD"),
		 EVENT_INJECTION, inject_exception,
		 .event = PLAIN_EVENT(EVENT_EXCEPTION, UD_VECTOR), .delivered = UD(AT_L_AS_FAULT));
TABLE_BOTH_GATES(nm, "V04,S01", INJECTED_FIRST("#NM"), AFTER_IRET_OF("#NM"), AT_HANDLER_OF("#NM"),
		 EVENT_INJECTION, inject_exception,
		 .event = PLAIN_EVENT(EVENT_EXCEPTION, NM_VECTOR), .delivered = NM(AT_L_AS_FAULT));
TABLE_BOTH_GATES(np, "V04,S01", INJECTED_FIRST("#NP"), AFTER_IRET_OF("#NP"), AT_HANDLER_OF("#NP"),
		 EVENT_INJECTION, inject_exception, .event = FAULT_EVENT(NP_VECTOR, SELECTOR_ERROR),
		 .delivered = NP(SELECTOR_ERROR, AT_L_AS_FAULT));
TABLE_BOTH_GATES(ss, "V04,S01", INJECTED_FIRST("#SS"), AFTER_IRET_OF("#SS"), AT_HANDLER_OF("#SS"),
		 EVENT_INJECTION, inject_exception, .event = FAULT_EVENT(SS_VECTOR, SELECTOR_ERROR),
		 .delivered = SS(SELECTOR_ERROR, AT_L_AS_FAULT));
TABLE_BOTH_GATES(gp, "V04,S01", INJECTED_FIRST("#GP"), AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"),
		 EVENT_INJECTION, inject_exception, .event = FAULT_EVENT(GP_VECTOR, SELECTOR_ERROR),
		 .delivered = GP(SELECTOR_ERROR, AT_L_AS_FAULT));
TABLE_BOTH_GATES(pf, "V04,S01", INJECTED_FIRST("#PF"), AFTER_IRET_OF("#PF"), AT_HANDLER_OF("#PF"),
		 EVENT_INJECTION, inject_exception,
		 .event = FAULT_EVENT(PF_VECTOR, PF_PRESENT | PF_WRITE),
		 .delivered = PF(PF_PRESENT | PF_WRITE, AT_L_AS_FAULT, CR2(PLAY_READ_ONLY)),
		 .cr2 = PLAY_READ_ONLY);
TABLE_BOTH_GATES(ac, "V04,S01", INJECTED_FIRST("#AC"), AFTER_IRET_OF("#AC"), AT_HANDLER_OF("#AC"),
		 EVENT_INJECTION, inject_exception, .event = FAULT_EVENT(AC_VECTOR, 0),
		 .delivered = AC(AT_L_AS_FAULT));
TABLE_BOTH_GATES(mc, "K04", INJECTED_FIRST("#MC"), AFTER_IRET_OF("#MC"), AT_HANDLER_OF("#MC"),
		 EVENT_INJECTION, inject_exception,
		 .event = PLAIN_EVENT(EVENT_EXCEPTION, MC_VECTOR),
		 .delivered = EXCEPTION(MC_VECTOR, AT(L), IF(1)));

/* Blocking by STI or MOV SS at entry is legal with an exception, and ends with its delivery. */
struct inject_blocked_gp {
	u64 state;
};

static void inject_blocked_gp(const struct inject_blocked_gp *b, enum gate_type gate)
{
	const struct want entry = ENTRY(INJECT(gp(0)), BLOCKED(hv_is_vmx() ? b->state : 0)),
			  fault = GP(0, AT_L_AS_FAULT);
	const struct order legal[] = {
		LEGAL("delivery ended the shadow", entry, fault,
		      IRQ(VEC, AT(first_open(gate, GP_VECTOR)), IF(1))),
		LEGAL("the shadow outlived the delivery", entry, fault, IRQ(VEC, IF(1))),
	};
	struct vcpu *v;

	gate_type_set(GP_VECTOR, gate);
	v = start_at_l(NOP);
	vcpu_set_state(v, b->state);
	pend_irq(VEC);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect_order(legal, orders_after_shadow(gate));
}

TABLE_BOTH_GATES(
	gp_blocked_by_sti, "V03",
	"a #GP that is injected under blocking by STI ends the blocking, and is delivered first",
	AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), EVENT_INJECTION, inject_blocked_gp,
	STATE_BLOCKED_BY_STI);
TABLE_BOTH_GATES(
	gp_blocked_by_mov_ss, "V03",
	"a #GP that is injected under blocking by MOV SS ends the blocking, and is delivered first",
	AFTER_IRET_OF("#GP"), AT_HANDLER_OF("#GP"), EVENT_INJECTION, inject_blocked_gp,
	STATE_BLOCKED_BY_MOV_SS);

/* --- Software events: the saved RIP is that of the next instruction --- */

struct inject_software {
	u16 instruction;
	u32 length;
	u64 event;
	struct want delivered;
};

static void inject_software(const struct inject_software *i, enum gate_type gate)
{
	struct vcpu *v;

	/* SVM has no software exceptions. */
	if (EVENT_TYPE(i->event) != EVENT_SOFT_INT)
		require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	if (hv_is_svm())
		require(svm_offers(CPUID_8000000A_EDX_NRIPS),
			"the NextRIP field (CPUID 8000000AH EDX bit 3)");
	gate_type_set(i->delivered.vector, gate);
	v = start_at_l(i->instruction);
	pend_irq(VEC);
	vcpu_inject_software(v, i->event, i->length);
	run_to_end(v);
	expect(ENTRY(INJECT(i->event)), i->delivered,
	       IRQ(VEC, AT(first_open_returning(gate, i->delivered.vector, AFTER(L))), IF(1)));
}

#define SOFTWARE(what)                                                                             \
	"an injected " what                                                                        \
	" saves the address of the next instruction, and is delivered before a pending interrupt"

TABLE_BOTH_GATES(int_n, "V11", SOFTWARE("INT n"), AFTER_IRET_OF("INT n"), AT_HANDLER_OF("INT n"),
		 EVENT_INJECTION, inject_software, .instruction = INT_50, .length = 2,
		 .event = PLAIN_EVENT(EVENT_SOFT_INT, VEC_SOFT),
		 .delivered = INTN(VEC_SOFT, AT(AFTER(L)), IF(1)));
TABLE_BOTH_GATES(int3, "V11", SOFTWARE("INT3"), AFTER_IRET_OF("#BP"), AT_HANDLER_OF("#BP"),
		 EVENT_INJECTION, inject_software, .instruction = INT3, .length = 1,
		 .event = PLAIN_EVENT(EVENT_SOFT_EXCEPTION, BP_VECTOR),
		 .delivered = BP(AT(AFTER(L)), IF(1)));
TABLE_BOTH_GATES(int1, "V11", SOFTWARE("INT1"), AFTER_IRET_OF("#DB"), AT_HANDLER_OF("#DB"),
		 EVENT_INJECTION, inject_software, .instruction = INT1, .length = 1,
		 .event = PLAIN_EVENT(EVENT_PRIVILEGED_SOFT_EXCEPTION, DB_VECTOR),
		 .delivered = DB(AT(AFTER(L)), IF(1)));

/* --- An injected external interrupt or NMI returns to the guest's RIP --- */

struct inject_interrupt {
	u8 injected, pending;
};

static void inject_interrupt(const struct inject_interrupt *i, enum gate_type gate)
{
	struct vcpu *v;

	gate_type_set(i->injected, gate);
	v = start_at_l(NOP);
	pend_irq(i->pending);
	vcpu_inject(v, external(i->injected));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(external(i->injected))), INTN(i->injected, AT(L), IF(1)),
	       IRQ(i->pending, AT(first_open_returning(gate, i->injected, L)), IF(1)));
}

TABLE_BOTH_GATES(
	lower_interrupt, "V05,S04",
	"an injected interrupt is delivered before a pending interrupt of a higher class",
	", through an interrupt gate: the pending interrupt waits for the IRET",
	", through a trap gate: the pending interrupt comes at the handler's first instruction",
	EVENT_INJECTION, inject_interrupt, .injected = VEC_LOW, .pending = VEC_HIGH);
TABLE_BOTH_GATES(
	higher_interrupt, "V05,S04",
	"an injected interrupt has no bit in ISR, and holds a pending interrupt of a lower class back only while IF is 0",
	"; it is delivered through an interrupt gate: the pending interrupt waits for the IRET",
	"; it is delivered through a trap gate: the pending interrupt comes at the handler's first instruction",
	EVENT_INJECTION, inject_interrupt, .injected = VEC_HIGH, .pending = VEC_LOW);

/* As on bare hardware (native/nmi.before_irq_trap_gate): no manual says that interrupts are looked
 * at before the first instruction of an NMI's handler. */
CASE_BOTH_GATES(
	nmi, "V06,S05", INJECTED_FIRST("NMI"), AFTER_IRET_OF("the NMI"),
	"; the handler of the NMI is entered through a trap gate, and the interrupt comes in it or after it",
	EVENT_INJECTION)
{
	const struct want entry = ENTRY(AT(L), INJECT(nmi())), injected = NMI(AT(L), IF(1));
	const int first = first_open_returning(gate, NMI_VECTOR, L);
	const struct order legal[] = {
		LEGAL("the interrupt where IF is 1 first", entry, injected,
		      IRQ(VEC, AT(first), IF(1))),
		LEGAL("the interrupt after the handler's IRET", entry, injected,
		      IRQ(VEC, AT(L), IF(1))),
		LEGAL("the interrupt later in the handler", entry, injected, IRQ(VEC, IF(1))),
	};
	struct vcpu *v;

	gate_type_set(NMI_VECTOR, gate);
	v = start_at_l(NOP);
	pend_irq(VEC);
	vcpu_inject(v, nmi());
	run_to_end(v);
	expect_order(legal, gate == TRAP_GATE ? ARRAY_SIZE(legal) : 1);
}

CASE(gp_gate_not_present, "I05",
     "an injected #GP whose gate is not present makes #DF, as a #GP of the processor's own does",
     EVENT_INJECTION "; " DOUBLE_FAULT)
{
	struct vcpu *v;

	gate_remove(GP_VECTOR);
	v = start_at_l(NOP);
	the_scene()->expect_abort = true;
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), DF());
}
