/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenes, vectors, addresses and lists of bits, as words. strtok() cuts them up where they lie.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "near.h"
#include "order/vectors.h"
#include "machine/paging.h"

enum {
	FIRST_STEP = 0x70000000, /* where the scene lies: nothing else is near */
	STUBS = 0x71000000,
	PROLOGUE_BYTES = 11,
	DEVICE = 0xfec00000,
	WORD = 96,
};

#define NON_CANONICAL (1ull << 63)

static size_t count(const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return n;
}

int index_of(const char *word, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcasecmp(word, words[i]))
			return i;
	return -1;
}

/* --- The scene --- */

static const char *const enum_names[FRAGMENT_COUNT] = {
#define FRAGMENT(id, name, text, ...) [FRAGMENT_##id] = #id,
#include "order/fragments.def"
#undef FRAGMENT
};

u16 fragment_named(const char *name)
{
	u16 found = FRAGMENT_NONE;

	for (u16 id = 1; id < FRAGMENT_COUNT; id++) {
		if (strcasecmp(name, fragments[id].name) && strcasecmp(name, enum_names[id]))
			continue;
		if (!found || (instructions[id].known && !instructions[found].known))
			found = id;
	}
	return found;
}

static char *trim(char *word)
{
	char *end = word + strlen(word);

	while (*word == ' ')
		word++;
	while (end > word && end[-1] == ' ')
		*--end = '\0';
	return word;
}

static const char *add_step(struct layout *layout, char *word, u64 *address)
{
	static const char labels[LABEL_COUNT] = {
		[LABEL_L] = 'L', [LABEL_M] = 'M', [LABEL_T] = 'T'
	};
	u16 label = 0, id;
	long repeats = 1;
	char *times;

	for (u16 i = 1; i < LABEL_COUNT; i++)
		if (word[0] == labels[i] && word[1] == ':')
			label = i;
	word = trim(label ? word + 2 : word);
	times = strrchr(word, ' ');
	if (times && times[1] == 'x' && strtol(times + 2, NULL, 10) > 0) {
		repeats = strtol(times + 2, NULL, 10);
		*times = '\0';
	}
	id = fragment_named(word);
	if (!id) {
		static const char *names[2 * FRAGMENT_COUNT];

		for (size_t i = 1; i < FRAGMENT_COUNT; i++) {
			names[2 * i] = fragments[i].name;
			names[2 * i + 1] = NULL;
		}
		return unknown_word("instruction", word, names, 2 * FRAGMENT_COUNT);
	}
	while (repeats-- > 0) {
		if (layout->step_count == LAYOUT_MAX_STEPS)
			return "the scene is too long";
		layout_add_step(layout, id | label << LABEL_SHIFT, *address);
		*address += (u64)(fragments[id].code.end - fragments[id].code.start);
	}
	return NULL;
}

void lay_ground(struct ground *ground)
{
	ground->steps = FIRST_STEP;
	ground->stubs = STUBS;
	ground->recorded = STUBS + 256 * ENTRY_STUB_SIZE + PROLOGUE_BYTES;
	ground->stub_size = ENTRY_STUB_SIZE;
}

const char *read_scene(struct question_asked *asked, char *scene)
{
	struct layout *layout = &asked->layout;
	u64 address = FIRST_STEP;

	*layout = (struct layout){
		.stubs = STUBS,
		.recorded = STUBS + 256 * ENTRY_STUB_SIZE + PROLOGUE_BYTES,
		.stub_size = ENTRY_STUB_SIZE,
	};
	for (char *word = strtok(scene, ";"); word; word = strtok(NULL, ";")) {
		const char *problem = add_step(layout, trim(word), &address);

		if (problem)
			return problem;
	}
	if (!layout->step_count)
		return "the scene has no instruction: write it as 'STI; L: RDMSR'";
	layout->landing = address;
	return NULL;
}

/* --- Words for vectors, addresses, bits --- */

int vector_of(const char *word)
{
	char *end;
	long n;

	if (*word == '#')
		word++;
	if (!strcasecmp(word, "nmi"))
		return NMI_VECTOR;
	for (int v = 0; v < FIRST_IRQ_VECTOR; v++)
		if (exception_mnemonic((u8)v) && !strcasecmp(word, exception_mnemonic((u8)v) + 1))
			return v;
	if (!strncasecmp(word, "irq", 3) || !strncasecmp(word, "int", 3))
		n = strtol(word + 3, &end, 16);
	else
		n = strtol(word, &end, 0);
	return *end || end == word || n < 0 || n > 255 ? -1 : (int)n;
}

const char *bad_vector(const char *word)
{
	static const char *const examples[] = { "irq60", "irq90", "irq30", "nmi",  "GP",
						"UD",	 "DB",	  "BP",	   "PF",   "NP",
						"SS",	 "DE",	  "NM",	   "int50" };

	return unknown_word("event or vector", word, examples, ARRAY_SIZE(examples));
}

/* "step12" is 12 after "step". */
static bool suffix_number(const char *word, const char *prefix, u64 *value)
{
	size_t n = strlen(prefix);
	char *end;

	if (strncasecmp(word, prefix, n) || !word[n])
		return false;
	*value = strtoull(word + n, &end, 10);
	return !*end;
}

bool address_named(const struct question_asked *asked, const char *word, u64 *address)
{
	static const char *const pages[] = { "absent",	   "read-only",	   "writable", "device",
					     "no-execute", "noncanonical", "beyond",   NULL };
	static const u64 page_addresses[] = { PLAY_NOT_PRESENT, PLAY_READ_ONLY,	 PLAY_WRITABLE,
					      DEVICE,		PLAY_NO_EXECUTE, NON_CANONICAL,
					      PLAY_BEYOND };
	static const char *const label_words[] = { "L", "M", "T", NULL };
	const struct layout *layout = &asked->layout;
	size_t sign = strcspn(word, "+-");
	char name[WORD] = "", *end;
	long long offset = word[sign] ? strtoll(word + sign, &end, 0) : 0;
	int i;
	u64 n;

	if (sign >= sizeof(name))
		return false;
	memcpy(name, word, sign);
	for (i = 0; pages[i]; i++) /* some have a "-" in them */
		if (!strcasecmp(word, pages[i])) {
			*address = page_addresses[i];
			return true;
		}
	if (index_of(name, register_words) >= 0)
		*address = asked->situation.registers[index_of(name, register_words)];
	else if (index_of(name, label_words) >= 0)
		*address = layout_address(layout, LABEL_L + index_of(name, label_words));
	else if (suffix_number(name, "step", &n) && n < layout->step_count)
		*address = layout->addresses[n];
	else if (suffix_number(name, "handler", &n) && n < 256)
		*address = layout->stubs + n * layout->stub_size;
	else if (!strcasecmp(name, "landing"))
		*address = layout->landing;
	else if (!strcasecmp(name, "elsewhere"))
		*address = layout->elsewhere;
	else if (index_of(name, pages) >= 0)
		*address = page_addresses[index_of(name, pages)];
	else {
		*address = strtoull(name, &end, 0);
		if (*end || end == name)
			return false;
	}
	*address += (u64)offset;
	return true;
}

const char *bad_address(const char *word)
{
	static const char *const examples[] = {
		"L",	    "M",	 "T",	       "landing",     "elsewhere", "absent",
		"writable", "read-only", "device",     "rsi",	      "rdi",	   "rbp",
		"rsp",	    "handler13", "no-execute", "noncanonical"
	};

	return unknown_word("address", word, examples, ARRAY_SIZE(examples));
}

const char *bits_of(const char *kind, char *list, const char *const *words, u32 *bits)
{
	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		int i = index_of(word, words);

		if (i < 0)
			return unknown_word(kind, word, words, count(words));
		*bits |= 1u << i;
	}
	return NULL;
}
