/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An injected event is delivered as part of VM entry, before anything that is pending. What is
 * pending follows at the first boundary that is open to it, and delivery has ended any shadow: for
 * a maskable interrupt that is the injected event's first handler instruction behind a trap gate,
 * and where that handler returns to behind an interrupt gate.
 */
#define FAMILY "inject"
#include "stage/case.h"
#include "stage/citations.h"
#include "hv/hv.h"
#include "svm/controls.h"

struct injection {
	u64 event;
	u32 length; /* of the instruction, for software events; else 0 */
	u16 instruction;
	enum gate_type gate;
	u64 state; /* interruptibility at entry */
	u64 cr2;
	struct want delivered;
	int irq_at; /* where the pending interrupt lands */
};

#define AT_L_AS_FAULT AT(L), IF(1), RF(1)

static struct vcpu *start_at_l(u16 instruction)
{
	scene(L(instruction), NOP, NOP);
	return start_with_interrupts_on();
}

static void inject_with_irq_pending(const void *argument)
{
	const struct injection *i = argument;
	struct vcpu *v;

	if (i->length && hv_is_svm())
		require(svm_offers(CPUID_8000000A_EDX_NRIPS),
			"the NextRIP field (CPUID 8000000AH EDX bit 3)");
	gate_type_set(i->delivered.vector, i->gate);
	v = start_at_l(i->instruction);
	if (i->cr2)
		vcpu_set_cr2(v, i->cr2);
	vcpu_set_state(v, i->state);
	pend_irq(VEC);
	the_scene()->expect_abort = i->delivered.vector == MC_VECTOR;
	if (i->length)
		vcpu_inject_software(v, i->event, i->length);
	else
		vcpu_inject(v, i->event);
	run_to_end(v);
	if (i->state)
		expect_behind_shadow(i->irq_at,
				     ENTRY(INJECT(i->event), BLOCKED(hv_is_vmx() ? i->state : 0)),
				     i->delivered);
	else
		expect(ENTRY(INJECT(i->event)), i->delivered, IRQ(VEC, AT(i->irq_at), IF(1)));
}

#define INJECT_BOTH_GATES(id, row, what, event_, want_, ...)                                       \
	static const struct injection id##_ig = { .event = (event_),                               \
						  .delivered = want_,                              \
						  .instruction = NOP,                              \
						  .gate = INTERRUPT_GATE,                          \
						  .irq_at = AFTER_IRET,                            \
						  __VA_ARGS__ };                                   \
	static const struct injection id##_tg = { .event = (event_),                               \
						  .delivered = want_,                              \
						  .instruction = NOP,                              \
						  .gate = TRAP_GATE,                               \
						  .irq_at = ENTRY_OF((u8)(event_)),                \
						  __VA_ARGS__ };                                   \
	CASE_OF(id##_interrupt_gate, row,                                                          \
		"an injected " what                                                                \
		" comes first; behind an interrupt gate the pending interrupt "                    \
		"waits for its IRET",                                                              \
		EVENT_INJECTION, inject_with_irq_pending, &id##_ig);                               \
	CASE_OF(id##_trap_gate, row,                                                               \
		"an injected " what                                                                \
		" comes first; behind a trap gate the pending interrupt comes "                    \
		"at its handler's first instruction",                                              \
		EVENT_INJECTION, inject_with_irq_pending, &id##_tg)

#define FAULT_EVENT(vector, error)                                                                 \
	((u64)(error) << 32 | EVENT_HAS_ERROR | EVENT_VALID | (u64)EVENT_EXCEPTION << 8 | (vector))
#define PLAIN_EVENT(type, vector) (EVENT_VALID | (u64)(type) << 8 | (vector))

/* A selector's index: the error code of #NP, #SS and #GP that name a segment. */
#define SELECTOR_ERROR		  0x48

INJECT_BOTH_GATES(de, "V04,S01", "#DE", PLAIN_EVENT(EVENT_EXCEPTION, DE_VECTOR), DE(AT_L_AS_FAULT));
INJECT_BOTH_GATES(ud, "V04,S01", "#UD", PLAIN_EVENT(EVENT_EXCEPTION, UD_VECTOR), UD(AT_L_AS_FAULT));
INJECT_BOTH_GATES(nm, "V04,S01", "#NM", PLAIN_EVENT(EVENT_EXCEPTION, NM_VECTOR), NM(AT_L_AS_FAULT));
INJECT_BOTH_GATES(np, "V04,S01", "#NP", FAULT_EVENT(NP_VECTOR, SELECTOR_ERROR),
		  NP(SELECTOR_ERROR, AT_L_AS_FAULT));
INJECT_BOTH_GATES(ss, "V04,S01", "#SS", FAULT_EVENT(SS_VECTOR, SELECTOR_ERROR),
		  SS(SELECTOR_ERROR, AT_L_AS_FAULT));
INJECT_BOTH_GATES(gp, "V04,S01", "#GP", FAULT_EVENT(GP_VECTOR, SELECTOR_ERROR),
		  GP(SELECTOR_ERROR, AT_L_AS_FAULT));
INJECT_BOTH_GATES(pf, "V04,S01", "#PF", FAULT_EVENT(PF_VECTOR, PF_PRESENT | PF_WRITE),
		  PF(PF_PRESENT | PF_WRITE, AT_L_AS_FAULT, CR2(PLAY_READ_ONLY)),
		  .cr2 = PLAY_READ_ONLY);
INJECT_BOTH_GATES(ac, "V04,S01", "#AC", FAULT_EVENT(AC_VECTOR, 0),
		  FAULT(AC_VECTOR, 0, AT_L_AS_FAULT));

INJECT_BOTH_GATES(mc, "K04", "#MC", PLAIN_EVENT(EVENT_EXCEPTION, MC_VECTOR),
		  EXCEPTION(MC_VECTOR, AT(L), IF(1)));

/* Blocking by STI or MOV SS at entry is legal with an exception, and ends with its delivery. */
INJECT_BOTH_GATES(gp_blocked_by_sti, "V03", "#GP, under blocking by STI,",
		  FAULT_EVENT(GP_VECTOR, 0), GP(0, AT_L_AS_FAULT), .state = STATE_BLOCKED_BY_STI);
INJECT_BOTH_GATES(gp_blocked_by_mov_ss, "V03", "#GP, under blocking by MOV SS,",
		  FAULT_EVENT(GP_VECTOR, 0), GP(0, AT_L_AS_FAULT),
		  .state = STATE_BLOCKED_BY_MOV_SS);

/* --- Software events: the saved RIP lies behind the instruction --- */

static void inject_vmx_only(const void *argument)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	inject_with_irq_pending(argument);
}

#define INJECT_SOFTWARE(id, row, what, run, instruction_, event_, length_, want_)                  \
	static const struct injection id##_ig = { .event = (event_),                               \
						  .length = (length_),                             \
						  .delivered = want_,                              \
						  .instruction = (instruction_),                   \
						  .gate = INTERRUPT_GATE,                          \
						  .irq_at = AFTER(L) };                            \
	static const struct injection id##_tg = { .event = (event_),                               \
						  .length = (length_),                             \
						  .delivered = want_,                              \
						  .instruction = (instruction_),                   \
						  .gate = TRAP_GATE,                               \
						  .irq_at = ENTRY_OF((u8)(event_)) };              \
	CASE_OF(id##_interrupt_gate, row,                                                          \
		"an injected " what " saves the address behind it; the pending interrupt comes "   \
		"there, after its IRET",                                                           \
		EVENT_INJECTION, run, &id##_ig);                                                   \
	CASE_OF(id##_trap_gate, row,                                                               \
		"an injected " what                                                                \
		" saves the address behind it; behind a trap gate the pending "                    \
		"interrupt comes at its handler's first instruction",                              \
		EVENT_INJECTION, run, &id##_tg)

INJECT_SOFTWARE(int_n, "V11", "INT n", inject_with_irq_pending, INT_50,
		PLAIN_EVENT(EVENT_SOFT_INT, VEC_SOFT), 2, INTN(VEC_SOFT, AT(AFTER(L)), IF(1)));
INJECT_SOFTWARE(int3, "V11", "INT3", inject_vmx_only, INT3,
		PLAIN_EVENT(EVENT_SOFT_EXCEPTION, BP_VECTOR), 1, BP(AT(AFTER(L)), IF(1)));
INJECT_SOFTWARE(int1, "V11", "INT1", inject_vmx_only, INT1,
		PLAIN_EVENT(EVENT_PRIVILEGED_SOFT_EXCEPTION, DB_VECTOR), 1,
		DB(AT(AFTER(L)), IF(1)));

/* --- An injected external interrupt or NMI returns to the guest's RIP --- */

struct two_vectors {
	u8 injected, pending;
	enum gate_type gate;
};

static void inject_interrupt(const void *argument)
{
	const struct two_vectors *t = argument;
	struct vcpu *v;

	gate_type_set(t->injected, t->gate);
	v = start_at_l(NOP);
	pend_irq(t->pending);
	vcpu_inject(v, external(t->injected));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(external(t->injected))), INTN(t->injected, AT(L), IF(1)),
	       IRQ(t->pending, AT(t->gate == TRAP_GATE ? ENTRY_OF(t->injected) : L), IF(1)));
}

#define INJECT_INTERRUPT(id, sentence, ...)                                                        \
	CASE_WITH(id, "V05,S04", sentence, EVENT_INJECTION, inject_interrupt, two_vectors,         \
		  __VA_ARGS__)

INJECT_INTERRUPT(
	lower_interrupt_interrupt_gate,
	"an injected interrupt comes before a pending one of a higher class, which waits for IRET",
	VEC_LOW, VEC_HIGH, INTERRUPT_GATE);
INJECT_INTERRUPT(
	lower_interrupt_trap_gate,
	"the same behind a trap gate: the pending one comes at the handler's first instruction",
	VEC_LOW, VEC_HIGH, TRAP_GATE);
INJECT_INTERRUPT(
	higher_interrupt_interrupt_gate,
	"an injected interrupt has no ISR bit: a pending one of a lower class waits for IRET only",
	VEC_HIGH, VEC_LOW, INTERRUPT_GATE);
INJECT_INTERRUPT(
	higher_interrupt_trap_gate,
	"the same behind a trap gate: the pending one comes at the handler's first instruction",
	VEC_HIGH, VEC_LOW, TRAP_GATE);

static void inject_nmi(const void *argument)
{
	enum gate_type gate = *(const enum gate_type *)argument;
	struct vcpu *v;

	gate_type_set(NMI_VECTOR, gate);
	v = start_at_l(NOP);
	pend_irq(VEC);
	vcpu_inject(v, nmi());
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(nmi())), NMI(AT(L), IF(1)),
	       IRQ(VEC, AT(gate == TRAP_GATE ? ENTRY_OF(NMI_VECTOR) : L), IF(1)));
}

CASE_OF(nmi_interrupt_gate, "V06,S05",
	"an injected NMI comes before a pending interrupt, which waits for IRET", EVENT_INJECTION,
	inject_nmi, &interrupt_gate);
CASE_OF(nmi_trap_gate, "V06,S05",
	"behind a trap gate the pending interrupt comes at the injected NMI's handler",
	EVENT_INJECTION, inject_nmi, &trap_gate);

CASE(gp_gate_not_present, "I05", "an injected #GP whose gate is not present makes #DF, as #GP does",
     EVENT_INJECTION "; SDM 3A, Double Fault Exception; APM 2, Double-Fault Exception")
{
	struct vcpu *v;

	gate_remove(GP_VECTOR);
	v = start_at_l(NOP);
	the_scene()->expect_abort = true;
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), DF());
}
