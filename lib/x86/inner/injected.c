/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events that are delivered for a hypervisor, and the places to which it moves a guest.
 */
#include "inner/inside.h"

struct boundary any_boundary_at(struct inner *inner, u64 address)
{
	const struct layout *layout = inner->model.situation->layout;
	struct position position = layout_position(layout, address);

	if (position.place & PLACE_ENTRY)
		return (struct boundary){ position.place, (u16)position.offset };
	return boundary_at(&inner->model, address);
}

void deliver_injected(struct inner *inner, u8 vector, enum delivery_kind kind, u32 error,
		      struct boundary next, enum inner_rule why)
{
	struct model *model = &inner->model;

	model->injecting = true;
	deliver(model, vector, kind, error, next, (enum rule)(FIRST_INNER_RULE + why));
	model->injecting = false;
}
