/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exit ladder, from whichever rung the boot was told to begin at.
 */
#include "report/power.h"
#include "report/console.h"
#include "machine/processor.h"

enum {
	DEBUG_EXIT_PORT = 0xf4, /* QEMU's isa-debug-exit, at the address kvm-unit-tests gives it */
	BOCHS_SHUTDOWN_PORT = 0x8900, /* Bochs ends when "Shutdown" is written to it */
};

static enum exit_rung first;
static u64 told_rsdp, loader;

void power_init(enum exit_rung rung, u64 rsdp, u64 leave)
{
	loader = leave;
	first = rung;
	told_rsdp = rsdp;
}

static void bochs_shutdown(void)
{
	for (const char *p = "Shutdown"; *p; p++)
		outb(BOCHS_SHUTDOWN_PORT, *p);
}

void power_exit(enum exit_code code)
{
	bool hypervisor = cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR;

	cli();
	console_drain();
	if (first == EXIT_BY_DEFAULT && loader)
		asm volatile("jmp *%0" : : "r"(loader), "D"(code) : "memory");
	if (first == EXIT_BY_BOCHS)
		bochs_shutdown();
	if (first == EXIT_BY_DEBUG_PORT || (first == EXIT_BY_DEFAULT && hypervisor))
		outb(DEBUG_EXIT_PORT, code);
	if (first != EXIT_BY_HALT)
		acpi_power_off(told_rsdp);
	for (;;)
		halt();
}
