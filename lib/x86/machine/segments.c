/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors by MOV, STR and SLDT; what a selector stands for by LAR, LSL and the descriptor itself.
 */
#include "machine/segments.h"
#include "machine/processor.h"
#include "base/string.h"

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

/* In the order of FOR_EACH_STATE_MSR. */
static const u32 state_msrs[] = {
	MSR_EFER,  MSR_FS_BASE, MSR_GS_BASE,	 MSR_KERNEL_GS,	   MSR_STAR,
	MSR_LSTAR, MSR_FMASK,	MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
};

#define COUNT(name) +1
_Static_assert(ARRAY_SIZE(state_msrs) == 0 FOR_EACH_STATE_MSR(COUNT), "FOR_EACH_STATE_MSR");

#define READ_SELECTOR(name, value) asm volatile("mov %%" #name ", %0" : "=r"(value))

void machine_state_read(struct machine_state *m)
{
	READ_SELECTOR(es, m->es);
	READ_SELECTOR(cs, m->cs);
	READ_SELECTOR(ss, m->ss);
	READ_SELECTOR(ds, m->ds);
	READ_SELECTOR(fs, m->fs);
	READ_SELECTOR(gs, m->gs);
	asm volatile("str %0" : "=r"(m->tr));
	asm volatile("sldt %0" : "=r"(m->ldtr));
	asm volatile("sgdt %0" : "=m"(m->gdtr));
	asm volatile("sidt %0" : "=m"(m->idtr));
	m->cr0 = read_cr0();
	m->cr3 = read_cr3();
	m->cr4 = read_cr4();
	m->dr7 = read_dr7();
	for (size_t i = 0; i < ARRAY_SIZE(state_msrs); i++)
		(&m->efer)[i] = rdmsr(state_msrs[i]);
	m->tr_base = system_segment_base(&m->gdtr, (u16)m->tr);
}

/* The @n-th name of all state registers. */
static const char *state_register_name(size_t n)
{
#define NAME(name) #name "\0"
	const char *name = FOR_EACH_STATE_REGISTER(NAME);

	while (n--)
		name += strlen(name) + 1;
	return name;
}

const char *machine_state_difference(const struct machine_state *a, const struct machine_state *b)
{
	const u64 *of_a = &a->cr0, *of_b = &b->cr0;

	for (size_t i = 0; i < 0 FOR_EACH_STATE_REGISTER(COUNT); i++)
		if (of_a[i] != of_b[i])
			return state_register_name(i);
	if (a->gdtr.base != b->gdtr.base || a->gdtr.limit != b->gdtr.limit)
		return "gdtr";
	if (a->idtr.base != b->idtr.base || a->idtr.limit != b->idtr.limit)
		return "idtr";
	return NULL;
}
