/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One section runs at any time. `git grep -w PROFILE_JUDGE` shows what that section is charged for.
 */
#include "machine/profile.h"
#include "machine/processor.h"

static struct {
	enum profile_section running;
	u64 since;
} profile;

static struct profile_line lines[PROFILE_COUNT] = {
#define PROFILE(id, name_, what) [PROFILE_##id] = { .name = (name_) },
#include "machine/profile.def"
#undef PROFILE
};

void profile_start(void)
{
	this_cpu.profiling = true;
	profile.running = PROFILE_BOOT;
	profile.since = rdtsc();
	lines[PROFILE_FIRMWARE].ticks = profile.since;
}

void profile_resume(enum profile_section before)
{
	u64 now = rdtsc();

	lines[profile.running].ticks += now - profile.since;
	profile.since = now;
	profile.running = before;
}

enum profile_section profile_begin(enum profile_section section)
{
	enum profile_section before = profile.running;

	profile_resume(section);
	lines[section].entered++;
	return before;
}

const struct profile_line *profile_stop(void)
{
	if (!this_cpu.profiling)
		return NULL;
	profile_resume(PROFILE_BOOT);
	this_cpu.profiling = false;
	return lines;
}
