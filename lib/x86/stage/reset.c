/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A clean stage for every case, whatever the one before it left. An interrupt whose delivery a case
 * never completed leaves its ISR bit set, which would silently hold back all later interrupts of
 * its class.
 */
#include "stage/case.h"
#include "order/log.h"
#include "machine/nmi.h"
#include "machine/profile.h"
#include "machine/settle.h"
#include "report/panic.h"
#include "stage/stage.h"

enum {
	DRAIN_ROUNDS = 64,
	CHANGED_MSRS = 8,
	DRAIN_WINDOW =
		64, /* NOPs with IF=1: some hypervisors do not deliver at the first boundary */
};

/*
 * The control registers as they were before the first case, and the MSRs that the last one changed.
 */
static u64 normal_cr0, normal_cr4;
static u64 held_cr0, held_cr4; /* by stage_hold_bits() */
static struct {
	u32 index;
	u64 value, written;
} changed_msrs[CHANGED_MSRS];
static size_t changed_msr_count;

void set_msr(u32 index, u64 value)
{
	ASSERT(changed_msr_count < CHANGED_MSRS);
	changed_msrs[changed_msr_count].index = index;
	changed_msrs[changed_msr_count].value = rdmsr(index);
	changed_msrs[changed_msr_count].written = value;
	changed_msr_count++;
	wrmsr(index, value);
}

void stage_hold_bits(u64 cr0, u64 cr4)
{
	held_cr0 = cr0;
	held_cr4 = cr4;
}

u64 stage_msr_written(u32 index)
{
	u64 value = 0;

	for (size_t i = 0; i < changed_msr_count; i++)
		if (changed_msrs[i].index == index)
			value = changed_msrs[i].written;
	return value;
}

static void restore_registers(void)
{
	if (!normal_cr0) {
		normal_cr0 = read_cr0() & ~(u64)CR0_TS;
		normal_cr4 = read_cr4();
	}
	if (read_cr0() != (normal_cr0 | held_cr0))
		write_cr0(normal_cr0 | held_cr0);
	if (read_cr4() != (normal_cr4 | held_cr4))
		write_cr4(normal_cr4 | held_cr4);
	while (changed_msr_count > 0) {
		changed_msr_count--;
		wrmsr(changed_msrs[changed_msr_count].index, changed_msrs[changed_msr_count].value);
	}
}

/*
 * An x87 error that a case has left would be raised as #MF by the next x87 instruction of another.
 * Called after restore_registers(), because CR0.TS=1 makes every x87 instruction raise #NM.
 */
static void restore_x87(void)
{
	if (!x87_at_rest())
		asm volatile("fninit");
}

static void open_window(void)
{
	u16 steps[DRAIN_WINDOW];

	for (size_t i = 0; i < DRAIN_WINDOW; i++)
		steps[i] = NOP;
	steps[0] = STI;
	scene_build(the_scene(), steps, DRAIN_WINDOW);
	scene_play(the_scene());
	log_clear();
}

/*
 * A handler that runs for the first time is new to an emulator that translates code, and takes an
 * interrupt elsewhere than ever after. So NMIs are tried once, as cases try them. Where time is no
 * count of instructions, an NMI may come after the scene.
 */
static void rehearse_nmi(void)
{
	static const u16 steps[] = { NOP };

	nmi_block();
	nmi_send_self();
	scene_build(the_scene(), steps, ARRAY_SIZE(steps));
	scene_play(the_scene());
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

static void reset_debug(void)
{
	if (debug_guarded()) /* then the first MOV to a debug register raises #DB, which ends it */
		gate_set_target(DB_VECTOR, (u64)nmi_dismiss, 0);
	debug_reset();
}

static void put_back(void)
{
	desc_reset();
	restore_registers();
	restore_x87();
	log_clear();
}

void stage_reset_processor(void)
{
	cli();
	reset_debug();
	put_back();
}

void stage_reset(void)
{
	static bool rehearsed;

	profile_enter(PROFILE_RESET);
	cli();
	if (settles_exactly() && !rehearsed)
		rehearse_nmi();
	rehearsed = true;
	reset_debug();
	nmi_drain();
	put_back();
	lapic_timer_stop();
	if (lapic_read(LAPIC_TPR))
		lapic_set_tpr_class(0);
	profile_enter(PROFILE_DRAIN);
	drain_lapic();
	log_clear();
}
