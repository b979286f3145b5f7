/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An MSR is tried by playing a scene of one RDMSR. "MSR-Bitmap Address" of the Intel SDM gives the
 * ranges of the candidates.
 */
#include "boot/probe.h"
#include "base/bits.h"
#include "order/log.h"
#include "machine/percpu.h"
#include "scene/scene.h"
#include "svm/vmcb.h"
#include "vmx/vmcs.h"

bool probe_rdmsr(u32 index, u64 *value)
{
	static struct scene scene;
	const u16 steps[] = { FRAGMENT_RDMSR };
	bool quiet;

	scene_build(&scene, steps, ARRAY_SIZE(steps));
	scene.in.rcx = index;
	log_clear();
	scene_play(&scene);
	quiet = log_count() == 0;
	if (quiet)
		*value = scene.out.rdx << 32 | (u32)scene.out.rax;
	log_clear();
	return quiet;
}

/* Does RDMSR of @index raise #GP(0) here? No interrupt may be pending in a window: IF stays 0. */
static bool rdmsr_faults(u32 index)
{
	const struct log_entry *event = &event_log.entries[0];
	u64 value;

	return !probe_rdmsr(index, &value) && event->vector == GP_VECTOR && event->error == 0;
}

void probe_missing_msr(void)
{
	static const u32 candidates[] = { MISSING_MSR_LOW, MISSING_MSR_HIGH, MISSING_MSR_OUTSIDE,
					  0x1f3b,	   0xc0001bad,	     0xdeadbeef };

	this_cpu.missing_msr = candidates[0];
	for (size_t i = 0; i < ARRAY_SIZE(candidates) && !this_cpu.missing_msr_faults; i++) {
		if (!rdmsr_faults(candidates[i]))
			continue;
		this_cpu.missing_msr = candidates[i];
		this_cpu.missing_msr_faults = true;
	}
}

void probe_virtualization(void)
{
	probe_rdmsr(MSR_FEATURE_CONTROL, &this_cpu.feature_control);
	probe_rdmsr(MSR_VM_CR, &this_cpu.vm_cr);
}
