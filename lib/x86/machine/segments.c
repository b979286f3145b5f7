/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors by MOV, STR and SLDT; what a selector stands for by LAR, LSL and the descriptor itself.
 */
#include "machine/segments.h"
#include "machine/processor.h"

enum {
	LAR_RIGHTS_SHIFT = 8,
	LAR_RIGHTS_MASK = 0xf0ff,
};

u32 segment_access_rights(u16 selector)
{
	u32 rights;

	if (!(selector & ~3))
		return 0;
	asm volatile("lar %1, %0" : "=r"(rights) : "r"((u32)selector) : "cc");
	return rights >> LAR_RIGHTS_SHIFT & LAR_RIGHTS_MASK;
}

u32 segment_limit(u16 selector)
{
	u32 limit;

	asm volatile("lsl %1, %0" : "=r"(limit) : "r"((u32)selector) : "cc");
	return limit;
}

/* Base of a 64-bit system segment (the TSS), from its descriptor in the GDT. */
static u64 system_segment_base(const struct descriptor_pointer *gdtr, u16 selector)
{
	const u64 *d = (const u64 *)gdtr->base + selector / 8;

	return (d[0] >> 16 & 0xffffff) | (d[0] >> 56) << 24 | d[1] << 32;
}

#define READ_SELECTOR(name, value) asm volatile("mov %%" #name ", %0" : "=r"(value))

void machine_state_read(struct machine_state *m)
{
	u32 selector;

	READ_SELECTOR(es, selector);
	m->es = (u16)selector;
	READ_SELECTOR(cs, selector);
	m->cs = (u16)selector;
	READ_SELECTOR(ss, selector);
	m->ss = (u16)selector;
	READ_SELECTOR(ds, selector);
	m->ds = (u16)selector;
	READ_SELECTOR(fs, selector);
	m->fs = (u16)selector;
	READ_SELECTOR(gs, selector);
	m->gs = (u16)selector;
	asm volatile("str %0" : "=r"(selector));
	m->tr = (u16)selector;
	asm volatile("sldt %0" : "=r"(selector));
	m->ldtr = (u16)selector;
	asm volatile("sgdt %0" : "=m"(m->gdtr));
	asm volatile("sidt %0" : "=m"(m->idtr));
	m->cr0 = read_cr0();
	m->cr3 = read_cr3();
	m->cr4 = read_cr4();
	m->dr7 = read_dr7();
	m->efer = rdmsr(MSR_EFER);
	m->fs_base = rdmsr(MSR_FS_BASE);
	m->gs_base = rdmsr(MSR_GS_BASE);
	m->kernel_gs_base = rdmsr(MSR_KERNEL_GS);
	m->star = rdmsr(MSR_STAR);
	m->lstar = rdmsr(MSR_LSTAR);
	m->fmask = rdmsr(MSR_FMASK);
	m->tr_base = system_segment_base(&m->gdtr, m->tr);
}

const char *machine_state_difference(const struct machine_state *a, const struct machine_state *b)
{
#define COMPARE(member)                                                                            \
	if (a->member != b->member)                                                                \
		return #member;
	COMPARE(cr0)
	COMPARE(cr3)
	COMPARE(cr4)
	COMPARE(dr7)
	COMPARE(efer)
	COMPARE(fs_base)
	COMPARE(gs_base)
	COMPARE(kernel_gs_base)
	COMPARE(tr_base)
	COMPARE(star)
	COMPARE(lstar)
	COMPARE(fmask)
	COMPARE(gdtr.base)
	COMPARE(gdtr.limit)
	COMPARE(idtr.base)
	COMPARE(idtr.limit)
	COMPARE(es)
	COMPARE(cs)
	COMPARE(ss)
	COMPARE(ds)
	COMPARE(fs)
	COMPARE(gs)
	COMPARE(tr)
	COMPARE(ldtr)
#undef COMPARE
	return NULL;
}
