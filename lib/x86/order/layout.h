/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the steps of a scene lie, and everything else that a saved RIP may point to. That is all
 * that naming, matching and printing need of a scene; addresses are data here, so that a layout
 * may as well be made up.
 */
#ifndef ORDEAL_LAYOUT_H
#define ORDEAL_LAYOUT_H

#include "base/text.h"
#include "order/fragments.h"

enum {
	LAYOUT_MAX_STEPS = 96,
	LABEL_SHIFT = 8,
	FRAGMENT_MASK = (1 << LABEL_SHIFT) - 1,
};

/* The labels that a step may bear. */
enum label {
	LABEL_L = 1,
	LABEL_M,
	LABEL_T,
};

/*
 * A place is where a saved RIP may point, as a case names it: a label, the boundary after the
 * labelled instruction, the landing, or the first instruction of a vector's handler.
 */
enum place {
	PLACE_ANY = 0,	     /* not asserted */
	PLACE_AFTER = 0x100, /* | enum label */
	PLACE_LANDING = 0x200,
	PLACE_ENTRY = 0x400, /* | vector */
	PLACE_ELSEWHERE = 0x800,
	PLACE_ROOT = 0x1000, /* | enum root_part */
};

/* The boundaries in the shim's root on which events of a scene may be delivered (SVM). */
enum root_part {
	ROOT_VMRUN,
	ROOT_STGI,
	ROOT_PARTS,
};

struct root_code {
	const char *name; /* of its first instruction */
	u64 begin, boundary, end;
};

struct layout {
	size_t step_count;
	u16 steps[LAYOUT_MAX_STEPS];	 /* enum fragment_id | enum label << LABEL_SHIFT */
	u64 addresses[LAYOUT_MAX_STEPS]; /* of each step's first byte, ascending */
	u64 landing;
	u64 elsewhere;			   /* an instruction far from the steps; 0: there is none */
	struct root_code root[ROOT_PARTS]; /* the shim's, once it is on */

	/* Vector v's handler begins at stubs + v * ENTRY_STUB_SIZE; from `recorded` on, which all
	 * handlers share, a handler has its slot in the log. */
	u64 stubs, recorded;
};

/* Address that @place stands for; 0 for PLACE_ANY or a label that no step bears. */
u64 layout_address(const struct layout *layout, int place);

/* Is @rip on the scene: its steps, its landing, elsewhere? */
bool layout_contains(const struct layout *layout, u64 rip);

/* Index of the step in whose bytes @rip lies; the number of steps if it lies in none. */
size_t layout_step(const struct layout *layout, u64 rip);

/* Index of the step that bears @label (enum label); the number of steps if none does. */
size_t layout_labelled(const struct layout *layout, unsigned int label);

/*
 * Appends a name for @rip: an instruction of the scene, a handler's entry, or either with an
 * offset. @after_fault: a fault was delivered before, so that the landing is where its IRET
 * returned to.
 */
void layout_name(const struct layout *layout, struct text *text, u64 rip, bool after_fault);

/* Appends the scene as a person would write it: "STI; NOP; L: RDMSR". */
void layout_describe(const struct layout *layout, struct text *text);

#endif
