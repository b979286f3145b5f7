/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sweeps that move the arrival of a timer interrupt, step by step, across a scene with one faulting
 * instruction, natively or in a guest. Every sample is judged: the order must be legal for where
 * the interrupt landed, and no event may be lost or doubled. Where each sample lands is the
 * platform's business: it is counted and printed, not judged.
 */
#ifndef ORDEAL_ACROSS_H
#define ORDEAL_ACROSS_H

#include "stage/case.h"
#include "sweep/sweep.h"

/* Where one sample's interrupt landed. */
enum landing_zone {
	ZONE_BEFORE,	    /* at a boundary before the faulting instruction */
	ZONE_AT,	    /* at the boundary of the faulting instruction itself */
	ZONE_ROOT_BEFORE,   /* in root, before the injection was written (guests only) */
	ZONE_ROOT_AFTER,    /* in root, after that */
	ZONE_HANDLER_ENTRY, /* at the first instruction of the fault's handler */
	ZONE_HANDLER,	    /* further inside the handler */
	ZONE_AFTER_IRET,    /* where the handler returned to */
	ZONE_LATER,	    /* at no boundary of the scene: pending when it was over */
	ZONE_COUNT,
};

/* Where root was when it found the interrupt pending. */
enum root_phase {
	NOT_IN_ROOT,
	BEFORE_INJECTION,
	AFTER_INJECTION,
};

struct across {
	u16 instruction;     /* the faulting fragment; bears label L */
	struct want fault;   /* what it raises, AT(L) */
	u16 before;	     /* a fragment right before it, whose shadow covers it; or none */
	enum gate_type gate; /* of the fault's handler */
	enum lapic_timer_mode timer;

	/* NULL: the scene is played natively. Else plays it as the shim's guest, with the timer's
	 * count in scene.in.r11, and tells when root first saw the interrupt pending. */
	enum root_phase (*play)(const struct across *across);
	void (*leave)(void); /* with play(): ends the guest, if it runs */
};

/* The sweep across the instruction, with these zones as orders; its argument is @across. */
struct sweep across_sweep(const struct across *across);

/* Runs that sweep and judges the case. */
void across_run(const struct across *across);

/* Pure: the zone of one sample, or -1 with *@reason set if its order is illegal. */
int across_classify(const struct across *across, const struct layout *layout,
		    const struct trace *trace, const char **reason);

/* Pure: the zone when root found the interrupt pending at @phase; @zone is that of the deliveries.
 * The interrupt must then have been delivered at the first boundary that was open after the
 * injection. */
int across_zone_in_root(const struct across *across, int zone, enum root_phase phase,
			const char **reason);

/* Pure: may an interrupt land there at all? Inside the handler only if its gate is a trap gate. */
bool zone_is_legal(const struct across *across, int zone);

#endif
