/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the ticks of a boot go: every tick of the TSC is charged to exactly one section, so that
 * the sections add up to the whole boot. On Bochs, and on QEMU with -icount shift=0, a tick is an
 * instruction. The guest argument profile=yes switches it on; scripts/profile.py prints the table.
 */
#ifndef ORDEAL_PROFILE_H
#define ORDEAL_PROFILE_H

#include "base/types.h"
#include "machine/percpu.h"

enum profile_section {
#define PROFILE(id, name, what) PROFILE_##id,
#include "machine/profile.def"
#undef PROFILE
	PROFILE_COUNT,
};

struct profile_line {
	const char *name;
	u64 ticks;
	u32 entered; /* how often the section began */
};

/* Charges ticks from now on, first to PROFILE_BOOT. Until then nothing is counted. */
void profile_start(void);

/* What the two functions below do while there is a profile. */
enum profile_section profile_begin(enum profile_section section);
void profile_resume(enum profile_section before);

/*
 * Charges the ticks from now on to @section. Returns the section that was charged until now, for
 * the caller to go back to: sections nest, and the inner one alone is charged.
 */
static inline enum profile_section profile_enter(enum profile_section section)
{
	return this_cpu.profiling ? profile_begin(section) : section;
}

/* Goes back to what profile_enter() returned; this does not count as a new beginning. */
static inline void profile_leave(enum profile_section before)
{
	if (this_cpu.profiling)
		profile_resume(before);
}

/* Stops counting. Returns a table of PROFILE_COUNT lines, or NULL if nothing was counted. */
const struct profile_line *profile_stop(void);

#endif
