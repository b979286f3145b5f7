/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scene is the exact sequence of instructions around one boundary: fragments laid end to end in a
 * buffer, some of them labelled, and a landing behind the last. scene_play() runs it and comes back
 * through the landing, whatever happened: a fault of the scene resumes at the landing unless the
 * case says otherwise. IF is 0 outside scenes; only a scene opens the window.
 */
#ifndef ORDEAL_SCENE_H
#define ORDEAL_SCENE_H

#include "machine/entry.h"
#include "order/fragments.h"
#include "order/log.h"
#include "base/types.h"

enum {
	SCENE_MAX_STEPS = 96,
	SCENE_TEXT_SIZE = 4096,
};

/* Labels that a case puts on a step with L(insn), M(insn), T(insn). */
enum label {
	L = 1,
	M = 2,
	T = 3,
};

#define LABEL_SHIFT 8
#define L(step)	    ((step) | L << LABEL_SHIFT)
#define M(step)	    ((step) | M << LABEL_SHIFT)
#define T(step)	    ((step) | T << LABEL_SHIFT)

/*
 * A place is where a saved RIP may point, as a case names it: a label, the boundary behind the
 * labelled instruction, the landing, or the first instruction of a vector's handler.
 */
enum place {
	PLACE_ANY = 0, /* not asserted */
	PLACE_AFTER = 0x100,
	PLACE_LANDING = 0x200,
	PLACE_ENTRY = 0x400,
	PLACE_ELSEWHERE = 0x800,
	PLACE_ROOT = 0x1000, /* | enum root_part */
};

#define AFTER(label)	 (PLACE_AFTER | (label))
#define LANDING		 PLACE_LANDING
#define AFTER_IRET	 PLACE_LANDING /* a fault's handler returns to the landing */
#define ENTRY_OF(vector) (PLACE_ENTRY | (vector))
#define ELSEWHERE	 PLACE_ELSEWHERE /* where scene_go_elsewhere() put an instruction */

/* The boundaries in the shim's root on which events of a scene may be delivered (SVM). */
enum root_part {
	ROOT_VMRUN,
	ROOT_STGI,
	ROOT_PARTS,
};

#define BEHIND_VMRUN (PLACE_ROOT | ROOT_VMRUN)
#define BEHIND_STGI  (PLACE_ROOT | ROOT_STGI)

struct root_code {
	const char *name; /* of its first instruction */
	u64 begin, boundary, end;
};

enum fault_policy {
	FAULTS_RESUME_AT_LANDING,
	FAULTS_RETRY, /* IRET to the same instruction: the case's on_delivery mends the cause */
};

struct scene {
	struct gprs in;	  /* registers on the first instruction: a case may change them */
	u64 in_rflags;	  /* flags there; IF=0 by default */
	struct gprs out;  /* registers as the landing found them */
	u64 in_cs, in_ss; /* of CPL 0; scene_run_at_cpl3() changes them */

	/* What else a case may set between scene() and play() */
	enum fault_policy faults;
	bool eoi_in_handler;	 /* the handler of a real interrupt sends EOI before its IRET */
	bool enter_without_iret; /* NMIs stay blocked; in_rflags must then be without IF and TF */
	bool expect_abort;	 /* #DF and #MC are recorded and resume at the landing, too */
	void (*on_delivery)(struct scene *scene, struct frame *frame, struct log_entry *entry);

	/* Filled in by scene_build() */
	size_t step_count;
	u16 steps[SCENE_MAX_STEPS];	/* fragment id | label << LABEL_SHIFT */
	u64 addresses[SCENE_MAX_STEPS]; /* of each step's first byte */
	u64 landing;
	u64 rsp;
	u64 elsewhere;			   /* scene_go_elsewhere() */
	struct root_code root[ROOT_PARTS]; /* the shim's, once it is on */
};

/* Lays out @n steps in the scene's buffer; everything else gets its default. */
void scene_build(struct scene *scene, const u16 *steps, size_t n);

/* The scene ends at CPL 3: its landing comes back by INT n instead of by a jump.
 * It needs IOPL 3. */
void scene_land_from_cpl3(struct scene *scene);

/*
 * The whole scene runs at CPL 3, entry and landing. The landing needs IOPL 3 in in_rflags, or a
 * fault before it, whose handler gives it.
 */
void scene_run_at_cpl3(struct scene *scene);

/* Puts a fragment at @address of the playground, as far as its page reaches; FRAGMENT_NONE: puts
 * nothing there. RDI, with which "JMP elsewhere" jumps, leads there. The fragment must fault. */
void scene_go_elsewhere(struct scene *scene, u64 address, u16 fragment);

/* Replaces the landing by CLI and these @n bytes (at most 5), which must lead out of the scene. */
void scene_land_by(struct scene *scene, const u8 *bytes, size_t n);

/* Runs it once. Events go to the log, which is not cleared here. */
void scene_play(struct scene *scene);

/* Address that @place stands for; 0 for PLACE_ANY or a label that no step bears. */
u64 scene_place_address(const struct scene *scene, int place);

/* Address of the landing's second instruction, which leaves the scene. */
static inline u64 scene_leave_address(const struct scene *scene)
{
	return scene->landing + 1;
}

/* Is @rip on the scene (its landing included)? */
bool scene_contains(const struct scene *scene, u64 rip);

struct text;

/*
 * Appends a name for @rip: an instruction of the scene, a handler's entry, or either with an
 * offset. @after_fault: a fault was delivered before, so that the landing is where its IRET
 * returned to.
 */
void scene_name_place(const struct scene *scene, struct text *text, u64 rip, bool after_fault);

/* Appends the scene as a person would write it: "STI; NOP; L: RDMSR". */
void scene_describe(const struct scene *scene, struct text *text);

#endif
