/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boundaries and their addresses.
 */
#include "model/inside.h"

struct boundary boundary_at(struct model *model, u64 address)
{
	const struct layout *layout = model->situation->layout;
	size_t step = layout_step(layout, address);

	if (step < layout->step_count && layout->addresses[step] == address)
		return (struct boundary){ (u16)(PLACE_STEP | step), 0 };
	if (address == layout->landing)
		return (struct boundary){ PLACE_LANDING, 0 };
	if (layout->elsewhere && address == layout->elsewhere)
		return (struct boundary){ PLACE_ELSEWHERE, 0 };
	unknown(model, "a branch leads out of the scene");
	return (struct boundary){ PLACE_LANDING, 0 };
}

u64 boundary_address(const struct model *model, struct boundary at)
{
	const struct layout *layout = model->situation->layout;

	if (at.place == PLACE_OUTSIDE)
		return 0;
	if (at.place & PLACE_STEP)
		return layout->addresses[at.place & 0xff] + at.offset;
	if (at.place == PLACE_AFTER_IRET)
		return layout->landing + at.offset;
	return layout_address(layout, at.place) + at.offset;
}

struct boundary boundary_after(const struct model *model, struct boundary at)
{
	const struct layout *layout = model->situation->layout;

	if (at.place & PLACE_STEP && (size_t)(at.place & 0xff) + 1 < layout->step_count)
		return (struct boundary){ at.place + 1, 0 };
	if (at.place & PLACE_STEP)
		return (struct boundary){ PLACE_LANDING, 0 };
	return (struct boundary){ PLACE_LANDING, (u16)(at.offset + 1) };
}

u16 breakpoints_here(const struct model *model)
{
	const struct situation *s = model->situation;
	u16 bits = 0;
	u64 here;

	if (!model->code_breakpoints)
		return 0;
	here = boundary_address(model, model->cpu.at);
	for (unsigned int left = model->code_breakpoints; left; left &= left - 1) {
		unsigned int n = (unsigned int)__builtin_ctz(left);

		if (s->breakpoints[n].address == here)
			bits |= (u16)(DR6_B0 << n);
	}
	return bits;
}
