/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included before everything else: every symbol is in this file, so its address is relative to RIP.
 * Otherwise it would be loaded from a table that somebody had to relocate.
 */
#ifndef ORDEAL_HIDDEN_H
#define ORDEAL_HIDDEN_H

#pragma GCC visibility push(hidden)

#endif
