/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets that scene_play.S shares with C; scene.c holds a _Static_assert for each.
 */
#ifndef ORDEAL_SCENE_LAYOUT_H
#define ORDEAL_SCENE_LAYOUT_H

#define SCENE_IN	0
#define SCENE_IN_RFLAGS 120
#define SCENE_OUT	128
#define SCENE_IN_CS	248
#define SCENE_IN_SS	256

#endif
