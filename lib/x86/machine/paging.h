/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The playground: pages at fixed addresses above 4 GiB, each with the rights its name says, for
 * scenes to fault on. Memory below 4 GiB is mapped one to one by boot.S.
 */
#ifndef ORDEAL_PAGING_H
#define ORDEAL_PAGING_H

#include "base/types.h"

#define PLAY_BASE	 0x100000000ul
#define PLAY_NOT_PRESENT (PLAY_BASE + 0 * PAGE_SIZE)
#define PLAY_READ_ONLY	 (PLAY_BASE + 1 * PAGE_SIZE)
#define PLAY_WRITABLE	 (PLAY_BASE + 2 * PAGE_SIZE)
#define PLAY_CODE	 (PLAY_BASE + 3 * PAGE_SIZE) /* executable; the next page is not present */
#define PLAY_BEYOND	 (PLAY_BASE + 4 * PAGE_SIZE)
#define PLAY_NO_EXECUTE                                                                            \
	(PLAY_BASE + 5 * PAGE_SIZE) /* if the CPU has that right, else as PLAY_CODE */

/* Maps the playground. Call once. */
void paging_init(void);

/* Physical address of the page of the playground at @address; one that is mapped. */
u64 playground_page(u64 address);

/* Lets CPL 3 use the page of the image that @address is on (below 2 MiB). */
void page_allow_user(u64 address);

#endif
