/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The per-CPU block: with the event log (log.h) the only state that files share.
 */
#ifndef ORDEAL_PERCPU_H
#define ORDEAL_PERCPU_H

#include "base/types.h"

struct args;
struct boot_info;
struct scene;
struct vcpu;

enum lapic_mode { LAPIC_NONE, LAPIC_XAPIC, LAPIC_X2APIC };

struct percpu {
	const struct boot_info *boot;
	const struct args *args;
	const char *wrong;     /* how the shim is to misbehave (hv/wrong.h), or NULL */
	struct vcpu *vcpu;     /* whose guest this is, or NULL */
	bool vmcs_changed;     /* controls or host state are not as vmx/setup.c writes them */
	struct scene *playing; /* the scene on stage, or NULL: then exceptions are fatal */
	/* Right behind it, for a VMM that reads the three (report/console.h): the TSC when the
	 * case's first scene began, 0 before; and when its latest scene ended. */
	u64 first_began, latest_ended;
	bool profiling; /* ticks are charged to sections (machine/profile.h) */
	enum lapic_mode lapic_mode;
	u32 lapic_id;
	u32 missing_msr; /* an MSR whose RDMSR raises #GP here; else the first candidate */
	bool missing_msr_faults;
	u64 feature_control; /* IA32_FEATURE_CONTROL, 0 if RDMSR of it faults */
	u64 vm_cr;	     /* VM_CR, 0 if RDMSR of it faults: some emulators lack it */
	u32 strays;	     /* events of the machine's own, which no case has asked for */
	u8 stray_vector;     /* the last of them */
};

extern struct percpu this_cpu;

#endif
