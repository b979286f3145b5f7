/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of situations, and back.
 */
#include "base/string.h"
#include "world/world.h"

static const char *const words[WORLD_VALUES] = {
#define AXIS(id, what)
#define VALUE(axis, id, word, what) [axis##_##id] = word,
#include "world/axes.def"
#undef AXIS
#undef VALUE
};

const char *world_word(unsigned int value)
{
	return words[value];
}

void world_name(struct text *text, const struct point *point)
{
	text_add(text, "%s.%s", openers[point->opener].word,
		 world_instructions[point->instruction].word);
	for (size_t i = 0; i < AXIS_COUNT; i++)
		if (words[point->values[i]])
			text_add(text, ".%s", words[point->values[i]]);
}

/* FNV-1a over the words and the dots between them. */
static u32 mix(u32 hash, const char *word)
{
	const u32 prime = 16777619;

	for (; *word; word++)
		hash = (hash ^ (u8)*word) * prime;
	return (hash ^ '.') * prime;
}

u32 world_next_hash(struct world_prefixes *before, const struct point *point)
{
	const u32 basis = 2166136261u;
	u32 *hashes = before->hashes;
	size_t i = 0;

	if (!before->known || before->of.opener != point->opener ||
	    before->of.instruction != point->instruction)
		hashes[0] = mix(mix(basis, openers[point->opener].word),
				world_instructions[point->instruction].word);
	else
		while (i < AXIS_COUNT && before->of.values[i] == point->values[i])
			i++;
	for (; i < AXIS_COUNT; i++) {
		const char *word = words[point->values[i]];

		hashes[i + 1] = word ? mix(hashes[i], word) : hashes[i];
	}
	before->known = true;
	before->of = *point;
	return hashes[AXIS_COUNT] ^ hashes[AXIS_COUNT] >> 15;
}

u32 world_hash(const struct point *point)
{
	struct world_prefixes none;

	none.known = false;
	return world_next_hash(&none, point);
}

/* The word that @name begins with, if @word is it; what follows its dot, or NULL. */
static const char *after(const char *name, const char *word)
{
	while (*word && *name == *word)
		name++, word++;
	if (*word || (*name && *name != '.'))
		return NULL;
	return *name ? name + 1 : name;
}

static const char *read_values(const char *name, struct point *point)
{
	for (unsigned int axis = 0; axis < AXIS_COUNT && *name; axis++) {
		unsigned int end = axis + 1 < AXIS_COUNT ? world_usual(axis + 1) : WORLD_VALUES;

		for (unsigned int v = world_usual(axis) + 1; v < end; v++) {
			const char *rest = after(name, words[v]);
			const char *why;

			if (!rest)
				continue;
			point->values[axis] = (u8)v;
			why = world_refuses(point, axis);
			if (why)
				return why;
			name = rest;
			break;
		}
	}
	return *name ? "it has a word that no axis has, or words in another order than lib/x86/world/axes.def"
		     : NULL;
}

const char *world_find(const char *name, struct point *point)
{
	const char *rest = NULL, *last = NULL;
	unsigned int o = 0, i = 0;

	while (o < opener_count && !(rest = after(name, openers[o].word)))
		o++;
	if (o == opener_count)
		return "its first word is no opener of lib/x86/world/alphabet.h";
	while (i < world_instruction_count && !(last = after(rest, world_instructions[i].word)))
		i++;
	if (i == world_instruction_count)
		return "its second word is no instruction of the generated world";
	if (world_excludes(o, i))
		return world_excludes(o, i);
	world_first(point, o, i);
	return read_values(last, point);
}
