/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge of one sample of a sweep across a faulting instruction (across.h), from its trace
 * alone.
 */
#include "sweep/across.h"

bool zone_is_legal(const struct across *across, int zone)
{
	if (zone == ZONE_ROOT_BEFORE || zone == ZONE_ROOT_AFTER)
		return across->play;
	if (zone == ZONE_AT)
		return !across->before;
	if (zone == ZONE_HANDLER_ENTRY || zone == ZONE_HANDLER)
		return across->gate == TRAP_GATE;
	return true;
}

/* The step that begins at @rip; the number of steps if none does. */
static size_t step_at(const struct layout *layout, u64 rip)
{
	size_t step = layout_step(layout, rip);

	return step < layout->step_count && layout->addresses[step] != rip ? layout->step_count
									   : step;
}

/* IF is 0 before STI, whose shadow covers the boundary after it. */
static size_t first_open_step(const struct layout *layout)
{
	size_t i = 0;

	while (i < layout->step_count && layout->steps[i] != STI)
		i++;
	return i + 2;
}

static int zone_of_irq_first(const struct layout *layout, u64 rip)
{
	u64 at_l = layout_address(layout, L);
	size_t step = step_at(layout, rip);

	if (rip == at_l)
		return ZONE_AT;
	if (step < first_open_step(layout) || step == layout->step_count || rip > at_l)
		return -1;
	return ZONE_BEFORE;
}

static int zone_of_irq_after(const struct across *across, const struct layout *layout,
			     const struct event *irq)
{
	int zone = ZONE_HANDLER;

	if (event_is_at(irq, layout, ENTRY_OF(across->fault.vector)))
		zone = ZONE_HANDLER_ENTRY;
	else if (event_is_at(irq, layout, AFTER_IRET))
		zone = ZONE_AFTER_IRET;
	else if (layout_contains(layout, irq->entry->rip))
		return -1;
	return zone_is_legal(across, zone) ? zone : -1;
}

/* Is it the interrupt? Like want_mismatch() of IRQ(VEC), for most of the events of a sweep. */
static bool is_irq(const struct event *event)
{
	const struct log_entry *entry = event->entry;

	return entry->kind == LOG_DELIVERY && entry->vector == VEC && entry->in_service;
}

int across_classify(const struct across *across, const struct layout *layout,
		    const struct trace *trace, const char **reason)
{
	size_t irqs = 0, faults = 0;
	int zone;

	for (size_t i = 0; i < trace->count; i++) {
		const struct event *event = &trace->events[i];

		if (is_irq(event))
			irqs++;
		else if (event->entry->vector == across->fault.vector)
			faults += !want_mismatch(&across->fault, layout, event);
	}
	*reason = "the fault is not there exactly once, as its instruction raises it";
	if (faults != 1)
		return -1;
	*reason = "the interrupt came more than once";
	if (irqs > 1)
		return -1;
	*reason = "there is an event that is neither the fault nor the interrupt";
	if (trace->count != irqs + faults)
		return -1;
	if (!irqs)
		return ZONE_LATER;
	if (is_irq(&trace->events[0])) {
		*reason = "the interrupt came first, at no boundary that was open to it";
		zone = zone_of_irq_first(layout, trace->events[0].entry->rip);
		if (zone >= 0 && !zone_is_legal(across, zone))
			zone = -1;
	} else {
		*reason = "the interrupt came after the fault, at no boundary that was open to it";
		zone = zone_of_irq_after(across, layout, &trace->events[1]);
	}
	return zone;
}

int across_zone_in_root(const struct across *across, int zone, enum root_phase phase,
			const char **reason)
{
	int first_open = across->gate == TRAP_GATE ? ZONE_HANDLER_ENTRY : ZONE_AFTER_IRET;

	if (phase == NOT_IN_ROOT || zone < 0)
		return zone;
	*reason = "pending in root, the interrupt was not served at the first open boundary";
	if (zone != first_open)
		return -1;
	return phase == BEFORE_INJECTION ? ZONE_ROOT_BEFORE : ZONE_ROOT_AFTER;
}
