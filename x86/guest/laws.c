/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The laws: what exits, and what a right hypervisor answers. Each vendor intercepts of this what it
 * can: a law holds for any part of it.
 */
#include "boot/args.h"
#include "guest.h"
#include "machine/percpu.h"
#include "stage/case.h"

#define FAULTS	     ((u32) ~(BIT(NMI_VECTOR) | BIT(DB_VECTOR) | BIT(BP_VECTOR)))
#define ON(reason)   BIT(EXIT_##reason)

/* Exits that nobody can do without: on VMX CPUID, on both an MSR beyond all bitmaps. */
#define UNASKED	     [EXIT_CPUID] = do_cpuid, [EXIT_RDMSR] = refuse, [EXIT_WRMSR] = refuse

/* An NMI that does not exit would come to root, where an exception exits right after an IRET has
 * unblocked it. */
#define HOLDING_NMIS [EXIT_NMI] = take_nmi, [EXIT_NMI_WINDOW] = inject_nmi

const struct law laws[LAW_COUNT] = {
	[LAW_STRAIGHT] = { .answers = { UNASKED, [EXIT_INTR] = take_interrupt } },
	[LAW_REFLECT] = {
		.exceptions = FAULTS,
		.exits = ON(NMI),
		.answers = { UNASKED, HOLDING_NMIS, [EXIT_EXCEPTION] = inject_again },
	},
	[LAW_DEBUG] = {
		.exceptions = BIT(DB_VECTOR),
		.exits = ON(NMI),
		.answers = { UNASKED, HOLDING_NMIS, [EXIT_EXCEPTION] = inject_again },
	},
	[LAW_ARRIVES_BEFORE] = {
		.exceptions = FAULTS,
		.exits = ON(NMI),
		.answers = { UNASKED, HOLDING_NMIS, [EXIT_EXCEPTION] = arrive_and_inject },
	},
	[LAW_ARRIVES_AFTER] = {
		.exceptions = FAULTS,
		.exits = ON(NMI),
		.answers = { UNASKED, HOLDING_NMIS, [EXIT_EXCEPTION] = inject_and_arrive },
	},
	[LAW_RESTART] = {
		.exits = ON(RDMSR) | ON(WRMSR) | ON(CPUID) | ON(HLT) | ON(RDTSC) | ON(PUSHF) |
			 ON(POPF) | ON(IRET) | ON(SOFTWARE_INT) | ON(INVLPG) | ON(WBINVD) |
			 ON(ICEBP) | ON(IO) | ON(CR_ACCESS) | ON(DR_ACCESS),
		.answers = {
			UNASKED,
			[EXIT_RDMSR] = run_msr,
			[EXIT_WRMSR] = run_msr,
			[EXIT_HLT] = run_again,
			[EXIT_RDTSC] = run_again,
			[EXIT_PUSHF] = run_again,
			[EXIT_POPF] = run_again,
			[EXIT_IRET] = run_again,
			[EXIT_SOFTWARE_INT] = run_again,
			[EXIT_INVLPG] = run_again,
			[EXIT_WBINVD] = run_again,
			[EXIT_ICEBP] = run_again,
			[EXIT_IO] = run_again,
			[EXIT_CR_ACCESS] = run_again,
			[EXIT_DR_ACCESS] = run_again,
		},
	},
	[LAW_EMULATE] = {
		.exits = ON(RDMSR) | ON(WRMSR) | ON(CPUID) | ON(RDTSC) | ON(INVLPG) | ON(WBINVD) |
			 ON(IO) | ON(CR_ACCESS) | ON(DR_ACCESS),
		.answers = {
			[EXIT_CPUID] = do_cpuid,
			[EXIT_RDMSR] = do_rdmsr,
			[EXIT_WRMSR] = do_wrmsr,
			[EXIT_RDTSC] = do_rdtsc,
			[EXIT_INVLPG] = do_invlpg,
			[EXIT_WBINVD] = do_wbinvd,
			[EXIT_IO] = do_io,
			[EXIT_CR_ACCESS] = do_control_register,
			[EXIT_DR_ACCESS] = do_debug_register,
		},
	},
	[LAW_HELD] = {
		.exits = ON(INTR) | ON(NMI),
		.needs = ON(INTR) | ON(NMI),
		.answers = {
			UNASKED,
			HOLDING_NMIS,
			[EXIT_INTR] = take_interrupt,
			[EXIT_INTR_WINDOW] = take_at_window,
		},
	},
	[LAW_STEPPED] = {
		.exits = ON(MTF),
		.needs = ON(MTF),
		.answers = { UNASKED, [EXIT_MTF] = step_on },
	},
};

enum law_name law_of_boot(void)
{
	const char *word = this_cpu.args->law;
	enum law_name law = word ? world_law(word) : LAW_COUNT;

	if (law == LAW_COUNT)
		error("law=%s: the laws are those of lib/x86/world/laws.def, such as %s",
		      word ? word : "", law_texts[0].word);
	return law;
}
