/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A clean stage between two situations. What the last one may have left is known from what it was;
 * only that is looked at and put back, because the LAPIC's registers and debug registers are the
 * slowest that there are. With check=clean, everything is compared after each situation with how it
 * was before the first.
 */
#include "base/string.h"
#include "boot/args.h"
#include "machine/profile.h"
#include "machine/segments.h"
#include "machine/settle.h"
#include "order/log.h"
#include "stage/case.h"
#include "stage/stage.h"
#include "world.h"

/* In one bank of IRR and ISR each. */
enum { LOW_VECTOR = IRQ_VECTOR, HIGH_VECTOR = IRQ_HIGH };

_Static_assert(IRQ_SAME_CLASS / 32 == LOW_VECTOR / 32 && IRQ_WAKE / 32 == LOW_VECTOR / 32,
	       "two banks hold all vectors of the world");

/* What the last situation may have left. */
static struct {
	bool interrupts, nmis, timer;
	bool anything; /* it left its scene in another way than by the landing */
} left;

/* --- What the check compares --- */

static struct {
	bool known;
	struct machine_state state;
	u8 idt[PAGE_SIZE];
} before;

static void remember(void)
{
	before.known = true;
	machine_state_read(&before.state);
	memcpy(before.idt, (const void *)idt_page(), sizeof(before.idt));
}

/* What is not as it was before the first situation; NULL: nothing. */
static const char *difference(void)
{
	struct machine_state now;
	const char *name;

	machine_state_read(&now);
	name = machine_state_difference(&before.state, &now);
	if (name)
		return name;
	if (!x87_at_rest())
		return "the x87";
	if (memcmp(before.idt, (const void *)idt_page(), sizeof(before.idt)))
		return "a gate";
	if (lapic_highest_irr() >= 0)
		return "IRR";
	if (lapic_highest_isr() >= 0)
		return "ISR";
	if (lapic_read(LAPIC_TPR))
		return "TPR";
	if (!(lapic_read(LAPIC_LVT_TIMER) & LVT_MASKED) || lapic_read(LAPIC_TIMER_INITIAL))
		return "the timer";
	if (log_count())
		return "the log";
	if (read_rflags() & (RFLAGS_IF | RFLAGS_TF | RFLAGS_AC | RFLAGS_IOPL3))
		return "RFLAGS";
	/* One that is blocked does not come; one that was pending comes as well. */
	name = nmi_prove_exact();
	nmi_unblock();
	return name ? "whether NMIs are blocked" : NULL;
}

/* --- Cleaning --- */

static bool bank_has(enum lapic_register bank, u8 vector)
{
	return lapic_read(bank + (vector / 32) * 0x10);
}

/* Takes what is pending and in service off the LAPIC, without a scene. */
static void drain(void)
{
	static const u8 vectors[] = { IRQ_HIGH, IRQ_WAKE, IRQ_SAME_CLASS, IRQ_VECTOR };

	while (bank_has(LAPIC_ISR, LOW_VECTOR) || bank_has(LAPIC_ISR, HIGH_VECTOR))
		lapic_eoi();
	if (!bank_has(LAPIC_IRR, LOW_VECTOR) && !bank_has(LAPIC_IRR, HIGH_VECTOR))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		gate_set_target(vectors[i], (u64)nmi_dismiss, 0);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		asm volatile("sti; nop; nop; nop; nop; cli");
		while (bank_has(LAPIC_ISR, LOW_VECTOR) || bank_has(LAPIC_ISR, HIGH_VECTOR))
			lapic_eoi();
	}
}

/* An IRET to CPL 3 makes null what CPL 3 may not use: "IRET/IRETD/IRETQ-Interrupt Return". */
static void load_data_segments(void)
{
	u32 ds, es;

	asm volatile("mov %%ds, %0; mov %%es, %1" : "=r"(ds), "=r"(es));
	if (ds != SEL_DATA || es != SEL_DATA)
		asm volatile("mov %0, %%ds; mov %0, %%es" ::"r"((u32)SEL_DATA));
}

static void put_back(void)
{
	profile_enter(PROFILE_RESET);
	cli();
	load_data_segments();
	if (left.timer)
		lapic_timer_stop();
	if (read_cr8())
		lapic_set_tpr_class(0);
	if (left.nmis) /* now: the IRET of what drain() lets in would unblock them */
		nmi_drain();
	profile_enter(PROFILE_DRAIN);
	if (left.interrupts)
		drain();
	profile_enter(PROFILE_RESET);
	if (left.anything)
		stage_reset();
	else
		stage_reset_processor();
}

void clean_stage(void)
{
	if (!this_cpu.args->dirty)
		put_back();
	if (!this_cpu.args->check_clean)
		return;
	if (before.known && difference())
		error("check=clean: %s is not as it was before the first situation", difference());
	if (!before.known)
		remember();
}

void will_be_left(const struct situation *s)
{
	bool nmi_arrives = false, irq_arrives = false;

	for (size_t i = 0; i < SITUATION_ARRIVALS; i++) {
		nmi_arrives |= s->arrivals[i].vector == NMI_VECTOR;
		irq_arrives |= s->arrivals[i].vector && s->arrivals[i].vector != NMI_VECTOR;
	}
	left.anything = true; /* until it is over */
	left.timer = s->timer;
	left.nmis = s->nmis || s->state & STATE_NMI_BLOCKED || nmi_arrives;
	left.interrupts = s->pending[0] || s->timer || irq_arrives;
}

void is_left(bool by_its_landing)
{
	left.anything = !by_its_landing;
}
