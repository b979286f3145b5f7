/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that exits all the time, interrupts and NMIs that come all the time: some pending in
 * root, some from the timer at any point of guest, exit, root or entry. Whatever came is counted by
 * its handler in the guest: as many as were sent, no more and no fewer.
 */
#include "stage/case.h"
#include "hv/hv.h"

enum {
	ROUNDS = 2000,
	LAST_ROUNDS = 20000, /* after at most this many exits everything has been delivered */
	IRQ_EVERY = 3,
	NMI_EVERY = 7,
	TIMER_STEP = 37, /* ticks by which the timer's count grows */
	TIMER_RANGE = 2048,
};

static volatile u32 irqs, nmis;

static void count_event(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	if (frame->vector == VEC)
		irqs++;
	else if (frame->vector == NMI_VECTOR)
		nmis++;
}

/* Runs to the next exit of the guest's loop, and completes the instruction. */
static void one_round(struct vcpu *v)
{
	log_clear();
	run_to(v, EXIT_RDMSR, PLACE_ANY);
	vcpu_skip_instruction(v);
}

static void start(bool timer)
{
	struct scene *s = scene(STI, NOP, M(RDMSR_LOOP), CLI, L(UD2));

	s->in.r15 = ~0ull;
	s->on_delivery = count_event;
	s->eoi_in_handler = true;
	irqs = nmis = 0;
	if (timer)
		lapic_timer_init(VEC, TIMER_ONE_SHOT);
}

static void check_count(const char *what, u32 sent, u32 came)
{
	check(came == sent, "an %s %s: %u were sent, %u delivered", what,
	      came < sent ? "was lost" : "came more than once", sent, came);
}

/* Ends the loop, when what is still under way has been delivered. */
static void end(struct vcpu *v, u32 sent_irqs, u32 sent_nmis)
{
	for (int i = 0; i < LAST_ROUNDS && (irqs != sent_irqs || nmis != sent_nmis); i++)
		one_round(v);
	lapic_timer_stop();
	check_count("interrupt", sent_irqs, irqs);
	check_count("NMI", sent_nmis, nmis);
	one_round(v);
	vcpu_gprs(v)->r15 = 1;
	log_clear();
	run_to_end(v);
	expect(ENTRY(), UD(AT(L)));
}

CASE(pending_in_root, "X08",
     "a guest that exits in a loop takes every interrupt and every NMI that was pending in root exactly once",
     EVENT_INJECTION "; SDM 3A, Handling Multiple NMIs")
{
	u32 sent_irqs = 0, sent_nmis = 0;
	struct vcpu *v;

	start(false);
	v = hv_start();
	for (u32 i = 0; i < ROUNDS; i++) {
		one_round(v);
		if (i % IRQ_EVERY == 0 && irqs == sent_irqs) {
			pend_irq(VEC);
			sent_irqs++;
		}
		if (i % NMI_EVERY == 0 && nmis == sent_nmis) {
			pend_nmi();
			sent_nmis++;
		}
	}
	check(sent_irqs > 1 && sent_nmis > 1, "%u interrupts and %u NMIs were sent: too few",
	      sent_irqs, sent_nmis);
	end(v, sent_irqs, sent_nmis);
}

CASE(timer, "X08",
     "a guest that exits in a loop takes every interrupt of a timer, which fires anywhere, exactly once",
     EVENT_INJECTION)
{
	u32 sent = 0, count = 1;
	struct vcpu *v;

	start(true);
	v = hv_start();
	for (u32 i = 0; i < ROUNDS; i++) {
		one_round(v);
		if (irqs != sent)
			continue;
		lapic_timer_arm(count);
		count = 1 + (count + TIMER_STEP) % TIMER_RANGE;
		sent++;
	}
	check(sent > 1, "%u interrupts were sent: too few", sent);
	end(v, sent, 0);
}
