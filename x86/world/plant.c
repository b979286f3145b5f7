/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes wrong on purpose in one situation: plant.def.
 */
#include "base/string.h"
#include "boot/args.h"
#include "machine/desc.h"
#include "report/panic.h"
#include "stage/case.h"
#include "world.h"

static const char *const words[PLANT_COUNT] = {
#define PLANT(id, word, what) [PLANT_##id] = word,
#include "plant.def"
#undef PLANT
};

static struct {
	bool read;
	enum plant what;
	struct point where;
} planted;

/* What follows "WORD:" in the argument; NULL: it begins with another word. */
static const char *after_word(const char *argument, const char *word)
{
	while (*word && *argument == *word)
		argument++, word++;
	return *word || *argument != ':' ? NULL : argument + 1;
}

static void read_plant(const char *argument)
{
	const char *problem = "plant= takes one of"
#define PLANT(id, word, what) " " word
#include "plant.def"
#undef PLANT
			      ", a colon and a situation";

	for (unsigned int i = PLANT_NOTHING + 1; i < PLANT_COUNT; i++) {
		const char *name = after_word(argument, words[i]);

		if (!name)
			continue;
		planted.what = (enum plant)i;
		problem = world_find(name, &planted.where);
	}
	if (problem)
		error("plant=%s: %s", argument, problem);
	planted.read = true;
}

enum plant planted_at(const struct point *point)
{
	const char *argument = this_cpu.args->plant;

	if (!argument)
		return PLANT_NOTHING;
	if (!planted.read)
		read_plant(argument);
	return memcmp(point, &planted.where, sizeof(*point)) ? PLANT_NOTHING : planted.what;
}

const struct situation *plant_alters(enum plant plant, const struct situation *situation)
{
	static struct situation played;
	static bool empty;

	if (plant != PLANT_WAVER)
		return situation;
	played = *situation;
	empty = !empty;
	if (empty)
		memset(played.pending, 0, sizeof(played.pending));
	return &played;
}

void plant_sticks(enum plant plant)
{
	if (plant == PLANT_STUCK)
		asm volatile("sti; 1: pause; jmp 1b");
}

void plant_strikes(enum plant plant)
{
	const struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) no_idt = { 0, 0 };

	if (plant == PLANT_RESET)
		asm volatile("lidt %0; int3" ::"m"(no_idt));
	if (plant == PLANT_ABORT)
		panic("plant=%s", this_cpu.args->plant);
	while (plant == PLANT_HANG)
		asm volatile("pause");
}
