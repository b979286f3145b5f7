/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NMI moved across a boundary. It comes by itself, from a device, so that it can arrive while an
 * instruction is under way. MOV SS holds it back (Intel; the APM names no NMI there); STI may; one
 * that comes while IRETQ goes to CPL 3 finds one CPL or the other, with the RIP that belongs to it;
 * beside a pending interrupt each is served once.
 */
#include "base/text.h"
#include "sweep/sweep.h"

enum place_of_nmi { BEFORE, AT_L, AFTER_IT, LATER, PLACE_COUNT };

struct nmi_sweep {
	u16 before;   /* the instruction before L */
	bool to_cpl3; /* it goes there */
	bool irq;     /* an interrupt is pending, and is let in at L */
	bool held_on_intel;
};

static bool is_held(const struct nmi_sweep *r)
{
	return r->held_on_intel && !cpu_is_amd();
}

static void lay_out(const void *argument)
{
	const struct nmi_sweep *r = argument;

	if (r->to_cpl3)
		scene(ARM_NMI, DELAY, NOP, PUSH_IRET_FRAME_CPL3, r->before, T(NOP), NOP, NOP, NOP,
		      WAIT_FOR_NMI);
	else if (r->irq)
		scene(ARM_NMI, DELAY, NOP, STI, r->before, L(NOP), NOP, NOP, NOP, WAIT_FOR_NMI);
	else
		scene(ARM_NMI, DELAY, NOP, NOP, r->before, L(NOP), NOP, NOP, NOP, WAIT_FOR_NMI);
	if (r->to_cpl3)
		scene_land_from_cpl3(the_scene());
}

static void make_ready(const void *argument)
{
	const struct nmi_sweep *r = argument;

	if (r->irq)
		pend_irq(VEC);
}

/*
 * NULL, or what is wrong with the interrupt. An NMI delivered in the shadow of STI ends the shadow.
 */
static const char *irq_problem(const struct nmi_sweep *r, const struct layout *layout,
			       const struct log_entry *irq, const struct log_entry *nmi)
{
	size_t l = layout_labelled(layout, L);

	if (!r->irq)
		return irq ? "an interrupt came that nobody sent" : NULL;
	if (!irq)
		return "the interrupt was not served";
	if (irq->rip != layout->addresses[l] &&
	    (irq->rip != layout->addresses[l - 1] || nmi->rip != irq->rip))
		return "the interrupt came neither at L nor after the NMI that ended the shadow";
	return NULL;
}

static enum place_of_nmi place_of(const struct nmi_sweep *r, const struct layout *layout, u64 rip)
{
	size_t l = layout_labelled(layout, r->to_cpl3 ? T : L);
	size_t step = layout_step(layout, rip);

	if (rip == layout->addresses[l])
		return AT_L;
	if (step < l)
		return BEFORE;
	return step == layout->step_count - 1 ? LATER : AFTER_IT; /* also in a handler */
}

static int classify(const void *argument, const struct layout *layout, const struct trace *trace,
		    const char **reason)
{
	const struct log_entry *nmi = NULL, *irq = NULL;
	const struct nmi_sweep *r = argument;
	enum place_of_nmi place;

	for (size_t i = 0; i < trace->count; i++) {
		const struct log_entry *event = trace->events[i].entry;

		if (event->vector == NMI_VECTOR && !nmi)
			nmi = event;
		else if (event->in_service && event->vector == VEC && !irq)
			irq = event;
		else
			*reason = "an event came that nobody sent, or twice";
	}
	if (!nmi)
		*reason = "the NMI was lost";
	if (!*reason)
		*reason = irq_problem(r, layout, irq, nmi);
	if (*reason)
		return -1;
	place = place_of(r, layout, nmi->rip);
	if (place == AT_L && is_held(r))
		*reason = "the NMI came between MOV SS and the instruction after it";
	if (r->to_cpl3 && (place != BEFORE) != ((nmi->cs & SEL_RPL3) == SEL_RPL3))
		*reason = "the saved CPL is not that of the saved RIP";
	return *reason ? -1 : (int)place;
}

static const char *const names[PLACE_COUNT] = {
	[BEFORE] = "NMI@before the boundary",
	[AT_L] = "NMI@the boundary after %i",
	[AFTER_IT] = "NMI@after it",
	[LATER] = "NMI@later",
};

static bool is_legal(const void *argument, int place)
{
	return place != AT_L || !is_held(argument);
}

static void nmi_sweep(const struct nmi_sweep *r)
{
	const struct sweep sweep = {
		.reaching = "around the boundary",
		.orders = PLACE_COUNT,
		.reach = { BEFORE, AT_L },
		.by_nmi = true,
		.lay_out = lay_out,
		.make_ready = make_ready,
		.classify = classify,
		.names = names,
		.instruction = r->before,
		.legal = is_legal,
	};

	sweep_run(&sweep, r);
}

TABLE(irq_pending, "D06",
      "an NMI is moved across STI; NOP with an interrupt pending: each is served once, the interrupt after the NOP, or where the NMI has ended the shadow",
      STI_PAGE "; " PRIORITY_TABLE, nmi_sweep, .before = NOP, .irq = true);
TABLE(mov_ss, "D07,X03",
      "an NMI is moved across MOV SS: it never comes right after MOV SS (Intel; on AMD such arrivals are counted)",
      SWITCHING_STACKS, nmi_sweep, .before = MOV_SS, .held_on_intel = true);
TABLE(sti, "D08",
      "an NMI is moved across STI: it comes once; how often it comes right after STI, in the shadow, is counted",
      STI_PAGE, nmi_sweep, .before = STI);
TABLE(iret_to_cpl3, "X07",
      "an NMI is moved across IRETQ to CPL 3: the CPL and the RIP that it saves belong together",
      "SDM 2A, IRET/IRETD/IRETQ; SDM 3A, Handling Multiple NMIs", nmi_sweep, .before = IRETQ,
      .to_cpl3 = true);
