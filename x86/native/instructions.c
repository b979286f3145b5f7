/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shadow of STI is one instruction wide, whatever that instruction is: also one that leaves to
 * a hypervisor, touches a device, serializes, or takes its memory for the first time. The interrupt
 * is served right after it: not before, as if its exit had ended the shadow, and not one later, as
 * if its emulation had kept it.
 */
#include "stage/case.h"
#include "stage/prepare.h"
#include "boot/bootinfo.h"

enum {
	REP_COUNT = 4,
};

struct shadow_over {
	u16 instruction;
	void (*prepare)(void);
};

static void shadow_over(const struct shadow_over *o)
{
	scene(STI, L(o->instruction), NOP, NOP);
	if (o->prepare)
		o->prepare();
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(AFTER(L)), IF(1)));
}

static void enable_xgetbv(void)
{
	require(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE, "XSAVE (CPUID 1 ECX bit 26)");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	the_scene()->in.rcx = 0;
}

static void require_cx16(void)
{
	require(cpuid(1, 0).ecx & CPUID_1_ECX_CX16, "CMPXCHG16B (CPUID 1 ECX bit 13)");
}

/* A page that nothing has touched: a hypervisor may not have mapped it yet. */
static void untouched_page(void)
{
	u64 memory = this_cpu.boot->memory_bytes;

	/* The identity map ends at 4 GiB, and the PC's low RAM may end at 2 GiB. */
	if (memory > 2ul << 30)
		memory = 2ul << 30;
	the_scene()->in.rbp = memory / 4 * 3 & ~(PAGE_SIZE - 1ul);
}

/* What STI holds the interrupt back over. */
#define HELD_BACK_OVER(what) "STI holds a pending interrupt back over " what ", and no further"

TABLE(cpuid, "E09", HELD_BACK_OVER("CPUID"), STI_SHADOW, shadow_over, .instruction = CPUID);
TABLE(rdtsc, "E09", HELD_BACK_OVER("RDTSC"), STI_SHADOW, shadow_over, .instruction = RDTSC);
TABLE(rdmsr, "E09", HELD_BACK_OVER("RDMSR"), STI_SHADOW, shadow_over, .instruction = RDMSR,
      .prepare = known_msr);
TABLE(wrmsr, "E09", HELD_BACK_OVER("WRMSR"), STI_SHADOW, shadow_over, .instruction = WRMSR,
      .prepare = known_msr);
TABLE(in, "E09", HELD_BACK_OVER("IN"), STI_SHADOW, shadow_over, .instruction = IN);
TABLE(out, "E09", HELD_BACK_OVER("OUT"), STI_SHADOW, shadow_over, .instruction = OUT);
TABLE(device_load, "E09", HELD_BACK_OVER("a load from a device's register"), STI_SHADOW,
      shadow_over, .instruction = LOAD, .prepare = device_address);
TABLE(device_store, "E09", HELD_BACK_OVER("a store to a device's register"), STI_SHADOW,
      shadow_over, .instruction = STORE, .prepare = device_address);
TABLE(wbinvd, "E09", HELD_BACK_OVER("WBINVD"), STI_SHADOW, shadow_over, .instruction = WBINVD);
TABLE(xgetbv, "E09", HELD_BACK_OVER("XGETBV"), STI_SHADOW, shadow_over, .instruction = XGETBV,
      .prepare = enable_xgetbv);
TABLE(pause, "E09", HELD_BACK_OVER("PAUSE"), STI_SHADOW, shadow_over, .instruction = PAUSE);
TABLE(mov_cr0, "E09", HELD_BACK_OVER("MOV to CR0"), STI_SHADOW, shadow_over,
      .instruction = MOV_TO_CR0, .prepare = same_cr0);
TABLE(mov_cr3, "E09", HELD_BACK_OVER("MOV to CR3"), STI_SHADOW, shadow_over,
      .instruction = MOV_TO_CR3, .prepare = same_cr3);
TABLE(mov_dr, "E09", HELD_BACK_OVER("MOV from DR7"), STI_SHADOW, shadow_over,
      .instruction = MOV_FROM_DR7);
TABLE(invlpg, "E09", HELD_BACK_OVER("INVLPG"), STI_SHADOW, shadow_over, .instruction = INVLPG);
TABLE(endbr, "E22", HELD_BACK_OVER("ENDBR64"), STI_SHADOW, shadow_over, .instruction = ENDBR64);
TABLE(cmpxchg16b, "E22", HELD_BACK_OVER("LOCK CMPXCHG16B"), STI_SHADOW, shadow_over,
      .instruction = CMPXCHG16B, .prepare = require_cx16);
TABLE(untouched, "E10", HELD_BACK_OVER("a load from a page that was never touched"), STI_SHADOW,
      shadow_over, .instruction = LOAD, .prepare = untouched_page);

static u64 count_at_irq;

static void note_count(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	count_at_irq = frame->gprs.rcx;
}

/* The shadow is over after the first iteration; when the interrupt comes then is left open. */
CASE(rep_movsb, "E21",
     "STI holds a pending interrupt back over the first iteration of REP MOVSB: it is served between two iterations or at the end",
     STI_SHADOW)
{
	struct scene *s = scene(LOAD_MOVSB_COUNT, STI, L(REP_MOVSB), NOP, NOP);

	s->in.r10 = REP_COUNT;
	s->on_delivery = note_count;
	s->habits = HANDLERS_LOOK;
	pend_irq(VEC);
	play();
	check(count_at_irq < REP_COUNT && s->out.rcx == 0,
	      "RCX was %lu at the interrupt and %lu at the end, of %d", count_at_irq, s->out.rcx,
	      REP_COUNT);
	expect_one_of(LEGAL("between two iterations", IRQ(VEC, AT(L), IF(1))),
		      LEGAL("at the end", IRQ(VEC, AT(AFTER(L)), IF(1))));
}
