/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSRs are asked by probe_rdmsr(), because not every machine has them: "IA-32 Architectural
 * MSRs" of the Intel SDM. Their values are those that "Processor State After Reset" gives.
 */
#include "boot/inherited.h"
#include "base/bits.h"
#include "boot/inherited_layout.h"
#include "boot/probe.h"
#include "machine/processor.h"
#include "report/report.h"

#define PAT_RESET	0x0007040600070406ull
#define XCR0_RESET	1ull /* the x87 state alone */
#define NO_MSR		(~0ull)
#define MICROCODE_SHIFT 32

/* What boot.S notes here. */
struct inherited {
	u32 cr0, cr4;
	u64 efer;
};
extern struct inherited inherited;
struct inherited inherited;

_Static_assert(offsetof(struct inherited, cr0) == INHERITED_CR0, "inherited_layout.h");
_Static_assert(offsetof(struct inherited, cr4) == INHERITED_CR4, "inherited_layout.h");
_Static_assert(offsetof(struct inherited, efer) == INHERITED_EFER, "inherited_layout.h");

static struct {
	const char *name;
	u32 index;
	u64 reset;
	u64 found; /* NO_MSR: there is none */
} msrs[] = {
	{ "pat", MSR_PAT, PAT_RESET, NO_MSR },
	{ "debugctl", MSR_DEBUGCTL, 0, NO_MSR },
	{ "s_cet", MSR_S_CET, 0, NO_MSR },
};

static u64 found_xcr0 = NO_MSR;

static u64 xgetbv(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static void xsetbv(u64 value)
{
	asm volatile("xsetbv" ::"c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* XCR0 outlives the CR4.OSXSAVE that lets it be read. */
static void replace_xcr0(void)
{
	u64 cr4 = read_cr4();

	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
		return;
	write_cr4(cr4 | CR4_OSXSAVE);
	found_xcr0 = xgetbv();
	if (found_xcr0 != XCR0_RESET)
		xsetbv(XCR0_RESET);
	write_cr4(cr4);
}

void inherited_replace(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		if (!probe_rdmsr(msrs[i].index, &msrs[i].found))
			msrs[i].found = NO_MSR;
		else if (msrs[i].found != msrs[i].reset)
			wrmsr(msrs[i].index, msrs[i].reset);
	}
	replace_xcr0();
}

static u64 microcode(void)
{
	u64 value = 0;

	(void)probe_rdmsr(MSR_MICROCODE, &value);
	return cpu_is_amd() ? value : value >> MICROCODE_SHIFT;
}

void inherited_report(void)
{
	report_line("ENV: inherited_cr0=%#x inherited_cr4=%#x inherited_efer=%#lx", inherited.cr0,
		    inherited.cr4, inherited.efer);
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].found != NO_MSR)
			report_line("ENV: inherited_%s=%#lx", msrs[i].name, msrs[i].found);
	if (found_xcr0 != NO_MSR)
		report_line("ENV: inherited_xcr0=%#lx", found_xcr0);
	report_line("ENV: microcode=%#lx", microcode());
}
