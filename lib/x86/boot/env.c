/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU, hypervisor, boot path, build: read from CPUID ("CPU Identification") and the build.
 */
#include "boot/env.h"
#include "boot/bootinfo.h"
#include "boot/build_id.h"
#include "boot/inherited.h"
#include "machine/lapic.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "machine/settle.h"
#include "report/report.h"
#include "base/string.h"

enum {
	LEAF_BRAND = 0x80000002,
	LEAF_EXTENDED_MAX = 0x80000000,
	LEAF_HYPERVISOR = 0x40000000,
};

/*
 * In a section of its own, so that the runner can tell whether two images differ in more than their
 * commit (scripts/ordeal/run/cache.py); of one size, so that the commit moves nothing else.
 */
static const char build_id[64] __attribute__((section(".ordeal.build"))) = BUILD_ID;
_Static_assert(sizeof(BUILD_ID) <= sizeof(build_id), "the commit's name fits");

/* Spaces, '=' and what is not printable become '_'; trailing ones are dropped. */
static void tidy(char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '=')
			s[i] = '_';
	while (n > 0 && s[n - 1] == '_')
		s[--n] = '\0';
	if (!*s)
		memcpy(s, "none", 5);
}

static void put(char *to, u32 value)
{
	memcpy(to, &value, sizeof(value));
}

static void vendor_name(char name[13])
{
	struct cpuid_regs r = cpuid(0, 0);

	put(name, r.ebx);
	put(name + 4, r.edx);
	put(name + 8, r.ecx);
	name[12] = '\0';
	tidy(name);
}

static void brand_name(char name[49])
{
	memset(name, 0, 49);
	if (cpuid(LEAF_EXTENDED_MAX, 0).eax >= LEAF_BRAND + 2)
		for (u32 i = 0; i < 3; i++) {
			struct cpuid_regs r = cpuid(LEAF_BRAND + i, 0);

			memcpy(name + 16 * i, &r, sizeof(r));
		}
	tidy(name);
}

static void hypervisor_name(char name[13])
{
	struct cpuid_regs r;

	memset(name, 0, 13);
	if (cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) {
		r = cpuid(LEAF_HYPERVISOR, 0);
		put(name, r.ebx);
		put(name + 4, r.ecx);
		put(name + 8, r.edx);
		memcpy(name[0] ? name + 12 : name, name[0] ? "" : "unnamed", name[0] ? 1 : 8);
	}
	tidy(name);
}

void env_report(void)
{
	char vendor[13], brand[49], hypervisor[13];
	u32 signature = cpuid(1, 0).eax;
	u32 family = signature >> 8 & 0xf, model = signature >> 4 & 0xf;

	if (family == 0xf)
		family += signature >> 20 & 0xff;
	if (family == 6 || family >= 0xf)
		model |= signature >> 12 & 0xf0;
	vendor_name(vendor);
	brand_name(brand);
	hypervisor_name(hypervisor);
	report_line("ENV: cpu=%s family=%u model=%u stepping=%u brand=%s", vendor, family, model,
		    signature & 0xf, brand);
	report_line("ENV: hypervisor=%s boot=%s memory_mib=%lu apic=%s nxe=%d", hypervisor,
		    this_cpu.boot->kind == BOOT_PVH ? "pvh" : "multiboot",
		    this_cpu.boot->memory_bytes >> 20, lapic_mode_name(),
		    !!(rdmsr(MSR_EFER) & EFER_NXE));
	report_line("ENV: missing_msr=%#x missing_msr_faults=%d", this_cpu.missing_msr,
		    this_cpu.missing_msr_faults);
	inherited_report();
	if (settle_mhz())
		report_line("ENV: settle=time tsc_mhz=%u", settle_mhz());
	report_line("ENV: build=%s compiler=%s", build_id, BUILD_COMPILER);
}
