/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapic_timer.c: a LAPIC that has no timer is told from one that has.
 */
#include "machine.h"

static void timers_that_are_none(void)
{
	fake_timer = TIMER_MISSING;
	CHECK(!lapic_timer_exists());
	fake_timer = TIMER_RUNS;
	CHECK(lapic_timer_exists());
	CHECK_INT(fake_timer_initial, 0); /* left still */
}

int main(void)
{
	timers_that_are_none();
	return checks_done("timer");
}
