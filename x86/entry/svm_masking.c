/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who gates a physical interrupt while a guest runs: with V_INTR_MASKING the host's IF at VMRUN,
 * else the guest's own. All sixteen combinations with the guest's IF and the INTR intercept. An
 * interrupt that is gated open exits if it is intercepted; else the guest takes it, if the guest's
 * IF (without V_INTR_MASKING) or the host's (with it) lets it through.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/controls.h"

#define MASKING "APM 2, Physical (INTR) Interrupt Masking in EFLAGS"

struct combination {
	bool masking, host_if, guest_if, intercept;
};

static void combination(const struct combination *c)
{
	struct scene *s;
	bool open = c->masking ? c->host_if : c->guest_if;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(NOP), NOP, M(RDMSR));
	if (c->guest_if)
		s->in_rflags |= RFLAGS_IF;
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

TABLE(guest_gates_host_if_0_closed, "S17",
      "with V_INTR_MASKING=0, host IF=0 and guest IF=0 a pending interrupt stays pending, and nothing is delivered",
      MASKING, combination, .masking = false, .host_if = false, .guest_if = false,
      .intercept = false);
TABLE(guest_gates_host_if_0_closed_intercept, "S17",
      "with V_INTR_MASKING=0, host IF=0 and guest IF=0 an intercepted interrupt stays pending, and nothing exits",
      MASKING, combination, .masking = false, .host_if = false, .guest_if = false,
      .intercept = true);
TABLE(guest_gates_host_if_0_open, "S17",
      "with V_INTR_MASKING=0, host IF=0 and guest IF=1 the guest takes a pending interrupt",
      MASKING, combination, .masking = false, .host_if = false, .guest_if = true,
      .intercept = false);
TABLE(guest_gates_host_if_0_open_intercept, "S17",
      "with V_INTR_MASKING=0, host IF=0 and guest IF=1 an intercepted interrupt exits", MASKING,
      combination, .masking = false, .host_if = false, .guest_if = true, .intercept = true);
TABLE(guest_gates_host_if_1_closed, "S17",
      "with V_INTR_MASKING=0, host IF=1 and guest IF=0 a pending interrupt stays pending, and nothing is delivered",
      MASKING, combination, .masking = false, .host_if = true, .guest_if = false,
      .intercept = false);
TABLE(guest_gates_host_if_1_closed_intercept, "S17",
      "with V_INTR_MASKING=0, host IF=1 and guest IF=0 an intercepted interrupt stays pending, and nothing exits",
      MASKING, combination, .masking = false, .host_if = true, .guest_if = false,
      .intercept = true);
TABLE(guest_gates_host_if_1_open, "S17",
      "with V_INTR_MASKING=0, host IF=1 and guest IF=1 the guest takes a pending interrupt",
      MASKING, combination, .masking = false, .host_if = true, .guest_if = true,
      .intercept = false);
TABLE(guest_gates_host_if_1_open_intercept, "S17",
      "with V_INTR_MASKING=0, host IF=1 and guest IF=1 an intercepted interrupt exits", MASKING,
      combination, .masking = false, .host_if = true, .guest_if = true, .intercept = true);
TABLE(host_gates_guest_if_0_closed, "S17",
      "with V_INTR_MASKING=1, host IF=0 and guest IF=0 a pending interrupt stays pending, and nothing is delivered",
      MASKING, combination, .masking = true, .host_if = false, .guest_if = false,
      .intercept = false);
TABLE(host_gates_guest_if_0_closed_intercept, "S17",
      "with V_INTR_MASKING=1, host IF=0 and guest IF=0 an intercepted interrupt stays pending, and nothing exits",
      MASKING, combination, .masking = true, .host_if = false, .guest_if = false,
      .intercept = true);
TABLE(host_gates_guest_if_0_open, "S17",
      "with V_INTR_MASKING=1, host IF=1 and guest IF=0 the guest takes a pending interrupt",
      MASKING, combination, .masking = true, .host_if = true, .guest_if = false,
      .intercept = false);
TABLE(host_gates_guest_if_0_open_intercept, "S17",
      "with V_INTR_MASKING=1, host IF=1 and guest IF=0 an intercepted interrupt exits", MASKING,
      combination, .masking = true, .host_if = true, .guest_if = false, .intercept = true);
TABLE(host_gates_guest_if_1_closed, "S17",
      "with V_INTR_MASKING=1, host IF=0 and guest IF=1 a pending interrupt stays pending, and nothing is delivered",
      MASKING, combination, .masking = true, .host_if = false, .guest_if = true,
      .intercept = false);
TABLE(host_gates_guest_if_1_closed_intercept, "S17",
      "with V_INTR_MASKING=1, host IF=0 and guest IF=1 an intercepted interrupt stays pending, and nothing exits",
      MASKING, combination, .masking = true, .host_if = false, .guest_if = true, .intercept = true);
TABLE(host_gates_guest_if_1_open, "S17",
      "with V_INTR_MASKING=1, host IF=1 and guest IF=1 the guest takes a pending interrupt",
      MASKING, combination, .masking = true, .host_if = true, .guest_if = true, .intercept = false);
TABLE(host_gates_guest_if_1_open_intercept, "S17",
      "with V_INTR_MASKING=1, host IF=1 and guest IF=1 an intercepted interrupt exits", MASKING,
      combination, .masking = true, .host_if = true, .guest_if = true, .intercept = true);
