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

/*
 * Drains the console and goes down the exit ladder: port 0xf4, ACPI S5, halt. A port that could be
 * anything on a real machine is written only if a hypervisor bit (CPUID 1 ECX 31) or exit= says so.
 */
NORETURN void power_exit(enum exit_code code);

/* Enters ACPI state S5, or returns if the tables do not say how. @rsdp: physical address or 0. */
void acpi_power_off(u64 rsdp);

#endif
