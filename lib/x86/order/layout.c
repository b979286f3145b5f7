/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places: between a saved RIP and the name a reader knows it by.
 */
#include "order/layout.h"
#include "order/log_layout.h"
#include "order/vectors.h"

enum {
	LONGEST_INSTRUCTION = 15,
	LANDING_BYTES = 6, /* cli; jmp rel32 */
	STUBS_BYTES = 256 * ENTRY_STUB_SIZE,
};

static const struct fragment *fragment_of(const struct layout *layout, size_t step)
{
	return &fragments[layout->steps[step] & FRAGMENT_MASK];
}

static u64 step_end(const struct layout *layout, size_t step)
{
	return step + 1 < layout->step_count ? layout->addresses[step + 1] : layout->landing;
}

u64 layout_address(const struct layout *layout, int place)
{
	size_t step;

	if (place & PLACE_ENTRY)
		return layout->stubs + (u64)(place & 0xff) * ENTRY_STUB_SIZE;
	if (place == PLACE_LANDING)
		return layout->landing;
	if (place == PLACE_ELSEWHERE)
		return layout->elsewhere;
	if (place & PLACE_ROOT)
		return layout->root[place & 0xff].boundary;
	step = place ? layout_labelled(layout, place & 0xff) : layout->step_count;
	if (step == layout->step_count)
		return 0;
	return place & PLACE_AFTER ? step_end(layout, step) : layout->addresses[step];
}

static bool is_elsewhere(const struct layout *layout, u64 rip)
{
	return layout->elsewhere && rip >= layout->elsewhere &&
	       rip < layout->elsewhere + LONGEST_INSTRUCTION;
}

bool layout_contains(const struct layout *layout, u64 rip)
{
	return (rip >= layout->addresses[0] && rip < layout->landing + LANDING_BYTES) ||
	       is_elsewhere(layout, rip);
}

size_t layout_step(const struct layout *layout, u64 rip)
{
	size_t i = layout->step_count;

	if (rip >= layout->landing)
		return i;
	while (i-- > 0)
		if (layout->addresses[i] <= rip)
			return i;
	return layout->step_count;
}

size_t layout_labelled(const struct layout *layout, unsigned int label)
{
	size_t i = 0;

	while (i < layout->step_count && layout->steps[i] >> LABEL_SHIFT != label)
		i++;
	return i;
}

static void add_offset(struct text *text, u64 offset)
{
	if (offset)
		text_add(text, "+%lu", offset);
}

/* Two steps with one name are told apart by their ordinal: "NOP#2". */
static void name_step(const struct layout *layout, struct text *text, size_t step, u64 offset)
{
	unsigned int ordinal = 0, same = 0;

	for (size_t i = 0; i < layout->step_count; i++) {
		if (fragment_of(layout, i) != fragment_of(layout, step))
			continue;
		same++;
		if (i <= step)
			ordinal++;
	}
	text_add(text, "%s", fragment_of(layout, step)->name);
	if (same > 1)
		text_add(text, "#%u", ordinal);
	add_offset(text, offset);
}

static bool name_root(const struct layout *layout, struct text *text, u64 rip)
{
	for (size_t i = 0; i < ROOT_PARTS; i++) {
		const struct root_code *code = &layout->root[i];

		if (rip < code->begin || rip >= code->end)
			continue;
		text_add(text, "%s", code->name);
		add_offset(text, rip - code->begin);
		return true;
	}
	return false;
}

void layout_name(const struct layout *layout, struct text *text, u64 rip, bool after_fault)
{
	u64 stubs = layout->stubs;
	size_t step;

	if (rip >= stubs && rip < stubs + STUBS_BYTES) {
		vector_entry_name(text, (u8)((rip - stubs) / ENTRY_STUB_SIZE));
		add_offset(text, (rip - stubs) % ENTRY_STUB_SIZE);
		return;
	}
	if (rip >= stubs && rip < layout->recorded) {
		text_add(text, "handler prologue+%lu", rip - stubs - STUBS_BYTES);
		return;
	}
	if (!layout_contains(layout, rip) && name_root(layout, text, rip))
		return;
	if (!layout_contains(layout, rip)) {
		text_add(text, "%#lx (outside the scene)", rip);
		return;
	}
	if (is_elsewhere(layout, rip)) {
		text_add(text, "elsewhere");
		add_offset(text, rip - layout->elsewhere);
		return;
	}
	if (rip >= layout->landing) {
		text_add(text, "%s", after_fault ? "after IRET" : "landing");
		add_offset(text, rip - layout->landing);
		return;
	}
	step = layout_step(layout, rip);
	name_step(layout, text, step, rip - layout->addresses[step]);
}

void layout_describe(const struct layout *layout, struct text *text)
{
	static const char *const labels[] = {
		[LABEL_L] = "L: ", [LABEL_M] = "M: ", [LABEL_T] = "T: "
	};

	for (size_t i = 0; i < layout->step_count; i++) {
		size_t label = layout->steps[i] >> LABEL_SHIFT;
		size_t repeats = 1;

		while (i + 1 < layout->step_count && !label &&
		       layout->steps[i + 1] == layout->steps[i]) {
			repeats++;
			i++;
		}
		text_add(text, "%s%s%s", text->length ? "; " : "", label ? labels[label] : "",
			 fragment_of(layout, i)->name);
		if (repeats > 1)
			text_add(text, " x%lu", (u64)repeats);
	}
}
