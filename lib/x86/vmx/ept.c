/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An identity map of the first 4 GiB for EPT, in 2 MiB pages: "EPT Translation Mechanism", "EPTP".
 */
#include "vmx/vmx.h"

enum {
	EPT_RWX = 7,
	EPT_LARGE = 1 << 7,
	EPT_TYPE_SHIFT = 3, /* of a leaf: 0 uncacheable, 6 write-back */
	EPT_WRITE_BACK = 6,
	EPTP_WALK_4 = 3 << 3,
	DIRECTORIES = 4,
	FIRST_DEVICE = 0xfe000000u >> 21,
};

static u64 ept_pml4[512] PAGE_ALIGNED;
static u64 ept_pdpt[512] PAGE_ALIGNED;
static u64 ept_directories[DIRECTORIES][512] PAGE_ALIGNED;

u64 vmx_identity_ept(void)
{
	for (u64 i = 0; i < DIRECTORIES * 512; i++) {
		u64 type = i < FIRST_DEVICE ? EPT_WRITE_BACK << EPT_TYPE_SHIFT : 0;

		ept_directories[i / 512][i % 512] = i << 21 | type | EPT_LARGE | EPT_RWX;
	}
	for (u64 i = 0; i < DIRECTORIES; i++)
		ept_pdpt[i] = (u64)ept_directories[i] | EPT_RWX;
	ept_pml4[0] = (u64)ept_pdpt | EPT_RWX;
	return (u64)ept_pml4 | EPTP_WALK_4 | EPT_WRITE_BACK;
}
