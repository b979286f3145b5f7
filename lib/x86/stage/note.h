/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine as a situation of the model. Each call returns NULL, or why the situation is not in
 * the model's world.
 */
#ifndef ORDEAL_NOTE_H
#define ORDEAL_NOTE_H

#include "machine/lapic.h"
#include "model/situation.h"
#include "scene/scene.h"

/* The whole of it. @layout becomes that of the scene, and must stay where it is. */
const char *note_scene(struct situation *s, struct layout *layout, const struct scene *scene);

/* What its handlers do besides returning. */
const char *note_habits(struct situation *s, const struct scene *scene);

/* The gates that are not as usual, and the limit of the IDT. */
const char *note_gates(struct situation *s);

/* The vectors whose bits are set in LAPIC_IRR or LAPIC_ISR: SITUATION_PENDING of them, the rest 0.
 * It is quick: a timer may be running. */
const char *note_vectors(u8 *vectors, enum lapic_register bank);

#endif
