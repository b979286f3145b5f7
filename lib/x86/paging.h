/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The playground: pages at fixed addresses above 4 GiB, each with the rights its name says, for
 * scenes to fault on. Memory below 4 GiB is mapped one to one by boot.S.
 */
#ifndef ORDEAL_PAGING_H
#define ORDEAL_PAGING_H

#include "types.h"

#define PLAY_BASE	 0x100000000ul
#define PLAY_NOT_PRESENT (PLAY_BASE + 0 * PAGE_SIZE)
#define PLAY_READ_ONLY	 (PLAY_BASE + 1 * PAGE_SIZE)
#define PLAY_WRITABLE	 (PLAY_BASE + 2 * PAGE_SIZE)
#define PLAY_PAGES	 3

/* Maps the playground. Call once. */
void paging_init(void);

/* Lets CPL 3 use the page of the image that @address is on (below 2 MiB). */
void page_allow_user(u64 address);

#endif
