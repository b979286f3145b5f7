/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Behind the scenes: running one case from a clean machine. For the library; cases use case.h.
 */
#ifndef ORDEAL_STAGE_H
#define ORDEAL_STAGE_H

#include "base/types.h"

struct test_case;

/* Runs @test from a clean stage and reports it. */
void stage_run(const struct test_case *test);

/*
 * Puts back everything that a case may have changed: gates, CR0.TS, TPR, timer; retires what the
 * LAPIC still holds (EOI until ISR is empty, deliver until IRR is empty), and clears the log. Ends
 * the case as ERROR if the LAPIC does not come to rest.
 */
void stage_reset(void);

/* The part of it that neither the LAPIC nor an NMI needs: for those who know what they have left
 * there. */
void stage_reset_processor(void);

/*
 * Calls @undo when the case is over, however it ends: what was registered last is called first, and
 * each function once. It must do nothing where there is nothing to undo.
 */
void stage_at_end(void (*undo)(void));

/*
 * Calls @leave before the next scene is played on bare hardware, once: what stays on between the
 * cases is switched off there.
 */
void stage_before_play(void (*leave)(void));

/* From now on these bits of CR0 and CR4 belong to a clean stage, in addition to those that were 1
 * before the first case. */
void stage_hold_bits(u64 cr0, u64 cr4);

/* For judges other than expect(): says that the case has been judged. */
void stage_judged(void);

/* What the case has last written to this MSR by set_msr(); 0 if it has not. */
u64 stage_msr_written(u32 index);

/*
 * Only in images that are built with the model (stage/ask.c): what is about to be played is noted,
 * and when it is judged, the model is asked, too.
 */
struct order;
struct scene;
void __attribute__((weak)) stage_note_play(const struct scene *scene);
void __attribute__((weak)) stage_ask_model(const struct order *orders, size_t n);

/* Is the event that was recorded last at @place? */
bool stage_latest_is_at(int place);

/* Prints what was recorded so far as SEEN, and @want, if there is one, as WANT. */
struct want;
void stage_show_trace(const struct want *want);

/* Prints NOTE lines of case @name: the events of @order and @trace side by side, and in what they
 * differ. */
struct layout;
struct trace;
void stage_note_columns(const char *name, const struct layout *layout, const struct trace *trace,
			const struct order *order);

/* The case ends here as FAIL. */
NORETURN void stage_fail(const char *format, ...) PRINTF(1, 2);

/* Has nothing failed so far? */
bool stage_passing(void);

const char *stage_case_name(void);

#endif
