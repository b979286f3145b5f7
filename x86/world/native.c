/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scenes of the generated world on the bare processor. An event that ends a scene in another
 * way than by its landing leads back to play.c.
 */
#include "scene/debug.h"
#include "scene/scene.h"
#include "world.h"

void player_begin(void)
{
}

void player_land(struct scene *scene)
{
	scene_land_from_cpl3(scene);
}

void player_twin(struct situation *situation)
{
	(void)situation;
}

bool player_was_hit(void)
{
	return false;
}

void player_watch(void)
{
	watchdog_begin(leave_scene);
}

const char *player_play(struct scene *scene, const struct situation *situation)
{
	if (situation->state & STATE_GD)
		debug_guard();
	arm_timer(situation);
	scene_play(scene);
	return NULL;
}
