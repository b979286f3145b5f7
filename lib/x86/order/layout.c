/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places: between a saved RIP and the name a reader knows it by. Pure; also tested on the host.
 */
#include "machine/desc.h"
#include "scene/scene.h"
#include "base/text.h"
#include "order/vectors.h"

enum {
	LONGEST_INSTRUCTION = 15,
	LANDING_BYTES = 6, /* cli; jmp rel32 */
	STUBS_BYTES = 256 * ENTRY_STUB_SIZE,
	FRAGMENT_MASK = (1 << LABEL_SHIFT) - 1,
};

static const struct fragment *fragment_of(const struct scene *scene, size_t step)
{
	return &fragments[scene->steps[step] & FRAGMENT_MASK];
}

static u64 step_end(const struct scene *scene, size_t step)
{
	return step + 1 < scene->step_count ? scene->addresses[step + 1] : scene->landing;
}

u64 scene_place_address(const struct scene *scene, int place)
{
	if (place & PLACE_ENTRY)
		return (u64)entry_stubs + (u64)(place & 0xff) * ENTRY_STUB_SIZE;
	if (place == PLACE_LANDING)
		return scene->landing;
	if (place == PLACE_ELSEWHERE)
		return scene->elsewhere;
	if (place & PLACE_ROOT)
		return scene->root[place & 0xff].boundary;
	for (size_t i = 0; i < scene->step_count; i++)
		if (scene->steps[i] >> LABEL_SHIFT == (place & 0xff) && place)
			return place & PLACE_AFTER ? step_end(scene, i) : scene->addresses[i];
	return 0;
}

static bool is_elsewhere(const struct scene *scene, u64 rip)
{
	return scene->elsewhere && rip >= scene->elsewhere &&
	       rip < scene->elsewhere + LONGEST_INSTRUCTION;
}

bool scene_contains(const struct scene *scene, u64 rip)
{
	return (rip >= scene->addresses[0] && rip < scene->landing + LANDING_BYTES) ||
	       is_elsewhere(scene, rip);
}

static void add_offset(struct text *text, u64 offset)
{
	if (offset)
		text_add(text, "+%lu", offset);
}

/* Two steps with one name are told apart by their ordinal: "NOP#2". */
static void name_step(const struct scene *scene, struct text *text, size_t step, u64 offset)
{
	unsigned int ordinal = 0, same = 0;

	for (size_t i = 0; i < scene->step_count; i++) {
		if (fragment_of(scene, i) != fragment_of(scene, step))
			continue;
		same++;
		if (i <= step)
			ordinal++;
	}
	text_add(text, "%s", fragment_of(scene, step)->name);
	if (same > 1)
		text_add(text, "#%u", ordinal);
	add_offset(text, offset);
}

static bool name_root(const struct scene *scene, struct text *text, u64 rip)
{
	for (size_t i = 0; i < ROOT_PARTS; i++) {
		const struct root_code *code = &scene->root[i];

		if (rip < code->begin || rip >= code->end)
			continue;
		text_add(text, "%s", code->name);
		add_offset(text, rip - code->begin);
		return true;
	}
	return false;
}

void scene_name_place(const struct scene *scene, struct text *text, u64 rip, bool after_fault)
{
	u64 stubs = (u64)entry_stubs;

	if (rip >= stubs && rip < stubs + STUBS_BYTES) {
		vector_entry_name(text, (u8)((rip - stubs) / ENTRY_STUB_SIZE));
		add_offset(text, (rip - stubs) % ENTRY_STUB_SIZE);
		return;
	}
	if (rip >= stubs && rip < (u64)entry_recorded) {
		text_add(text, "handler prologue+%lu", rip - stubs - STUBS_BYTES);
		return;
	}
	if (!scene_contains(scene, rip) && name_root(scene, text, rip))
		return;
	if (!scene_contains(scene, rip)) {
		text_add(text, "%#lx (outside the scene)", rip);
		return;
	}
	if (is_elsewhere(scene, rip)) {
		text_add(text, "elsewhere");
		add_offset(text, rip - scene->elsewhere);
		return;
	}
	if (rip >= scene->landing) {
		text_add(text, "%s", after_fault ? "after IRET" : "landing");
		add_offset(text, rip - scene->landing);
		return;
	}
	for (size_t i = 0; i < scene->step_count; i++)
		if (rip < step_end(scene, i)) {
			name_step(scene, text, i, rip - scene->addresses[i]);
			return;
		}
}

void scene_describe(const struct scene *scene, struct text *text)
{
	static const char *const labels[] = { [L] = "L: ", [M] = "M: ", [T] = "T: " };

	for (size_t i = 0; i < scene->step_count; i++) {
		size_t label = scene->steps[i] >> LABEL_SHIFT;
		size_t repeats = 1;

		while (i + 1 < scene->step_count && !label &&
		       scene->steps[i + 1] == scene->steps[i]) {
			repeats++;
			i++;
		}
		text_add(text, "%s%s%s", text->length ? "; " : "", label ? labels[label] : "",
			 fragment_of(scene, i)->name);
		if (repeats > 1)
			text_add(text, " x%lu", (u64)repeats);
	}
}
