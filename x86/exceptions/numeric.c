/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A maskable interrupt against the numeric exceptions: #MF, which an x87 error raises at the next
 * waiting x87 instruction, and #XM. Pending before that instruction, the interrupt is served first.
 * The x87 row is not played in the shadow of STI, where a pending #MF may break the shadow.
 */
#include "stage/irq_before.h"

#define CPUID_1_EDX_SSE (1 << 25)
#define MXCSR_MASK_ALL	0x1f80
#define MXCSR_ZM	(1 << 9)

static void load_mxcsr(u32 value)
{
	asm volatile("ldmxcsr %0" ::"m"(value));
}

CASE(irq_before_mf, "A11", "a pending interrupt is served before the #MF of the next FWAIT",
     PRIORITY)
{
	scene(LEAVE_X87_ERROR, STI, NOP, L(FWAIT));
	pend_irq(VEC);
	play();
	asm volatile("fninit");
	expect(IRQ_AT_L, MF(AT(L)));
}

CASE(irq_before_xm, "A12", "a pending interrupt is served before the #XM of the next DIVSS",
     PRIORITY)
{
	require(cpuid(1, 0).edx & CPUID_1_EDX_SSE, "SSE (CPUID 1 EDX bit 25)");
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	load_mxcsr(MXCSR_MASK_ALL & ~MXCSR_ZM);
	scene(LOAD_ONE_AND_ZERO, STI, NOP, L(DIVSS));
	pend_irq(VEC);
	play();
	load_mxcsr(MXCSR_MASK_ALL);
	expect(IRQ_AT_L, XM(AT(L)));
}
