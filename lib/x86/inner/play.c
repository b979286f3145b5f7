/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole of a play: the hypervisor enters, the guest runs from boundary to boundary until it
 * leaves or is over, and the hypervisor enters again.
 */
#include "base/string.h"
#include "inner/inside.h"

static void guest_boundary(struct model *model)
{
	struct inner *inner = inner_of(model);

	if (!inner->in_root)
		run_boundary(inner);
	else if (inner->next == inner->guest->count)
		model->cpu.left = true;
	else
		enter_guest(inner);
}

static void begin(struct model *model)
{
	struct inner *inner = inner_of(model);

	memset(inner->answered, -1, sizeof(inner->answered));
	inner->next = 0;
	inner->in_root = true;
	inner->injects_event = false;
	inner->refused = inner->init = inner->tpr_below = false;
	inner->monitor_trap = inner->armed = inner->timer_armed = false;
	inner->activity = IS_ACTIVE;
	inner->debug = 0;
	inner->lapic_tpr = model->cpu.tpr_class;
	inner->request = (struct virtual_request){ 0 };
}

static const struct beneath hypervisor = { begin, guest_boundary, guest_intercepts, guest_misses,
					   guest_shuts_down };

void inner_begin_with(struct inner *inner, const struct guest_situation *guest, enum rule mutant,
		      const s8 *profile, enum inner_rule inner_mutant, const s8 *inner_profile)
{
	inner->guest = guest;
	inner->vendor = guest->scene.state & STATE_AMD ? &svm_rules : &vmx_rules;
	inner->mutant = inner_mutant;
	if (inner_profile)
		memcpy(inner->profile, inner_profile, sizeof(inner->profile));
	else
		memset(inner->profile, -1, sizeof(inner->profile));
	model_begin_with(&inner->model, &guest->scene, mutant, profile);
	model_play_beneath(&inner->model, &hypervisor);
}

void inner_begin(struct inner *inner, const struct guest_situation *guest)
{
	inner_begin_with(inner, guest, RULE_NONE, NULL, INNER_RULE_NONE, NULL);
}

bool inner_next(struct inner *inner)
{
	return model_next(&inner->model);
}
