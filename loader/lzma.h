/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacks a raw LZMA1 stream with the usual properties: lc=3, lp=0, pb=2.
 */
#ifndef ORDEAL_LZMA_H
#define ORDEAL_LZMA_H

#include "base/types.h"

/* Writes exactly @size bytes to @out. Returns whether the @packed bytes at @in made sense. */
bool lzma_unpack(const u8 *in, size_t packed, u8 *out, size_t size);

#endif
