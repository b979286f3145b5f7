/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which comes first at RDMSR: the fault or the exit? Privilege is checked before the MSR bitmap,
 * the bitmap before the MSR's existence. With the bitmap's bit clear the CPU raises #GP itself, and
 * there is no exit; outside the ranges that VMX's bitmap covers RDMSR always exits.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "boot/probe.h"

struct always_exits {
	u32 msr;
};

static void always_exits(const struct always_exits *e)
{
	struct scene *s = scene(L(RDMSR));
	struct vcpu *v;

	s->in.rcx = e->msr;
	v = hv_start();
	vcpu_intercept_rdmsr(v, e->msr, true);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), RF(1)));
}

TABLE(low_range_exits, "S29",
      "RDMSR of a missing MSR in 0-1FFFH exits, and raises no #GP, if its bit in the bitmap is set",
      FAULTS_VS_EXITS, always_exits, MISSING_MSR_LOW);
TABLE(high_range_exits, "S29",
      "RDMSR of a missing MSR in C0000000H-C0001FFFH exits, and raises no #GP, if its bit in the bitmap is set",
      FAULTS_VS_EXITS, always_exits, MISSING_MSR_HIGH);
TABLE(outside_ranges_exits, "S29",
      "RDMSR of a missing MSR outside the ranges of the bitmap always exits, and raises no #GP",
      FAULTS_VS_EXITS, always_exits, MISSING_MSR_OUTSIDE);

/* The scene has been laid out with an RDMSR at L. */
static void run_with_bit_clear(struct scene *s, u32 msr)
{
	struct vcpu *v;

	s->in.rcx = msr;
	s->in.r8 = msr;
	v = hv_start();
	vcpu_intercept_rdmsr(v, msr, false);
	run_to_end(v);
}

static void bit_clear(u32 msr)
{
	run_with_bit_clear(scene(L(RDMSR)), msr);
	expect(GP(0, AT(L), RF(1)));
}

static void bit_clear_irq(u32 msr)
{
	run_with_bit_clear(scene(SELF_IPI, WAIT_IRR, STI, NOP, L(RDMSR)), msr);
	expect(IRQ(VEC, AT(L), IF(1)), GP(0, AT(L), IF(1), RF(1)));
}

#define OWN_GP(range)                                                                              \
	"RDMSR of a missing MSR in " range                                                         \
	" raises the processor's own #GP, and does not exit, if its bit in the bitmap is clear"
#define IRQ_THEN_GP(range)                                                                         \
	"a pending interrupt is served before the #GP of RDMSR of a missing MSR in " range         \
	" whose bit in the bitmap is clear"

CASE(low_range_bit_clear, "S29", OWN_GP("0-1FFFH"), FAULTS_VS_EXITS, "flags.rf_of_gp")
{
	bit_clear(MISSING_MSR_LOW);
}

CASE(low_range_bit_clear_irq, "S29", IRQ_THEN_GP("0-1FFFH"), FAULTS_VS_EXITS,
     "stories.irq_before_rdmsr.interrupt_gate")
{
	bit_clear_irq(MISSING_MSR_LOW);
}

CASE(high_range_bit_clear, "S29", OWN_GP("C0000000H-C0001FFFH"), FAULTS_VS_EXITS, "flags.rf_of_gp")
{
	bit_clear(MISSING_MSR_HIGH);
}

CASE(high_range_bit_clear_irq, "S29", IRQ_THEN_GP("C0000000H-C0001FFFH"), FAULTS_VS_EXITS,
     "stories.irq_before_rdmsr.interrupt_gate")
{
	bit_clear_irq(MISSING_MSR_HIGH);
}

CASE(cpl3, "V75,S29", "RDMSR in CPL 3 raises #GP before the bitmap is looked at, and does not exit",
     FAULTS_VS_EXITS)
{
	struct vcpu *v;

	scene(PUSH_IRET_FRAME_CPL3, IRETQ, UD2, T(RDMSR));
	v = hv_start();
	run_to_end(v);
	expect(GP(0, AT(T), CPL(3)));
}
