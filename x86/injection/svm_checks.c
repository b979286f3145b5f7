/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What SVM makes of an injected exception. #BP is injected as if INT3 had raised it: the gate's DPL
 * is checked. What is no exception, or cannot be in the guest's mode, is refused: the guest does
 * not run.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/controls.h"

enum {
	BP_ERROR = BP_VECTOR * 8 + ERROR_IDT,
	FREE_PORT = 0x80,
};

/* An exit in CPL 3, where #BP is injected through a gate of this DPL. */
static void inject_bp_in_cpl3(unsigned int dpl)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(PUSH_IRET_FRAME_CPL3, IRETQ, T(OUT), M(NOP), NOP);
	gate_set(BP_VECTOR, INTERRUPT_GATE, IST_NONE, dpl);
	v = hv_start();
	svm_intercept_port(v, FREE_PORT, true);
	run_to(v, EXIT_IO, T);
	vcpu_set(v, VCPU_RIP, address_of(M));
	vcpu_inject(v, exception(BP_VECTOR));
	run_to_end(v);
}

/*
 * Not asserted, because the APM does not say: the frame's RIP, and whether the event was external.
 */
CASE(bp_dpl_0, "S07",
     "a #BP that is injected in CPL 3 becomes #GP if the DPL of its gate is 0, as if INT3 had raised it",
     "APM 2, Event Injection")
{
	inject_bp_in_cpl3(0);
	expect_one_of(LEGAL("EXT is 0 in the error code", EXIT(IO, AT(T)),
			    ENTRY(AT(M), INJECT(exception(BP_VECTOR))), GP(BP_ERROR, CPL(3))),
		      LEGAL("EXT is 1 in the error code", EXIT(IO, AT(T)),
			    ENTRY(AT(M), INJECT(exception(BP_VECTOR))),
			    GP(BP_ERROR | ERROR_EXT, CPL(3))));
}

CASE(bp_dpl_3, "S07", "a #BP that is injected in CPL 3 is delivered if the DPL of its gate is 3",
     "APM 2, Event Injection")
{
	inject_bp_in_cpl3(3);
	expect(EXIT(IO, AT(T)), ENTRY(AT(M), INJECT(exception(BP_VECTOR))), BP(CPL(3)));
}

struct refused {
	u8 vector;
};

static void refused(const struct refused *r)
{
	u64 event = exception(r->vector);
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = start_with_interrupts_on();
	pend_irq(VEC);
	vcpu_inject(v, event);
	run_to(v, EXIT_ENTRY_FAILED, PLACE_ANY);
	check(lapic_irr(VEC), "the interrupt was taken by an entry that was refused");
	expect(ENTRY(AT(L), INJECT(event)), EXIT(ENTRY_FAILED));
}

TABLE(vector_2, "S07",
      "VMRUN refuses to inject an exception with vector 2, and nothing is delivered",
      "APM 2, Event Injection", refused, NMI_VECTOR);
TABLE(br_in_64_bit_code, "S07",
      "VMRUN refuses to inject #BR into 64-bit code, which has no BOUND, and nothing is delivered",
      "APM 2, Event Injection", refused, BR_VECTOR);
TABLE(vector_32, "S07",
      "VMRUN refuses to inject an exception with vector 32, and nothing is delivered",
      "APM 2, Event Injection", refused, FIRST_IRQ_VECTOR);

/* --- What holds events back holds no injected event back --- */

struct unconditional {
	u64 event;
	bool if_set, shadow;
	struct want delivered;
};

static void unconditional(const struct unconditional *u)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(NOP), NOP);
	if (u->if_set)
		s->in_rflags |= RFLAGS_IF;
	v = hv_start();
	if (u->shadow)
		vcpu_set_state(v, STATE_SHADOW);
	vcpu_inject(v, u->event);
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(u->event)), u->delivered);
}

#define INJECTED_INTERRUPT (EVENT_VALID | (u64)EVENT_INTR << 8 | VEC)
#define INJECTED_NMI	   (EVENT_VALID | (u64)EVENT_NMI << 8 | NMI_VECTOR)

TABLE(interrupt_if_0, "S55", "an interrupt that is injected into a guest with IF=0 is delivered",
      "APM 2, Event Injection", unconditional, .event = INJECTED_INTERRUPT,
      .delivered = INTN(VEC, AT(L), IF(0)));
TABLE(interrupt_in_shadow, "S55",
      "an interrupt that is injected in an interrupt shadow is delivered before the instruction in the shadow",
      "APM 2, Event Injection", unconditional, .event = INJECTED_INTERRUPT, .if_set = true,
      .shadow = true, .delivered = INTN(VEC, AT(L), IF(1)));
TABLE(nmi_in_shadow, "S55",
      "an NMI that is injected in an interrupt shadow is delivered before the instruction in the shadow",
      "APM 2, Event Injection", unconditional, .event = INJECTED_NMI, .shadow = true,
      .delivered = NMI(AT(L)));
