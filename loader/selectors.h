/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The selectors of the loader's own descriptor table, for its assembly.
 */
#ifndef ORDEAL_SELECTORS_H
#define ORDEAL_SELECTORS_H

#define CODE64 0x08
#define DATA   0x10
#define CODE32 0x18

#endif
