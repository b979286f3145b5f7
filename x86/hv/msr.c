/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which comes first at RDMSR: the fault or the exit? Privilege is checked before the MSR bitmap,
 * the bitmap before the MSR's existence. With the bitmap's bit clear the CPU raises #GP itself, and
 * there is no exit; outside the ranges that VMX's bitmap covers RDMSR always exits.
 */
#define FAMILY "msr"
#include "stage/case.h"
#include "stage/citations.h"
#include "hv/guest_irq.h"
#include "hv/hv.h"
#include "boot/probe.h"

static void exits(const void *argument)
{
	struct vcpu *v;

	scene(L(RDMSR));
	the_scene()->in.rcx = *(const u32 *)argument;
	v = hv_start();
	vcpu_intercept_rdmsr(v, *(const u32 *)argument, true);
	run_to(v, EXIT_RDMSR, L);
	vcpu_inject(v, gp(0));
	run_to_end(v);
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L), RF(1)));
}

static const u32 low = MISSING_MSR_LOW, high = MISSING_MSR_HIGH, outside = MISSING_MSR_OUTSIDE;

CASE_OF(low_range_exits, "S29",
	"RDMSR of a missing MSR in 0-1FFFH with its bit set exits, and #GP is injected",
	FAULTS_VS_EXITS, exits, &low);
CASE_OF(high_range_exits, "S29",
	"RDMSR of a missing MSR in C0000000H-C0001FFFH with its bit set exits", FAULTS_VS_EXITS,
	exits, &high);
CASE_OF(outside_ranges_exits, "S29",
	"RDMSR of a missing MSR outside the bitmap's ranges always exits", FAULTS_VS_EXITS, exits,
	&outside);

static void bit_clear(u32 msr, bool with_irq)
{
	struct vcpu *v;

	if (!with_irq)
		scene(L(RDMSR));
	else
		scene(GUEST_PENDS_IRQ, STI, NOP, L(RDMSR));
	the_scene()->in.rcx = msr;
	the_scene()->in.r8 = msr;
	v = hv_start();
	vcpu_intercept_rdmsr(v, msr, false);
	run_to_end(v);
	if (with_irq)
		expect(IRQ(VEC, AT(L), IF(1)), GP(0, AT(L), IF(1), RF(1)));
	else
		expect(GP(0, AT(L), RF(1)));
}

static void bit_clear_alone(const void *argument)
{
	bit_clear(*(const u32 *)argument, false);
}

static void bit_clear_with_irq(const void *argument)
{
	bit_clear(*(const u32 *)argument, true);
}

#define BIT_CLEAR(id, msr, range)                                                                  \
	TWIN_OF(id, "S29",                                                                         \
		"RDMSR of a missing MSR in " range " with its bit clear: the CPU's own #GP, "      \
		"no exit",                                                                         \
		FAULTS_VS_EXITS, "flags.rf_of_gp", bit_clear_alone, &msr);                         \
	TWIN_OF(id##_irq, "S29",                                                                   \
		"the same with an interrupt pending: interrupt first, then the CPU's "             \
		"own #GP",                                                                         \
		FAULTS_VS_EXITS, "stories.irq_before_rdmsr_interrupt_gate", bit_clear_with_irq,    \
		&msr)

BIT_CLEAR(low_range_bit_clear, low, "0-1FFFH");
BIT_CLEAR(high_range_bit_clear, high, "C0000000H-C0001FFFH");

CASE(cpl3, "V75,S29", "RDMSR in CPL 3 raises #GP before the bitmap is looked at: no exit",
     FAULTS_VS_EXITS)
{
	struct vcpu *v;

	scene(PUSH_IRET_FRAME_CPL3, IRETQ, UD2, T(RDMSR));
	v = hv_start();
	run_to_end(v);
	expect(GP(0, AT(T), CPL(3)));
}
