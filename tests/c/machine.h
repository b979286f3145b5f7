/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the scene builder and the LAPIC's timer need of a machine, faked on the host. The fragments
 * and the entry stubs are the real ones, so that addresses and offsets are real too; nothing of
 * them is executed.
 */
#ifndef ORDEAL_TESTS_MACHINE_H
#define ORDEAL_TESTS_MACHINE_H

#include "check.h"

#include "stage/case.h"

/* The scene that the_scene() gives is this one. */
extern struct scene fake_scene;

/* How the LAPIC's timer behaves, and the initial count that was written last. */
enum fake_timer {
	TIMER_RUNS,
	TIMER_MISSING,
};
extern enum fake_timer fake_timer;
extern u32 fake_timer_initial;

#endif
