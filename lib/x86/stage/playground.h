/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The playground, for the model: which pages scenes fault on.
 */
#ifndef ORDEAL_PLAYGROUND_H
#define ORDEAL_PLAYGROUND_H

#include "machine/paging.h"
#include "model/situation.h"

static const struct page playground[] = {
	{ PLAY_NOT_PRESENT, PAGE_ABSENT },
	{ PLAY_READ_ONLY, PAGE_READ_ONLY },
	{ PLAY_BEYOND, PAGE_ABSENT },
	{ PLAY_NO_EXECUTE, PAGE_NO_EXECUTE },
};

static inline void situation_add_playground(struct situation *situation)
{
	for (size_t i = 0; i < ARRAY_SIZE(playground); i++)
		situation->pages[situation->page_count++] = playground[i];
	situation->absent_stack = PLAY_NOT_PRESENT + PAGE_SIZE;
}

#endif
