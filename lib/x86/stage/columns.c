/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace that no order fits, beside the order that fits it furthest: for people, not the judge.
 */
#include "base/text.h"
#include "report/report.h"
#include "stage/case.h"
#include "stage/stage.h"

/* One event in two columns: what was expected, what was seen, and what of it differs. */
static void note_row(const char *name, const struct layout *layout, const struct trace *trace,
		     const struct order *order, size_t i)
{
	char want[96], seen[96];
	struct text w = TEXT(want), s = TEXT(seen);
	const char *difference;

	if (i < order->n)
		want_format(&w, layout, &order->wants[i]);
	else
		text_add(&w, "-");
	if (i < trace->count)
		event_format(&s, layout, &trace->events[i]);
	else
		text_add(&s, "-");
	if (i >= order->n)
		difference = "not expected";
	else if (i >= trace->count)
		difference = "missing";
	else
		difference = want_mismatch(&order->wants[i], layout, &trace->events[i]);
	report_line("NOTE: %s: %2lu | %-46s | %-46s | %s", name, (u64)i + 1, text_seal(&w),
		    text_seal(&s), difference ? difference : "");
}

void stage_note_columns(const char *name, const struct layout *layout, const struct trace *trace,
			const struct order *order)
{
	char buffer[512];
	struct text t = TEXT(buffer);
	size_t rows = order->n > trace->count ? order->n : trace->count;

	layout_describe(layout, &t);
	report_line("NOTE: %s: scene: %s", name, text_seal(&t));
	report_line("NOTE: %s:  # | %-46s | %-46s | differs in", name, "expected", "seen");
	for (size_t i = 0; i < rows; i++)
		note_row(name, layout, trace, order, i);
}
