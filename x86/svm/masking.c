/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gates a physical interrupt while a guest runs: with V_INTR_MASKING the host's IF at VMRUN,
 * else the guest's own. All sixteen combinations with the guest's IF and the INTR intercept. An
 * interrupt that is gated open exits if it is intercepted; else the guest takes it, if the guest's
 * IF (without V_INTR_MASKING) or the host's (with it) lets it through.
 */
#define FAMILY "masking"
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/controls.h"

#define MASKING "APM 2, Physical (INTR) Interrupt Masking in EFLAGS"

struct combination {
	bool masking, host_if, guest_if, intercept;
};

static void run_combination(const void *argument)
{
	const struct combination *c = argument;
	bool open = c->masking ? c->host_if : c->guest_if;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP, M(RDMSR));
	if (c->guest_if)
		the_scene()->in_rflags |= RFLAGS_IF;
	v = hv_start();
	svm_interrupt_masking(v, c->masking);
	svm_host_if(v, c->host_if);
	vcpu_intercept(v, INTERCEPT_INTR, c->intercept);
	pend_irq(VEC);
	if (open && c->intercept) {
		run_to(v, EXIT_INTR, L);
		expect(EXIT(INTR, AT(L), NO_EVENT));
		return;
	}
	run_to(v, EXIT_RDMSR, M);
	if (open) {
		expect(IRQ(VEC, AT(L)), EXIT(RDMSR, AT(M)));
		return;
	}
	check(lapic_irr(VEC), "the interrupt did not stay in IRR");
	expect(EXIT(RDMSR, AT(M)));
}

#define COMBINATION(id, sentence, ...)                                                             \
	CASE_WITH(id, "S17", sentence, MASKING, run_combination, combination, __VA_ARGS__)

#define GUEST_GATES(id, host)                                                                      \
	COMBINATION(guest_gates_##id##_closed,                                                     \
		    "without V_INTR_MASKING, guest IF=0: nothing comes", false, host, false,       \
		    false);                                                                        \
	COMBINATION(guest_gates_##id##_closed_intercept,                                           \
		    "without V_INTR_MASKING, guest IF=0: nothing exits", false, host, false,       \
		    true);                                                                         \
	COMBINATION(guest_gates_##id##_open,                                                       \
		    "without V_INTR_MASKING, guest IF=1: the guest takes it", false, host, true,   \
		    false);                                                                        \
	COMBINATION(guest_gates_##id##_open_intercept,                                             \
		    "without V_INTR_MASKING, guest IF=1: it exits", false, host, true, true)

GUEST_GATES(host_if_0, false);
GUEST_GATES(host_if_1, true);

#define HOST_GATES(id, guest)                                                                      \
	COMBINATION(host_gates_##id##_closed, "with V_INTR_MASKING, host IF=0: nothing comes",     \
		    true, false, guest, false);                                                    \
	COMBINATION(host_gates_##id##_closed_intercept,                                            \
		    "with V_INTR_MASKING, host IF=0: nothing exits", true, false, guest, true);    \
	COMBINATION(host_gates_##id##_open, "with V_INTR_MASKING, host IF=1: the guest takes it",  \
		    true, true, guest, false);                                                     \
	COMBINATION(host_gates_##id##_open_intercept, "with V_INTR_MASKING, host IF=1: it exits",  \
		    true, true, guest, true)

HOST_GATES(guest_if_0, false);
HOST_GATES(guest_if_1, true);
