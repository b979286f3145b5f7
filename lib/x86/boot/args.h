/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's arguments: `NAME [case-glob ...] [key=value ...]`, see docs/results.md.
 */
#ifndef ORDEAL_ARGS_H
#define ORDEAL_ARGS_H

#include "base/mutate.h"
#include "base/types.h"
#include "machine/lapic.h"
#include "report/power.h"
#include "stage/noise.h"

enum {
	ARGS_MAX_GLOBS = 64,
	ARGS_TEXT = 2048,
};

struct args {
	const char *globs[ARGS_MAX_GLOBS];
	size_t glob_count;
	const char *excludes[ARGS_MAX_GLOBS];
	size_t exclude_count;
	const char *nonce;    /* "-" if none was given */
	enum mutation mutate; /* how the stage is changed */
	const char *wrong;    /* how the shim is to misbehave (hv/wrong.h), or NULL */
	u16 console_port;
	enum exit_rung exit;
	enum apic_choice apic;
	enum noise noise;     /* what disturbs each case on purpose */
	bool exact;	      /* the platform is exact (machine/settle.h) */
	bool dangerous;	      /* INIT may be sent on hardware, too */
	bool profile;	      /* count the ticks of each section (machine/profile.h) */
	u32 shuffle;	      /* run the cases in the order of this seed; 0: in the usual order */
	u32 after;	      /* leave out so many cases of the plan, from its start */
	u32 sample, seed;     /* of the generated world: one situation of @sample; 0: all */
	u32 depth;	      /* how many of its axes may be unusual at once; 0: the default */
	u32 from, to;	      /* only these places of each block, from 1; 0: no limit */
	const char *axes;     /* only these may be unusual, or NULL */
	const char *then;     /* the instructions after the first, or NULL: NOP */
	u32 show;	      /* the traces of one situation of @show are printed; 0: of none */
	const char *plant;    /* WHAT:NAME, what goes wrong in it on purpose, or NULL */
	bool check_clean;     /* it is shown after each situation that nothing of it is left */
	bool dirty;	      /* and nothing is put back, so that this must be noticed */
	const char *only;     /* the one situation of it to play, or NULL */
	const char *law;      /* by which a hypervisor plays it (lib/x86/world/laws.def), or NULL */
	const char *quirks;   /* of it: known deviations (model/quirks.def), or NULL */
	const char *bad_word; /* the first word that was wrong, or NULL */
	char text[ARGS_TEXT]; /* the words above point in here */
};

/*
 * Parses @line into @args. @drop_first: the first word is the image's file name.
 * Returns NULL, or a one-line message that says what is accepted; @args->bad_word is the culprit.
 * What could be parsed is in @args either way (console= above all, so that the message is seen).
 */
const char *args_parse(struct args *args, const char *line, bool drop_first);

/* Index of the first glob that @name matches; the number of globs if it matches none. */
size_t args_first_glob(const struct args *args, const char *name);

/* Does @name belong to the run: some glob (or no glob at all) matches, and no exclude does? */
bool args_select(const struct args *args, const char *name);

#endif
