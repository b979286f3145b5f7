/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a saved RIP, or the name of a place in a case, to a position, and from there to its name.
 */
#include "order/layout.h"
#include "order/vectors.h"

enum {
	LONGEST_INSTRUCTION = 15,
	LANDING_BYTES = 6, /* cli; jmp rel32 */
	VECTORS = 256,
};

static const struct fragment *fragment_of(const struct layout *layout, size_t step)
{
	return &fragments[layout->steps[step] & FRAGMENT_MASK];
}

static u64 step_end(const struct layout *layout, size_t step)
{
	return step + 1 < layout->step_count ? layout->addresses[step + 1] : layout->landing;
}

void layout_add_step(struct layout *layout, u16 step, u64 address)
{
	size_t n = layout->step_count++;
	u16 label = step >> LABEL_SHIFT;

	layout->steps[n] = step;
	layout->addresses[n] = address;
	if (label && !layout->labelled[label])
		layout->labelled[label] = (u8)(n + 1);
}

/* @place: a label, or PLACE_AFTER | label. */
static u64 label_address(const struct layout *layout, int place)
{
	size_t step = layout_labelled(layout, place & 0xff);

	if (step == layout->step_count)
		return 0;
	return place & PLACE_AFTER ? step_end(layout, step) : layout->addresses[step];
}

u64 layout_address(const struct layout *layout, int place)
{
	if (place == PLACE_ANY || place == PLACE_AFTER_IRET)
		return 0;
	if (place < PLACE_LANDING)
		return label_address(layout, place);
	if (place & PLACE_ENTRY)
		return layout->stubs + (u64)(place & 0xff) * layout->stub_size;
	if (place == PLACE_LANDING)
		return layout->landing;
	if (place == PLACE_ELSEWHERE)
		return layout->elsewhere;
	return layout->root[place & 0xff].boundary;
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
	size_t low = 0, high = layout->step_count;

	if (rip < layout->addresses[0] || rip >= layout->landing)
		return layout->step_count;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (layout->addresses[middle] <= rip)
			low = middle;
		else
			high = middle;
	}
	return low;
}

size_t layout_labelled(const struct layout *layout, unsigned int label)
{
	size_t step = label < LABEL_COUNT ? layout->labelled[label] : 0;

	return step ? step - 1 : layout->step_count;
}

static struct position at(int place, u64 offset)
{
	return (struct position){ (u16)place, offset };
}

static struct position position_in_handler(const struct layout *layout, u64 rip)
{
	u64 offset = rip - layout->stubs, size = layout->stub_size;

	if (offset < VECTORS * size)
		return at(PLACE_ENTRY | (int)(offset / size), offset % size);
	return at(PLACE_PROLOGUE, offset - VECTORS * size);
}

struct position layout_position(const struct layout *layout, u64 rip)
{
	size_t step = layout_step(layout, rip);

	if (rip >= layout->stubs && rip < layout->recorded)
		return position_in_handler(layout, rip);
	if (step < layout->step_count)
		return at(PLACE_STEP | (int)step, rip - layout->addresses[step]);
	if (is_elsewhere(layout, rip))
		return at(PLACE_ELSEWHERE, rip - layout->elsewhere);
	if (layout_contains(layout, rip))
		return at(PLACE_LANDING, rip - layout->landing);
	for (int i = 0; i < ROOT_PARTS; i++)
		if (rip >= layout->root[i].begin && rip < layout->root[i].end)
			return at(PLACE_ROOT | i, rip - layout->root[i].begin);
	return at(PLACE_OUTSIDE, rip);
}

struct position layout_place(const struct layout *layout, int place)
{
	u64 address;

	if (place & PLACE_ENTRY || place == PLACE_AFTER_IRET)
		return at(place, 0);
	address = layout_address(layout, place);
	return address ? layout_position(layout, address) : at(PLACE_ANY, 0);
}

/* Two steps with one name are told apart by their ordinal: "NOP#2". */
static void name_step(const struct layout *layout, struct text *text, size_t step)
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
}

void layout_name(const struct layout *layout, struct text *text, struct position position)
{
	u16 place = position.place;
	u64 offset = position.offset;

	if (place == PLACE_OUTSIDE) {
		text_add(text, "%#lx (outside the scene)", offset);
		return;
	}
	if (place == PLACE_PROLOGUE) {
		text_add(text, "handler prologue+%lu", offset);
		return;
	}
	if (place & PLACE_ENTRY)
		vector_entry_name(text, (u8)place);
	else if (place & PLACE_STEP)
		name_step(layout, text, place & 0xff);
	else if (place & PLACE_ROOT)
		text_add(text, "%s", layout->root[place & 0xff].name);
	else if (place == PLACE_ELSEWHERE)
		text_add(text, "elsewhere");
	else
		text_add(text, "%s", place == PLACE_AFTER_IRET ? "after IRET" : "landing");
	if (offset)
		text_add(text, "+%lu", offset);
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
