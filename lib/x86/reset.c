/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A clean stage for every case, whatever the one before it left behind. An interrupt whose delivery
 * a case never completed leaves its ISR bit set, and that would hold back all later interrupts of
 * its class without a word.
 */
#include "case.h"
#include "log.h"
#include "nmi.h"
#include "stage.h"

enum {
	DRAIN_ROUNDS = 64,
	DRAIN_WINDOW =
		64, /* NOPs with IF=1: some hypervisors do not deliver at the first boundary */
};

static void open_window(void)
{
	u16 steps[DRAIN_WINDOW];

	for (size_t i = 0; i < DRAIN_WINDOW; i++)
		steps[i] = NOP;
	steps[0] = STI;
	scene_build(the_scene(), steps, DRAIN_WINDOW);
	play();
	log_clear();
}

static void drain_lapic(void)
{
	for (int i = 0; i < DRAIN_ROUNDS; i++) {
		if (lapic_highest_isr() >= 0)
			lapic_eoi();
		else if (lapic_highest_irr() >= 0)
			open_window();
		else
			return;
	}
	error("the LAPIC does not come to rest: IRR holds %d, ISR %d", lapic_highest_irr(),
	      lapic_highest_isr());
}

void stage_reset(void)
{
	cli();
	nmi_drain();
	desc_reset();
	clts();
	log_clear();
	lapic_timer_stop();
	lapic_set_tpr_class(0);
	drain_lapic();
	log_clear();
}
