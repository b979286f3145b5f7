/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What our own loader (loader/) and an image tell each other beyond PVH: the first module of its
 * start_info is this structure. Other loaders pass no module, or one of another size.
 */
#ifndef ORDEAL_HANDOFF_H
#define ORDEAL_HANDOFF_H

#include "report/framebuffer.h"

#define HANDOFF_MAGIC 0x66666f646e614821ull

/* How far the image is, in cases, so that the loader can go on behind one that ended the boot. */
struct progress {
	u32 planned, begun;
};

struct handoff {
	u64 magic;
	u64 leave; /* where an image that is over jumps to, in 64-bit mode, with its code in EDI */
	struct framebuffer screen;
	struct progress progress; /* the image writes it */
};

_Static_assert(sizeof(struct handoff) == 48, "loader and image agree");

#endif
