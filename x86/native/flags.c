/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The resume flag in saved images. Faults save RF=1, so that returning to the instruction does not
 * meet its code breakpoint again; traps and interrupts between instructions save RF=0.
 */
#include "stage/case.h"

#define RF_IN_IMAGES                                                                               \
	"SDM 3A, System Flags and Fields in the EFLAGS Register; SDM 3B, Instruction-Breakpoint "  \
	"Exception Condition"

struct rf_of_fault {
	u16 instruction;
	struct want fault;
};

static void rf_of_fault(const struct rf_of_fault *f)
{
	scene(L(f->instruction));
	play();
	expect(f->fault);
}

TABLE(rf_of_ud, "F05", "#UD is a fault: the flags that it saves have RF=1", RF_IN_IMAGES,
      rf_of_fault, .instruction = UD2, .fault = UD(AT(L), RF(1)));
TABLE(rf_of_de, "F05", "#DE is a fault: the flags that it saves have RF=1", RF_IN_IMAGES,
      rf_of_fault, .instruction = DIV, .fault = DE(AT(L), RF(1)));
TABLE(rf_of_gp, "F05", "#GP is a fault: the flags that it saves have RF=1", RF_IN_IMAGES,
      rf_of_fault, .instruction = LOAD_NONCANONICAL, .fault = GP(0, AT(L), RF(1)));
TABLE(rf_of_pf, "F05", "#PF is a fault: the flags that it saves have RF=1", RF_IN_IMAGES,
      rf_of_fault, .instruction = LOAD_NOT_PRESENT, .fault = PF(0, AT(L), RF(1)));

CASE(rf_of_irq, "F05", "the flags that an interrupt between two instructions saves have RF=0",
     RF_IN_IMAGES)
{
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), RF(0)));
}

CASE(rf_of_int3, "F05",
     "INT3 is a trap: it saves the address of the next instruction, and RF=0 where the manual promises it",
     RF_IN_IMAGES)
{
	scene(L(INT3), NOP);
	play();
	/* The APM has RF=1 in the image of every exception but one ("RFLAGS Register"). */
	if (cpu_is_amd())
		expect(BP(AT(AFTER(L))));
	else
		expect(BP(AT(AFTER(L)), RF(0)));
}

CASE(rf_of_int_n_after_rf, "F05",
     "INT n that begins with RF=1 saves RF=0, for it clears the flag before", RF_IN_IMAGES)
{
	struct scene *s = scene(L(INT_50), NOP);

	s->in_rflags |= RFLAGS_RF;
	play();
	expect(INTN(VEC_SOFT, AT(AFTER(L)), RF(0)));
}

CASE(rf_of_int_n, "F05", "INT n saves the address of the next instruction, and RF=0", RF_IN_IMAGES)
{
	scene(L(INT_50), NOP);
	play();
	expect(INTN(VEC_SOFT, AT(AFTER(L)), RF(0)));
}
