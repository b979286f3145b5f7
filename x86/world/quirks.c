/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of quirks, which are known deviations: as the argument quirks= has them, and as words.
 */
#include "base/text.h"
#include "boot/args.h"
#include "machine/percpu.h"
#include "stage/case.h"
#include "world.h"

/* The runner reads which quirks this image knows: docs/results.md. */
static const char quirk_names[] __attribute__((section(".ordeal.quirks"), used)) =
#define QUIRK(id, section, text) section "\0"
#include "model/quirks.def"
#undef QUIRK
	;

/* Is what follows for another vendor's CPU? *name: behind the vendor, if it begins with one. */
static bool is_of_other_vendor(const char **name)
{
	static const char *const vendors[] = { "intel:", "amd:" };

	for (size_t i = 0; i < ARRAY_SIZE(vendors); i++) {
		const char *at = *name, *vendor = vendors[i];

		while (*vendor && *at == *vendor)
			at++, vendor++;
		if (*vendor)
			continue;
		*name = at;
		return cpu_is_amd() != (i == 1);
	}
	return false;
}

u64 allowed_quirks(void)
{
	const char *names = this_cpu.args->quirks;
	u64 set = 0;

	while (names && *names) {
		char name[64];
		struct text text = TEXT(name);
		bool other = is_of_other_vendor(&names);
		enum quirk quirk;

		while (*names && *names != ',')
			text_char(&text, *names++);
		names += *names == ',';
		quirk = quirk_named(text_seal(&text));
		if (quirk == QUIRK_COUNT)
			error("quirks=: %s is no quirk of lib/x86/model/quirks.def", name);
		if (set >> quirk & 1)
			error("quirks=: %s is given twice", name);
		set |= (u64)!other << quirk;
	}
	return set;
}

void format_quirks(struct text *text, u64 set, const char *between)
{
	const char *before = "";

	for (size_t i = 0; i < QUIRK_COUNT; i++) {
		if (!(set >> i & 1))
			continue;
		text_add(text, "%s%s", before, quirks[i].section);
		before = between;
	}
}

u64 first_quirks(u64 a, u64 b)
{
	u64 differ = a ^ b;

	return a & differ & -differ ? a : b;
}
