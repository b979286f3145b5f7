/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The playground has a page directory and a page table of its own ("4-Level Paging"); no entry of the
 * identity map changes, except for the right of CPL 3 to pages of the image.
 */
#include "machine/paging.h"
#include "machine/processor.h"

static u64 play_directory[512] PAGE_ALIGNED;
static u64 play_table[512] PAGE_ALIGNED;
static u8 play_memory[4][PAGE_SIZE] PAGE_ALIGNED;

extern u64 pdpt[], low_page_table[];

enum { ONE_GIB_SHIFT = 30 };

#define PTE_NX (1ull << 63)

void paging_init(void)
{
	play_table[1] = (u64)play_memory[0] | PTE_P;
	play_table[2] = (u64)play_memory[1] | PTE_P | PTE_W;
	play_table[3] = (u64)play_memory[2] | PTE_P | PTE_W;
	play_table[5] = (u64)play_memory[3] | PTE_P | PTE_W;
	if (rdmsr(MSR_EFER) & EFER_NXE)
		play_table[5] |= PTE_NX;
	play_directory[0] = (u64)play_table | PTE_P | PTE_W | PTE_U;
	pdpt[PLAY_BASE >> ONE_GIB_SHIFT] = (u64)play_directory | PTE_P | PTE_W | PTE_U;
	write_cr3(read_cr3());
}

u64 playground_page(u64 address)
{
	return play_table[(address - PLAY_BASE) / PAGE_SIZE] & ~PTE_NX & ~(PAGE_SIZE - 1ul);
}

void page_allow_user(u64 address)
{
	u64 *entry = &low_page_table[address / PAGE_SIZE];

	if (*entry & PTE_U)
		return;
	*entry |= PTE_U;
	invlpg(address);
}
