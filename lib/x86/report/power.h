/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways to end a boot, and the exit codes (docs/results.md).
 */
#ifndef ORDEAL_POWER_H
#define ORDEAL_POWER_H

#include "base/types.h"

enum exit_code {
	EXIT_CODE_PASS = 0,
	EXIT_CODE_FAIL = 1,
	EXIT_CODE_SKIPPED = 77,
	EXIT_CODE_ABORT = 127,
};

/* Where power_exit() begins on the ladder. */
enum exit_rung {
	EXIT_BY_DEFAULT, /* port 0xf4 if a hypervisor bit is set, then ACPI, then halt */
	EXIT_BY_DEBUG_PORT,
	EXIT_BY_ACPI,
	EXIT_BY_BOCHS,
	EXIT_BY_HALT,
};

/*
 * @rsdp: physical address of the ACPI RSDP, or 0 if the loader did not tell it. @leave: where our
 * own loader goes on, or 0.
 */
void power_init(enum exit_rung first, u64 rsdp, u64 leave);

/*
 * Drains the console and goes down the exit ladder: port 0xf4, ACPI S5, halt. A port that could be
 * anything on a real machine is written only if a hypervisor bit (CPUID 1 ECX 31) or exit= says so.
 * Without exit=, a boot that our own loader began returns to it, for the next image.
 */
NORETURN void power_exit(enum exit_code code);

/* Enters ACPI state S5, or returns if the tables do not say how. @rsdp: physical address or 0. */
void acpi_power_off(u64 rsdp);

/*
 * Puts the physical addresses of the machine's I/O APICs into @addresses, @most at most. Returns
 * how many these are; 0 if no table tells.
 */
size_t acpi_ioapics(u64 rsdp, u64 *addresses, size_t most);

#endif
