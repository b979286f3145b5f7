/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding an MSR that does not exist.
 */
#ifndef ORDEAL_PROBE_H
#define ORDEAL_PROBE_H

#include "base/types.h"

/*
 * Reads candidate MSRs, inside and outside the ranges that MSR bitmaps cover, and keeps the first
 * whose RDMSR raises #GP(0) in this_cpu.missing_msr. If none does (the platform reads unknown MSRs
 * as something), keeps the first candidate and says so in this_cpu.missing_msr_faults.
 */
void probe_missing_msr(void);

/* Reads the MSRs by which firmware forbids VMX or SVM into this_cpu. */
void probe_virtualization(void);

/* Reads an MSR that may not exist. False, and nothing in *@value, if RDMSR raised an exception. */
bool probe_rdmsr(u32 index, u64 *value);

/* A candidate in the range 0-1FFFH, in C0000000H-C0001FFFH, and in neither. */
enum {
	MISSING_MSR_LOW = 0x1fef,
	MISSING_MSR_HIGH = 0xc0001fef,
	MISSING_MSR_OUTSIDE = 0x0badf00d,
};

#endif
