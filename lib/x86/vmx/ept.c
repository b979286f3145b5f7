/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An identity map of the first 4 GiB for EPT, in 2 MiB pages, the lowest of them, which holds the
 * image, in 4 KiB pages: "EPT Translation Mechanism", "EPTP".
 */
#include "machine/processor.h"
#include "vmx/vmx.h"

enum {
	EPT_RWX = 7,
	EPT_LARGE = 1 << 7,
	EPT_TYPE_SHIFT = 3, /* of a leaf: 0 uncacheable, 6 write-back */
	EPT_WRITE_BACK = 6,
	EPTP_WALK_4 = 3 << 3,
	DIRECTORIES = 4,
	FIRST_DEVICE = 0xfe000000u >> 21,
	EPT_MEMORY = EPT_WRITE_BACK << EPT_TYPE_SHIFT,
	CAN_INVEPT_ALL = 1 << 20 | 1 << 26,
	INVEPT_ALL_CONTEXTS = 2,
};

static u64 ept_pml4[512] PAGE_ALIGNED;
static u64 ept_pdpt[512] PAGE_ALIGNED;
static u64 ept_directories[DIRECTORIES][512] PAGE_ALIGNED;
static u64 ept_low_table[512] PAGE_ALIGNED;

/* "INVEPT": what was cached of the tables before they were changed. */
static void forget_translations(void)
{
	const u64 none[2] = { 0, 0 };

	if ((rdmsr(MSR_VMX_EPT_VPID) & CAN_INVEPT_ALL) == CAN_INVEPT_ALL)
		asm volatile("invept %0, %1" ::"m"(none), "r"((u64)INVEPT_ALL_CONTEXTS)
			     : "cc", "memory");
}

u64 vmx_identity_ept(void)
{
	for (u64 i = 0; i < DIRECTORIES * 512; i++) {
		u64 type = i < FIRST_DEVICE ? EPT_MEMORY : 0;

		ept_directories[i / 512][i % 512] = i << 21 | type | EPT_LARGE | EPT_RWX;
	}
	for (u64 i = 0; i < 512; i++)
		ept_low_table[i] = i * PAGE_SIZE | EPT_MEMORY | EPT_RWX;
	ept_directories[0][0] = (u64)ept_low_table | EPT_RWX;
	for (u64 i = 0; i < DIRECTORIES; i++)
		ept_pdpt[i] = (u64)ept_directories[i] | EPT_RWX;
	ept_pml4[0] = (u64)ept_pdpt | EPT_RWX;
	forget_translations();
	return (u64)ept_pml4 | EPTP_WALK_4 | EPT_WRITE_BACK;
}

void vmx_map_page(struct vcpu *v, u64 address, bool present)
{
	(void)v;
	ept_low_table[address / PAGE_SIZE] = present ? address | EPT_MEMORY | EPT_RWX : 0;
	forget_translations();
}
