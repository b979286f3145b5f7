/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables and the main stack under kvm-unit-tests, whose images lie at 4 MiB: the first
 * 16 MiB are mapped in 4 KiB pages, so that a right of CPL 3 is that of one page.
 */
#define LOW_TABLES 8

.bss
.balign 4096
pml4:		  .skip 4096
pdpt:		  .skip 4096
page_directories: .skip 4 * 4096
low_page_table:	  .skip LOW_TABLES * 4096
boot_stack_guard: .skip 4096
		  .skip 4 * 4096
boot_stack_top:
