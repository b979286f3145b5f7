/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets in struct inherited, which boot.S fills in.
 */
#ifndef ORDEAL_INHERITED_LAYOUT_H
#define ORDEAL_INHERITED_LAYOUT_H

#define INHERITED_CR0  0
#define INHERITED_CR4  4
#define INHERITED_EFER 8

#endif
