/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets that scene_play.S shares with C; scene.c holds a _Static_assert for each.
 */
#ifndef ORDEAL_SCENE_LAYOUT_H
#define ORDEAL_SCENE_LAYOUT_H

#define GPRS_R15	0
#define GPRS_R14	8
#define GPRS_R13	16
#define GPRS_R12	24
#define GPRS_R11	32
#define GPRS_R10	40
#define GPRS_R9		48
#define GPRS_R8		56
#define GPRS_RBP	64
#define GPRS_RDI	72
#define GPRS_RSI	80
#define GPRS_RDX	88
#define GPRS_RCX	96
#define GPRS_RBX	104
#define GPRS_RAX	112

#define SCENE_IN	0
#define SCENE_IN_RFLAGS 120
#define SCENE_OUT	128
#define SCENE_IN_CS	248
#define SCENE_IN_SS	256

#endif
