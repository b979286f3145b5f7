/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The resume flag in saved images. Faults save RF=1, so that returning to the instruction does not
 * meet its code breakpoint again; traps and interrupts between instructions save RF=0.
 */
#define FAMILY "flags"
#include "stage/case.h"

#define RF_IN_IMAGES                                                                               \
	"SDM 3A, System Flags and Fields in the EFLAGS Register; SDM 3B, Instruction-Breakpoint "  \
	"Exception Condition"

struct faulting {
	u16 instruction;
	struct want fault;
};

static void rf_of_fault(const void *argument)
{
	const struct faulting *f = argument;

	scene(L(f->instruction));
	play();
	expect(f->fault);
}

#define RF_OF_FAULT(id, sentence, insn, want)                                                      \
	CASE_WITH(id, "F05", sentence, RF_IN_IMAGES, rf_of_fault, faulting, .instruction = (insn), \
		  .fault = want)

RF_OF_FAULT(rf_of_ud, "#UD saves RF=1", UD2, UD(AT(L), RF(1)));
RF_OF_FAULT(rf_of_de, "#DE saves RF=1", DIV, DE(AT(L), RF(1)));
RF_OF_FAULT(rf_of_gp, "#GP saves RF=1", LOAD_NONCANONICAL, GP(0, AT(L), RF(1)));
RF_OF_FAULT(rf_of_pf, "#PF saves RF=1", LOAD_NOT_PRESENT, PF(0, AT(L), RF(1)));

CASE(rf_of_irq, "F05", "an interrupt between two instructions saves RF=0", RF_IN_IMAGES)
{
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L), RF(0)));
}

CASE(rf_of_int3, "F05",
     "INT3 is a trap: it saves the address behind it, and RF=0 where that is promised",
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

CASE(rf_of_int_n, "F05", "INT n saves RF=0 and the address behind it", RF_IN_IMAGES)
{
	scene(L(INT_50), NOP);
	play();
	expect(INTN(VEC_SOFT, AT(AFTER(L)), RF(0)));
}
