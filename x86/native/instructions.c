/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shadow of STI is one instruction wide, whatever that instruction is: also one that leaves to
 * a hypervisor, touches a device, serializes, or takes its memory for the first time. The interrupt
 * is served right behind it: not before, as if its exit had ended the shadow, and not one later, as
 * if its emulation had kept it.
 */
#define FAMILY "instructions"
#include "stage/case.h"
#include "boot/bootinfo.h"
#include "stage/prepare.h"

#define STI_SHADOW "SDM 2B, STI-Set Interrupt Flag; APM 3, STI"

enum {
	REP_COUNT = 4,
};

struct shadowed {
	u16 instruction;
	void (*prepare)(void);
};

static void shadow_over(const void *argument)
{
	const struct shadowed *s = argument;

	scene(STI, L(s->instruction), NOP, NOP);
	if (s->prepare)
		s->prepare();
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(AFTER(L)), IF(1)));
}

static void enable_xgetbv(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
		skip("needs XSAVE (CPUID 1 ECX bit 26)");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	the_scene()->in.rcx = 0;
}

static void require_cx16(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_CX16))
		skip("needs CMPXCHG16B (CPUID 1 ECX bit 13)");
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

#define SHADOW_OVER(id, row, name, insn, prepare_)                                                 \
	CASE_WITH(id, row, "STI holds a pending interrupt back over " name ", and no further",     \
		  STI_SHADOW, shadow_over, shadowed, .instruction = (insn), .prepare = (prepare_))

SHADOW_OVER(cpuid, "E09", "CPUID", CPUID, NULL);
SHADOW_OVER(rdtsc, "E09", "RDTSC", RDTSC, NULL);
SHADOW_OVER(rdmsr, "E09", "RDMSR", RDMSR, known_msr);
SHADOW_OVER(wrmsr, "E09", "WRMSR", WRMSR, known_msr);
SHADOW_OVER(in, "E09", "IN", IN, NULL);
SHADOW_OVER(out, "E09", "OUT", OUT, NULL);
SHADOW_OVER(device_load, "E09", "a load from a device's register", LOAD, device_address);
SHADOW_OVER(device_store, "E09", "a store to a device's register", STORE, device_address);
SHADOW_OVER(wbinvd, "E09", "WBINVD", WBINVD, NULL);
SHADOW_OVER(xgetbv, "E09", "XGETBV", XGETBV, enable_xgetbv);
SHADOW_OVER(pause, "E09", "PAUSE", PAUSE, NULL);
SHADOW_OVER(mov_cr0, "E09", "MOV to CR0", MOV_TO_CR0, same_cr0);
SHADOW_OVER(mov_cr3, "E09", "MOV to CR3", MOV_TO_CR3, same_cr3);
SHADOW_OVER(mov_dr, "E09", "MOV from DR7", MOV_FROM_DR7, NULL);
SHADOW_OVER(invlpg, "E09", "INVLPG", INVLPG, NULL);
SHADOW_OVER(endbr, "E22", "ENDBR64", ENDBR64, NULL);
SHADOW_OVER(cmpxchg16b, "E22", "LOCK CMPXCHG16B", CMPXCHG16B, require_cx16);
SHADOW_OVER(untouched, "E10", "a load from a page that was never touched", LOAD, untouched_page);

static u64 count_at_irq;

static void note_count(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)entry;
	count_at_irq = frame->gprs.rcx;
}

/* The shadow is over after the first iteration; when the interrupt comes then is left open. */
CASE(rep_movsb, "E21",
     "STI; REP MOVSB: the interrupt comes after at least one iteration, between two or at the end",
     STI_SHADOW)
{
	scene(LOAD_MOVSB_COUNT, STI, L(REP_MOVSB), NOP, NOP);
	the_scene()->in.r10 = REP_COUNT;
	the_scene()->on_delivery = note_count;
	pend_irq(VEC);
	play();
	check(count_at_irq < REP_COUNT && the_scene()->out.rcx == 0,
	      "RCX was %lu at the interrupt and %lu at the end, of %d", count_at_irq,
	      the_scene()->out.rcx, REP_COUNT);
	expect_one_of(LEGAL("between two iterations", IRQ(VEC, AT(L), IF(1))),
		      LEGAL("at the end", IRQ(VEC, AT(AFTER(L)), IF(1))));
}
