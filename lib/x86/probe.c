/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See probe.h. "MSR-Bitmap Address" of the Intel SDM gives the ranges.
 */
#include "probe.h"
#include "bits.h"
#include "log.h"
#include "percpu.h"
#include "scene.h"

bool probe_rdmsr_faults(u32 index)
{
	static struct scene scene;
	const u16 steps[] = { RDMSR };
	const struct log_entry *event = &event_log.entries[0];
	bool faults;

	scene_build(&scene, steps, ARRAY_SIZE(steps));
	scene.in.rcx = index;
	log_clear();
	scene_play(&scene);
	faults = log_count() == 1 && event->vector == GP_VECTOR && event->error == 0;
	log_clear();
	return faults;
}

void probe_missing_msr(void)
{
	static const u32 candidates[] = { MISSING_MSR_LOW, MISSING_MSR_HIGH, MISSING_MSR_OUTSIDE,
					  0x1f3b, 0xc0001bad, 0xdeadbeef };

	this_cpu.missing_msr = candidates[0];
	for (size_t i = 0; i < ARRAY_SIZE(candidates) && !this_cpu.missing_msr_faults; i++) {
		if (!probe_rdmsr_faults(candidates[i]))
			continue;
		this_cpu.missing_msr = candidates[i];
		this_cpu.missing_msr_faults = true;
	}
}
