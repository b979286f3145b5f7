/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCB whose guest is a clone of the running context, as a recipe: one function for each area of
 * the APM's chapter "Secure Virtual Machine". Read beside vmx/setup.c.
 */
#include "machine/desc.h"
#include "machine/processor.h"
#include "machine/segments.h"
#include "base/string.h"
#include "svm/svm.h"

enum {
	GUEST_ASID = 1,
	TLB_FLUSH_ALL = 1,
	MSRPM_SIZE = 2 * PAGE_SIZE,
	IOPM_SIZE = 3 * PAGE_SIZE,
	MSRPM_RANGE = 2048, /* bytes for each range of 2000H MSRs, two bits an MSR */
	MSR_RANGE_MASK = 0x1fff,
	ATTRIBUTES_HIGH = 0xf000,
};

static u8 msrpm[MSRPM_SIZE] PAGE_ALIGNED;
static u8 iopm[IOPM_SIZE] PAGE_ALIGNED;

/* "Intercept Operation": interrupts and NMIs go straight to the guest. */
static const char *set_intercepts(struct vmcb *c, struct hv_options options)
{
	memset(msrpm, 0, sizeof(msrpm));
	memset(iopm, 0, sizeof(iopm));
	svm_set_intercept(SVM_INTERCEPT_MSR, true);
	svm_set_intercept(SVM_INTERCEPT_SHUTDOWN, true);
	svm_set_intercept(SVM_INTERCEPT_VMRUN, true);
	svm_set_intercept(SVM_INTERCEPT_VMMCALL, true);
	c->msrpm = (u64)msrpm;
	c->iopm = (u64)iopm;
	c->asid = GUEST_ASID;
	c->tlb_control = TLB_FLUSH_ALL;
	if (!options.nested_paging)
		return NULL;
	if (!(cpuid(SVM_LEAF, 0).edx & CPUID_8000000A_EDX_NPT))
		return "nested paging (CPUID 8000000A EDX bit 0)";
	c->nested_paging = NESTED_PAGING_ENABLE;
	c->nested_cr3 = svm_identity_npt();
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

/* "State Saved and Restored by VMRUN and #VMEXIT": what VMRUN itself loads. */
static void set_guest_state(struct vmcb *c, const struct machine_state *m)
{
	set_segment(&c->es, m->es, 0);
	set_segment(&c->cs, m->cs, 0);
	set_segment(&c->ss, m->ss, 0);
	set_segment(&c->ds, m->ds, 0);
	c->gdtr.base = m->gdtr.base;
	c->gdtr.limit = m->gdtr.limit;
	c->idtr.base = m->idtr.base;
	c->idtr.limit = m->idtr.limit;
	c->cpl = m->cs & SEL_RPL3;
	c->efer = rdmsr(MSR_EFER);
	c->cr0 = m->cr0;
	c->cr3 = m->cr3;
	c->cr4 = m->cr4;
	c->dr7 = m->dr7;
	c->dr6 = read_dr6();
	c->cr2 = read_cr2();
	c->g_pat = rdmsr(MSR_PAT);
}

/* "VMSAVE and VMLOAD Instructions": FS, GS, TR, LDTR and the system-call MSRs. */
static void set_vmload_state(struct vmcb *c)
{
	asm volatile("vmsave %0" ::"a"((u64)c) : "memory");
}

const char *svm_set_up(struct vcpu *v, struct hv_options options)
{
	struct vmcb *c = &svm_vmcb;
	struct machine_state m;
	const char *missing;

	memset(c, 0, sizeof(*c));
	machine_state_read(&m);
	missing = set_intercepts(c, options);
	if (missing)
		return missing;
	set_guest_state(c, &m);
	set_vmload_state(c);
	v->control_physical = (u64)c;
	return NULL;
}

/* "I/O Permissions Map" */
void svm_set_port_intercept(u16 port, bool on)
{
	iopm[port / 8] &= (u8) ~(1 << port % 8);
	if (on)
		iopm[port / 8] |= (u8)(1 << port % 8);
}

/* "MSR Intercepts": two bits an MSR, the lower one for reads; outside all ranges always. */
void svm_intercept_rdmsr(struct vcpu *v, u32 msr, bool on)
{
	static const u32 ranges[] = { 0x00000000, 0xc0000000, 0xc0010000 };

	(void)v;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		u32 bit = (msr & MSR_RANGE_MASK) * 2;
		u8 *byte = &msrpm[i * MSRPM_RANGE + bit / 8];

		if ((msr & ~(u32)MSR_RANGE_MASK) != ranges[i])
			continue;
		*byte &= (u8) ~(1 << bit % 8);
		if (on)
			*byte |= (u8)(1 << bit % 8);
	}
}
