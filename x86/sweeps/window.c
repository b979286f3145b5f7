/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer interrupt moved across windows that are open for one boundary, or for none. STI; CLI
 * opens none, however often it is repeated: the shadow of STI covers the boundary, and after CLI
 * it is shut. POPF has no shadow: POPF; CLI is open at CLI, and only there. MOV SS shuts one
 * boundary of an open run; LSS, which loads RSP as well and needs no protection, does not.
 */
#include "base/text.h"
#include "sweep/sweep.h"

enum {
	ROUNDS = 12,
	SLED = 12,
};

/* Orders of all sweeps here; each uses those that it can tell apart. */
enum arrival { BEFORE, DURING, AT_L, AFTER_IT, LATER, ARRIVAL_COUNT };

struct window {
	u16 round[3];	/* steps that are repeated; FRAGMENT_NONE ends them */
	u16 before;	/* or: one step between two runs of NOPs with IF=1 */
	bool shuts;	/* the boundary at L, after @before */
	int open_round; /* which step of a round an interrupt may come at; -1: none */
};

static void lay_out_rounds(const struct window *w)
{
	u16 steps[3 * ROUNDS + 8];
	size_t n = 0;

	steps[n++] = READ_IRR;
	steps[n++] = M(NOP);
	for (int i = 0; i < ROUNDS; i++)
		for (size_t j = 0; j < ARRAY_SIZE(w->round) && w->round[j]; j++)
			steps[n++] = w->round[j];
	steps[n++] = STI;
	steps[n++] = NOP;
	steps[n++] = L(NOP);
	steps[n++] = NOP;
	steps[n++] = NOP;
	scene_build(the_scene(), steps, n);
}

static void lay_out(const void *argument)
{
	struct scene *s = the_scene();
	const struct window *w = argument;
	u16 steps[2 * SLED + 3];
	size_t n = 0;

	if (!w->before) {
		lay_out_rounds(w);
		return;
	}
	steps[n++] = STI;
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	steps[n++] = w->before;
	steps[n++] = L(NOP);
	for (int i = 0; i < SLED; i++)
		steps[n++] = NOP;
	scene_build(s, steps, n);
	*(u32 *)PLAY_WRITABLE = (u32)s->rsp; /* what LSS loads */
	*(u16 *)(PLAY_WRITABLE + sizeof(u32)) = SEL_DATA;
}

/* Sorts an interrupt in the rounds: IRR, read before them, tells if it was pending already. */
static int classify_rounds(const struct window *w, const struct layout *layout, u64 rip,
			   const char **reason)
{
	size_t first = layout_labelled(layout, M) + 1, l = layout_labelled(layout, L);
	size_t step = layout_step(layout, rip), length = 0;

	while (length < ARRAY_SIZE(w->round) && w->round[length])
		length++;
	*reason = "the interrupt came at a boundary that is never open";
	if (step == layout->step_count || rip != layout->addresses[step] || step < first)
		return rip == layout->landing ? AFTER_IT : -1;
	if (step < first + length * ROUNDS && (int)((step - first) % length) != w->open_round)
		return -1;
	if (step >= first + length * ROUNDS && step < l)
		return -1;
	if (the_scene()->out.r11 & VEC_IN_IRR)
		return BEFORE;
	if (step < l)
		return DURING;
	return step == l ? AT_L : AFTER_IT;
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct want irq = IRQ(VEC, IF(1));
	const struct window *w = argument;
	u64 rip, at_l = layout_address(layout, L);

	if (!trace->count)
		return LATER;
	*reason = "there is another event than one interrupt with IF=1";
	if (trace->count > 1 || want_mismatch(&irq, layout, &trace->events[0]))
		return -1;
	rip = trace->events[0].entry->rip;
	if (!w->before)
		return classify_rounds(w, layout, rip, reason);
	*reason = "the interrupt came at the boundary that is shut";
	if ((w->shuts && rip == at_l) || rip <= layout->addresses[1])
		return -1;
	if (rip == at_l)
		return AT_L;
	return rip < at_l ? BEFORE : AFTER_IT;
}

static const char *const names_of_rounds[ARRIVAL_COUNT] = {
	[BEFORE] = "IRQ(%v)@pending before the rounds",
	[DURING] = "IRQ(%v)@a window in the rounds",
	[AT_L] = "IRQ(%v)@the first window after them",
	[AFTER_IT] = "IRQ(%v)@after that",
	[LATER] = "IRQ(%v)@later",
};

static const char *const names_of_boundary[ARRIVAL_COUNT] = {
	[BEFORE] = "IRQ(%v)@before the boundary after %i",
	[DURING] = "", /* there are no rounds */
	[AT_L] = "IRQ(%v)@the boundary after %i",
	[AFTER_IT] = "IRQ(%v)@after it",
	[LATER] = "IRQ(%v)@later",
};

static bool is_legal(const void *argument, int order)
{
	const struct window *w = argument;

	if (order == DURING)
		return !w->before && w->open_round >= 0;
	return order != AT_L || !w->shuts;
}

static void window(const struct window *w)
{
	const struct sweep sweep = {
		.reaching = "in the rounds or before",
		.orders = ARRIVAL_COUNT,
		.reach = { BEFORE, AT_L },
		.lay_out = lay_out,
		.classify = classify,
		.names = w->before ? names_of_boundary : names_of_rounds,
		.instruction = w->before,
		.legal = is_legal,
	};

	sweep_run(&sweep, w);
}

TABLE(sti_cli, "X10",
      "a timer interrupt is moved across STI; CLI, repeated: it never comes between the two, but after them",
      STI_SHADOW, window, .round = { STI, CLI }, .open_round = -1);
TABLE(popf_cli, "X11",
      "a timer interrupt is moved across POPF with IF=1; CLI, repeated: it comes at CLI, or after them",
      "SDM 2B, POPF/POPFD/POPFQ; " STI_SHADOW, window, .round = { PUSH_FLAGS_IF, POPF, CLI },
      .open_round = 2);
TABLE(mov_ss, "E16",
      "a timer interrupt is moved across MOV SS; NOP with IF=1: it never comes between the two",
      SWITCHING_STACKS, window, .before = MOV_SS, .shuts = true);
TABLE(lss, "E15",
      "a timer interrupt is moved across LSS; NOP with IF=1: it comes once, and may come between the two",
      SWITCHING_STACKS, window, .before = LSS);
