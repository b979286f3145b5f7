/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exit ladder.
 */
#include "report/power.h"
#include "boot/args.h"
#include "boot/bootinfo.h"
#include "report/console.h"
#include "machine/percpu.h"
#include "machine/processor.h"

enum {
	DEBUG_EXIT_PORT = 0xf4, /* QEMU's isa-debug-exit, at the address kvm-unit-tests gives it */
	BOCHS_SHUTDOWN_PORT = 0x8900, /* Bochs ends when "Shutdown" is written to it */
};

static void bochs_shutdown(void)
{
	for (const char *p = "Shutdown"; *p; p++)
		outb(BOCHS_SHUTDOWN_PORT, *p);
}

void power_exit(enum exit_code code)
{
	const struct args *args = this_cpu.args;
	enum exit_rung first = args ? args->exit : EXIT_BY_DEFAULT;
	bool hypervisor = cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR;

	cli();
	console_drain();
	if (first == EXIT_BY_BOCHS)
		bochs_shutdown();
	if (first == EXIT_BY_DEBUG_PORT || (first == EXIT_BY_DEFAULT && hypervisor))
		outb(DEBUG_EXIT_PORT, code);
	if (first != EXIT_BY_HALT && this_cpu.boot)
		acpi_power_off(this_cpu.boot->rsdp);
	for (;;)
		halt();
}
