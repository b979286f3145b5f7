/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An identity map of the first 4 GiB for nested paging, in 2 MiB pages, the lowest of them, which
 * holds the image, in 4 KiB pages: "Nested Paging". Nested walks are made as user accesses, so
 * every entry allows them.
 */
#include "base/bits.h"
#include "svm/svm.h"

enum {
	DIRECTORIES = 4,
	TABLE = PTE_P | PTE_W | PTE_U,
	FIRST_DEVICE = 0xfe000000u >> 21,
};

static u64 npt_pml4[512] PAGE_ALIGNED;
static u64 npt_pdpt[512] PAGE_ALIGNED;
static u64 npt_directories[DIRECTORIES][512] PAGE_ALIGNED;
static u64 npt_low_table[512] PAGE_ALIGNED;

u64 svm_identity_npt(void)
{
	for (u64 i = 0; i < DIRECTORIES * 512; i++) {
		u64 type = i < FIRST_DEVICE ? 0 : PTE_PCD | PTE_PWT;

		npt_directories[i / 512][i % 512] = i << 21 | type | PTE_PS | TABLE;
	}
	for (u64 i = 0; i < 512; i++)
		npt_low_table[i] = i * PAGE_SIZE | TABLE;
	npt_directories[0][0] = (u64)npt_low_table | TABLE;
	for (u64 i = 0; i < DIRECTORIES; i++)
		npt_pdpt[i] = (u64)npt_directories[i] | TABLE;
	npt_pml4[0] = (u64)npt_pdpt | TABLE;
	return (u64)npt_pml4;
}

/* No translation is kept: every VMRUN flushes the TLB. */
void svm_map_page(struct vcpu *v, u64 address, bool present)
{
	(void)v;
	npt_low_table[address / PAGE_SIZE] = address | (present ? TABLE : TABLE & ~PTE_P);
}
