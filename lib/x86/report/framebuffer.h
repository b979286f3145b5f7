/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A linear framebuffer with 32 bits a pixel, as the loader found it: what the screen is drawn on.
 */
#ifndef ORDEAL_FRAMEBUFFER_H
#define ORDEAL_FRAMEBUFFER_H

#include "base/types.h"

/* The order of a pixel's bytes in memory; the fourth byte means nothing. */
enum framebuffer_format {
	FRAMEBUFFER_RGB,
	FRAMEBUFFER_BGR,
};

/* @base: a physical address, which may be above 4 GiB; 0 if there is no framebuffer. */
struct framebuffer {
	u64 base;
	u32 width, height;   /* in pixels */
	u32 pixels_per_line; /* from one line to the next, at least the width */
	u32 format;	     /* enum framebuffer_format */
};

#endif
