/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables and the main stack, whichever way the image was entered: boot.S fills the tables
 * and takes the guard page out of them, paging.c adds the playground, desc.c names the stack.
 */
.bss
.balign 4096
.globl pml4, pdpt, page_directories, low_page_table, boot_stack_guard, boot_stack_top
pml4:		  .skip 4096
pdpt:		  .skip 4096
page_directories: .skip 4 * 4096
low_page_table:	  .skip 4096
boot_stack_guard: .skip 4096
		  .skip 4 * 4096
boot_stack_top:
