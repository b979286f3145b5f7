/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCB whose guest is a clone of the running context, as a recipe: one function for each area of
 * the APM's chapter "Secure Virtual Machine". Read beside vmx/setup.c.
 */
#include "machine/desc.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "machine/segments.h"
#include "base/string.h"
#include "stage/case.h"
#include "svm/svm.h"

enum {
	GUEST_ASID = 1,
	MSRPM_RANGE = 2048, /* bytes for each range of 2000H MSRs, two bits an MSR */
	MSR_RANGE_MASK = 0x1fff,
	ATTRIBUTES_HIGH = 0xf000,
};

void svm_set_intercept(struct vmcb *c, enum svm_intercept what, bool on)
{
	u32 *word = &c->intercepts[what / 32];

	*word &= ~(1u << what % 32);
	if (on)
		*word |= 1u << what % 32;
}

/* "Intercept Operation": interrupts and NMIs go straight to the guest. */
static const char *set_intercepts(struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;

	if (s->maps_changed) {
		memset(s->msrpm, 0, sizeof(s->msrpm));
		memset(s->iopm, 0, sizeof(s->iopm));
	}
	svm_intercept_rdmsr(&s->vcpu, this_cpu.missing_msr, !s->vcpu.reads_msrs);
	s->maps_changed = false;
	svm_set_intercept(c, SVM_INTERCEPT_MSR, true);
	svm_set_intercept(c, SVM_INTERCEPT_SHUTDOWN, true);
	svm_set_intercept(c, SVM_INTERCEPT_VMRUN, true);
	svm_set_intercept(c, SVM_INTERCEPT_VMMCALL, true);
	c->msrpm = (u64)s->msrpm;
	c->iopm = (u64)s->iopm;
	c->asid = GUEST_ASID;
	c->tlb_control = TLB_FLUSH_ALL;
	if (!s->vcpu.nested_paging)
		return NULL;
	if (!(cpuid(SVM_LEAF, 0).edx & CPUID_8000000A_EDX_NPT))
		return "nested paging (CPUID 8000000A EDX bit 0)";
	c->nested_paging = NESTED_PAGING_ENABLE;
	c->nested_cr3 = svm_identity_npt(s);
	return NULL;
}

/* "Segment State in the VMCB": bits 55:52 and 47:40 of the descriptor, packed. */
static void set_segment(struct vmcb_segment *segment, u16 selector, u64 base)
{
	u32 rights = segment_access_rights(selector);

	segment->selector = selector;
	segment->base = base;
	segment->limit = selector ? segment_limit(selector) : 0;
	segment->attributes = (u16)((rights & ATTRIBUTES_HIGH) >> 4 | (rights & 0xff));
}

/*
 * "State Saved and Restored by VMRUN and #VMEXIT": what VMRUN itself loads. What VMLOAD would load,
 * FS, GS, TR, LDTR and the system-call MSRs, is in the processor already.
 */
static void set_guest_state(struct vmcb *c, const struct machine_state *m)
{
	set_segment(&c->es, m->es, 0);
	set_segment(&c->cs, (u16)the_scene()->in_cs, 0);
	set_segment(&c->ss, (u16)the_scene()->in_ss, 0);
	set_segment(&c->ds, m->ds, 0);
	c->gdtr.base = m->gdtr.base;
	c->gdtr.limit = m->gdtr.limit;
	c->idtr.base = m->idtr.base;
	c->idtr.limit = m->idtr.limit;
	c->cpl = the_scene()->in_cs & SEL_RPL3;
	c->efer = m->efer;
	c->cr0 = m->cr0;
	c->cr3 = m->cr3;
	c->cr4 = m->cr4;
	c->dr7 = m->dr7;
	c->dr6 = read_dr6();
	c->cr2 = read_cr2();
	c->g_pat = rdmsr(MSR_PAT);
}

const char *svm_set_up(struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;
	const char *missing;

	memset(c, 0, sizeof(*c));
	missing = set_intercepts(s);
	if (missing)
		return missing;
	set_guest_state(c, &s->vcpu.before);
	return NULL;
}

static void set_bit(u8 *map, u32 bit, bool on)
{
	map[bit / 8] &= (u8) ~(1 << bit % 8);
	if (on)
		map[bit / 8] |= (u8)(1 << bit % 8);
}

/* "I/O Permissions Map" */
void svm_set_port_intercept(struct svm_vcpu *s, u16 port, bool on)
{
	s->maps_changed = true;
	set_bit(s->iopm, port, on);
}

/*
 * "MSR Intercepts": two bits an MSR, the lower one for reads; one outside all ranges always exits.
 */
void svm_intercept_rdmsr(struct vcpu *v, u32 msr, bool on)
{
	svm_intercept_msr(v, msr, false, on);
}

void svm_intercept_msr(struct vcpu *v, u32 msr, bool write, bool on)
{
	static const u32 ranges[] = { 0x00000000, 0xc0000000, 0xc0010000 };

	to_svm(v)->maps_changed = true;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if ((msr & ~(u32)MSR_RANGE_MASK) == ranges[i])
			set_bit(to_svm(v)->msrpm + i * MSRPM_RANGE,
				(msr & MSR_RANGE_MASK) * 2 + write, on);
}
