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
	LABEL_COUNT,
};

/*
 * A place is where an event may come, as a case names it. Two of them are no addresses: the first
 * instruction of a vector's handler, for all handlers may begin at one address; and where the
 * handler of an earlier exception returned to. trace.h tells them from what else was recorded.
 */
enum place {
	PLACE_ANY = 0, /* not asserted */
	/* 1 to 0xff: the step that bears this label, enum label */
	PLACE_AFTER = 0x100, /* | enum label: the boundary after that step */
	PLACE_LANDING = 0x200,
	PLACE_ENTRY = 0x400, /* | vector */
	PLACE_ELSEWHERE = 0x800,
	PLACE_ROOT = 0x1000, /* | enum root_part */
	PLACE_AFTER_IRET = 0x2000,

	/* Not for wants: other places that a position may have */
	PLACE_STEP = 0x4000,	 /* | index of the step */
	PLACE_PROLOGUE = 0x8000, /* the code of handlers before they have their slot in the log */
	PLACE_OUTSIDE = 0x8100,
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
	u8 labelled[LABEL_COUNT];	 /* 1 + index of the step that bears it; 0: none does */
	u64 landing;
	u64 elsewhere;			   /* an instruction far from the steps; 0: there is none */
	struct root_code root[ROOT_PARTS]; /* the shim's, once it is on */

	/* Vector v's handler begins at stubs + v * stub_size; with a stub_size of 0 all begin at
	 * one address. From `recorded` on, which all share, a handler has its slot in the log. */
	u64 stubs, recorded;
	u32 stub_size;
};

/* Where an event came: a place, and how many bytes after its beginning. */
struct position {
	u16 place;  /* enum place */
	u64 offset; /* PLACE_OUTSIDE: the address itself */
};

/* Appends a step, which begins at @address. */
void layout_add_step(struct layout *layout, u16 step, u64 address);

/* Address that @place stands for; 0 for PLACE_ANY, for PLACE_AFTER_IRET, and for a label that no
 * step bears. */
u64 layout_address(const struct layout *layout, int place);

/* Where @rip is, as far as an address tells. */
struct position layout_position(const struct layout *layout, u64 rip);

/* The position that @place names; PLACE_ANY if the layout has no such place. */
struct position layout_place(const struct layout *layout, int place);

/* Is @rip on the scene: its steps, its landing, elsewhere? */
bool layout_contains(const struct layout *layout, u64 rip);

/* Index of the step in whose bytes @rip lies; the number of steps if it lies in none. */
size_t layout_step(const struct layout *layout, u64 rip);

/* Index of the step that bears @label (enum label); the number of steps if none does. */
size_t layout_labelled(const struct layout *layout, unsigned int label);

/* Appends "RDMSR", "NOP#2+1", "GP_ENTRY", "after IRET": each position has one name. */
void layout_name(const struct layout *layout, struct text *text, struct position position);

/* Appends the scene as a person would write it: "STI; NOP; L: RDMSR". */
void layout_describe(const struct layout *layout, struct text *text);

#endif
