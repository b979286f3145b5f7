/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A maskable interrupt against faults of loading segments and control registers, and of IRET; and
 * against instructions that trap: there the interrupt is served before they are executed at all,
 * and saves their own address, not that of the next instruction.
 */
#include "stage/irq_before.h"

#define CR0_RESERVED (1ull << 63)
#define CR8_RESERVED (1ull << 4)

static void not_present_selector(void)
{
	the_scene()->in.r11 = SEL_NOT_PRESENT;
}

static void selector_beyond_gdt(void)
{
	the_scene()->in.r11 = SEL_BEYOND;
}

/* Not of CR4: QEMU 7.2 takes a reserved bit there for an invalid VMRUN, and never comes back. */
static void reserved_cr0(void)
{
	the_scene()->in.rax = read_cr0() | CR0_RESERVED;
}

static void reserved_cr8(void)
{
	the_scene()->in.rax = CR8_RESERVED;
}

TABLE(irq_before_np, "A09",
      "a pending interrupt is served before the #NP of a MOV DS of a segment that is not present",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = MOV_DS,
      .prepare = not_present_selector, .irq = IRQ_AT_L, .fault = NP(SEL_NOT_PRESENT, AT(L)));
TABLE(irq_before_gp_of_selector, "A09",
      "a pending interrupt is served before the #GP of a MOV DS of a selector beyond the GDT",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = MOV_DS,
      .prepare = selector_beyond_gdt, .irq = IRQ_AT_L, .fault = GP(SEL_BEYOND, AT(L)));
TABLE(irq_before_gp_of_iretq, "A18",
      "a pending interrupt is served before the #GP of an IRETQ to a CS beyond the GDT", PRIORITY,
      irq_before_fault, .setup = PUSH_IRET_FRAME_BAD, .instruction = IRETQ, .irq = IRQ_AT_L,
      .fault = GP(SEL_BEYOND, AT(L)));
TABLE(irq_before_gp_of_cr0, "A19",
      "a pending interrupt is served before the #GP of a MOV to CR0 that sets a reserved bit",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = MOV_TO_CR0, .prepare = reserved_cr0,
      .irq = IRQ_AT_L, .fault = GP(0, AT(L)));
TABLE(irq_before_gp_of_cr8, "A19",
      "a pending interrupt is served before the #GP of a MOV to CR8 that sets a reserved bit",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = MOV_TO_CR8, .prepare = reserved_cr8,
      .irq = IRQ_AT_L, .fault = GP(0, AT(L)));

TABLE(irq_before_int3, "A15", "a pending interrupt is served before INT3 is executed", PRIORITY,
      irq_before_fault, .setup = NOP, .instruction = INT3, .irq = IRQ_AT_L,
      .fault = BP(AT(AFTER(L))));
TABLE(irq_before_int_n, "A15", "a pending interrupt is served before INT n is executed", PRIORITY,
      irq_before_fault, .setup = NOP, .instruction = INT_50, .irq = IRQ_AT_L,
      .fault = INTN(VEC_SOFT, AT(AFTER(L))));
TABLE(irq_before_int1, "A16",
      "a pending interrupt is served before INT1 is executed, whose #DB sets none of B0, BS and BD in DR6",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = INT1, .irq = IRQ_AT_L,
      .fault = DB(AT(AFTER(L)), NO_DR6(DR6_B0 | DR6_BS | DR6_BD)));

CASE(lock_cpuid, "B07", "LOCK CPUID raises #UD, in CPL 0 as well",
     "SDM 2A, LOCK-Assert LOCK# Signal Prefix; APM 3, Instruction Prefixes")
{
	scene(L(LOCK_CPUID));
	play();
	expect(UD(AT(L)));
}
