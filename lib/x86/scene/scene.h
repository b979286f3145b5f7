/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scene is the exact sequence of instructions around one boundary: fragments laid end to end in a
 * buffer, some of them labelled, and a landing after the last. scene_play() runs it and comes back
 * through the landing, whatever happened: a fault of the scene resumes at the landing unless the
 * case says otherwise. IF is 0 outside scenes; only a scene opens the window.
 */
#ifndef ORDEAL_SCENE_H
#define ORDEAL_SCENE_H

#include "machine/entry.h"
#include "model/habits.h"
#include "order/layout.h"
#include "order/log.h"
#include "base/types.h"

enum { SCENE_TEXT_SIZE = 4096 };

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
	bool ends_with_exit; /* what a hypervisor holds back until it looks again is the scene's */
	bool expect_abort;   /* #DF and #MC are recorded and resume at the landing, too */
	void (*on_delivery)(struct scene *scene, struct frame *frame, struct log_entry *entry);
	u16 habits; /* what on_delivery does, for the model: enum handler_habit */
	/* For the model, too: 1 + enum choice, a question that the case takes for answered, and the
	 * answer. The case says why. */
	u8 settled, settled_answer;

	/* Filled in by scene_build() */
	struct layout layout;
	u64 rsp;
	u16 elsewhere;	    /* the fragment there; FRAGMENT_NONE: nothing is */
	u8 elsewhere_bytes; /* of it, if the rest would be on the next page; else 0 */
};

/* Lays out @n steps in the scene's buffer; everything else gets its default. */
void scene_build(struct scene *scene, const u16 *steps, size_t n);

/* Gives all that scene_build() does not fill in its default again, to play the same steps again. */
void scene_rewind(struct scene *scene);

/* The scene ends at CPL 3: its landing comes back by INT n instead of by a jump.
 * It needs IOPL 3. */
void scene_land_from_cpl3(struct scene *scene);

/*
 * The whole scene runs at CPL 3, from its first step to its landing. The landing needs IOPL 3 in
 * in_rflags, or a fault before it, whose handler sets IOPL.
 */
void scene_run_at_cpl3(struct scene *scene);

/* The same, but for the landing, which is the caller's to replace. */
void scene_begin_at_cpl3(struct scene *scene);

/* Puts a fragment at @address of the playground, as far as its page reaches; FRAGMENT_NONE: puts
 * nothing there. RDI, with which "JMP elsewhere" jumps, leads there. The fragment must fault. */
void scene_go_elsewhere(struct scene *scene, u64 address, u16 fragment);

/* Replaces the landing by CLI and these @n bytes (at most 5), which must lead out of the scene. */
void scene_land_by(struct scene *scene, const u8 *bytes, size_t n);

/* Runs it once. Events go to the log, which is not cleared here. */
void scene_play(struct scene *scene);

/*
 * What scene_play() does around a scene; the shim, whose guest plays, does it itself. From the one
 * to the other, exceptions are the scene's.
 */
void scene_on_stage(struct scene *scene);
void scene_off_stage(void);

/* Address of the landing's second instruction, which leaves the scene. */
static inline u64 scene_leave_address(const struct scene *scene)
{
	return scene->layout.landing + 1;
}

#endif
