/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCB as the model of guests knows it. vmx/note.c has the same of a VMCS.
 */
#include "machine/processor.h"
#include "svm/svm.h"

enum { MSRPM_BYTES = 2048, MSR_INDEX = 0x1fff };

/* Intercepts of events that the model knows. */
static const struct {
	u8 intercept;
	u32 control;
} events[] = {
	{ SVM_INTERCEPT_INTR, CONTROL_INTR_EXITS },
	{ SVM_INTERCEPT_NMI, CONTROL_NMI_EXITS },
	{ SVM_INTERCEPT_VINTR, CONTROL_VINTR_EXITS },
};

/* And of instructions. RDMSR and IN have maps, too; the others of EXIT_NONE every guest has. */
static const struct {
	u8 intercept, reason;
} intercepted[] = {
	{ SVM_INTERCEPT_RDTSC, EXIT_RDTSC },   { SVM_INTERCEPT_RDPMC, EXIT_RDPMC },
	{ SVM_INTERCEPT_PUSHF, EXIT_PUSHF },   { SVM_INTERCEPT_POPF, EXIT_POPF },
	{ SVM_INTERCEPT_CPUID, EXIT_CPUID },   { SVM_INTERCEPT_RSM, EXIT_RSM },
	{ SVM_INTERCEPT_IRET, EXIT_IRET },     { SVM_INTERCEPT_INTN, EXIT_SOFTWARE_INT },
	{ SVM_INTERCEPT_HLT, EXIT_HLT },       { SVM_INTERCEPT_INVLPG, EXIT_INVLPG },
	{ SVM_INTERCEPT_IO, EXIT_NONE },       { SVM_INTERCEPT_MSR, EXIT_NONE },
	{ SVM_INTERCEPT_SHUTDOWN, EXIT_NONE }, { SVM_INTERCEPT_VMRUN, EXIT_NONE },
	{ SVM_INTERCEPT_VMMCALL, EXIT_NONE },  { SVM_INTERCEPT_STGI, EXIT_STGI },
	{ SVM_INTERCEPT_CLGI, EXIT_CLGI },     { SVM_INTERCEPT_ICEBP, EXIT_ICEBP },
	{ SVM_INTERCEPT_WBINVD, EXIT_WBINVD }, { SVM_INTERCEPT_MONITOR, EXIT_MONITOR },
	{ SVM_INTERCEPT_XSETBV, EXIT_XSETBV },
};

static bool is_intercepted(const struct vmcb *c, u8 intercept)
{
	return c->intercepts[intercept / 32] >> intercept % 32 & 1;
}

static bool exits_on_rdmsr(const struct svm_vcpu *s, u32 msr)
{
	static const u32 ranges[] = { 0x00000000, 0xc0000000, 0xc0010000 };

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		u32 bit = (msr & MSR_INDEX) * 2;

		if ((msr & ~(u32)MSR_INDEX) == ranges[i])
			return s->msrpm[i * MSRPM_BYTES + bit / 8] >> bit % 8 & 1;
	}
	return true;
}

static const char *unknown_controls(const struct svm_vcpu *s)
{
	u32 rest[ARRAY_SIZE(s->vmcb.intercepts)];
	u64 virtual = s->vmcb.virtual_interrupt;

	for (size_t i = 0; i < ARRAY_SIZE(rest); i++)
		rest[i] = s->vmcb.intercepts[i];
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		rest[events[i].intercept / 32] &= ~(1u << events[i].intercept % 32);
	for (size_t i = 0; i < ARRAY_SIZE(intercepted); i++)
		rest[intercepted[i].intercept / 32] &= ~(1u << intercepted[i].intercept % 32);
	if (rest[0] | rest[1] | rest[2])
		return "an instruction exits that exits in no situation of the model";
	if (virtual & V_GIF_ENABLE)
		return "a virtual GIF is not in the model's world";
	if (virtual & V_NMI_ENABLE)
		return "NMI virtualization is not in the model's world";
	if (s->vcpu.root_rflags & RFLAGS_TF)
		return "root is stepped";
	return s->vcpu.opener == svm_opener_sti ? "root enters in a shadow of its own" : NULL;
}

static u32 controls_of(const struct svm_vcpu *s)
{
	const struct vmcb *c = &s->vmcb;
	u32 controls = 0;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (is_intercepted(c, events[i].intercept))
			controls |= events[i].control;
	if (c->virtual_interrupt & V_INTR_MASKING)
		controls |= CONTROL_V_INTR_MASKING;
	if (c->virtual_interrupt & V_IRQ && c->virtual_interrupt & V_IGN_TPR)
		controls |= CONTROL_V_IGN_TPR;
	if (s->vcpu.root_rflags & RFLAGS_IF)
		controls |= CONTROL_HOST_IF;
	return controls;
}

/* "Instruction Intercepts", "IOIO Intercepts", "MSR Intercepts" */
static u64 exits_of(const struct svm_vcpu *s)
{
	enum { FREE_PORT = 0x80 };
	const struct vmcb *c = &s->vmcb;
	u64 exits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(intercepted); i++)
		if (is_intercepted(c, intercepted[i].intercept))
			exits |= BIT(intercepted[i].reason);
	if (exits_on_rdmsr(s, (u32)s->vcpu.gprs.rcx))
		exits |= BIT(EXIT_RDMSR);
	if (is_intercepted(c, SVM_INTERCEPT_IO) && s->iopm[FREE_PORT / 8] >> FREE_PORT % 8 & 1)
		exits |= BIT(EXIT_IO);
	return exits & ~BIT(EXIT_NONE);
}

const char *svm_note(struct vcpu *v, struct guest_note *note)
{
	const struct svm_vcpu *s = to_svm(v);
	const struct vmcb *c = &s->vmcb;

	note->entry.controls = controls_of(s);
	note->entry.blocking = c->interrupt_shadow & SHADOW_ACTIVE ? STATE_SHADOW : 0;
	note->entry.exceptions = c->intercept_exceptions;
	if (c->virtual_interrupt & V_IRQ)
		note->entry.request = (struct virtual_request){
			.vector = (u8)(c->virtual_interrupt >> V_INTR_VECTOR_SHIFT),
			.priority = c->virtual_interrupt >> V_INTR_PRIO_SHIFT & 15,
			.tpr = c->virtual_interrupt & V_TPR_MASK,
		};
	note->entry.exits = exits_of(s);
	note->entry.cr2 = c->cr2;
	note->rip = c->rip;
	note->rflags = c->rflags;
	return unknown_controls(s);
}
