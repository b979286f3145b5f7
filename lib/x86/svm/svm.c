/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SVM vendor of the shim. vmx/vmx.c has the same functions in the same order.
 */
#include "machine/percpu.h"
#include "machine/processor.h"
#include "report/panic.h"
#include "stage/case.h"
#include "svm/svm.h"

/* The one processor and its vcpu: a second processor would need its own of both. */
static struct svm_cpu the_cpu;
static struct svm_vcpu the_vcpu;

/* "Enabling SVM" */
static const char *svm_unavailable(void)
{
	if (cpuid(0x80000000, 0).eax < SVM_LEAF)
		return "no SVM (CPUID 80000000 EAX is below 8000000A)";
	if (!(cpuid(0x80000001, 0).ecx & CPUID_80000001_ECX_SVM))
		return "no SVM (CPUID 80000001H ECX bit 2 is clear)";
	if (this_cpu.vm_cr & VM_CR_SVMDIS)
		return "SVM is switched off (VM_CR.SVMDIS is set)";
	return NULL;
}

static void clgi(void)
{
	asm volatile("clgi" ::: "memory");
}

static void stgi(void)
{
	asm volatile("stgi" ::: "memory");
}

static struct vcpu *svm_vcpu(void)
{
	return &the_vcpu.vcpu;
}

struct svm_vcpu *svm_current(struct vcpu *v)
{
	ASSERT(this_cpu.vcpu == v);
	return to_svm(v);
}

static const char *svm_on(struct vcpu *v)
{
	(void)v;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, (u64)the_cpu.host_save_area);
	asm volatile("vmsave %0" ::"a"((u64)&the_cpu.vmsave_state) : "memory");
	clgi();
	return NULL;
}

/* A pending interrupt stays pending: IF is 0. A pending NMI is delivered at STGI, and logged. */
static void svm_pause(struct vcpu *v)
{
	(void)v;
	asm volatile("vmload %0" ::"a"((u64)&the_cpu.vmsave_state) : "memory");
	stgi();
}

static void svm_off(struct vcpu *v)
{
	(void)v;
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(u64)EFER_SVME);
}

static const char *svm_set_up_guest(struct vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);

	v->root_rflags = RFLAGS_FIXED;
	v->opener = svm_opener;
	v->control = (u64)&s->vmcb;
	the_scene()->layout.root[ROOT_VMRUN] =
		(struct root_code){ "VMRUN", (u64)svm_vmrun, (u64)svm_returned,
				    (u64)svm_gif_window };
	the_scene()->layout.root[ROOT_STGI] =
		(struct root_code){ "GIF window", (u64)svm_gif_window, (u64)svm_gif_opened,
				    (u64)svm_gif_closed };
	return svm_set_up(s);
}

static const u8 neutral_reasons[] = {
	[SVM_EXIT_CR_FIRST... SVM_EXIT_CR_LAST] = EXIT_CR_ACCESS,
	[SVM_EXIT_DR_FIRST... SVM_EXIT_DR_LAST] = EXIT_DR_ACCESS,
	[SVM_EXIT_EXCEPTION_FIRST... SVM_EXIT_EXCEPTION_LAST] = EXIT_EXCEPTION,
	[SVM_EXIT_INTR] = EXIT_INTR,
	[SVM_EXIT_NMI] = EXIT_NMI,
	[SVM_EXIT_VINTR] = EXIT_VINTR,
	[SVM_EXIT_INIT] = EXIT_INIT,
	[SVM_EXIT_RDTSC] = EXIT_RDTSC,
	[SVM_EXIT_RDPMC] = EXIT_RDPMC,
	[SVM_EXIT_PUSHF] = EXIT_PUSHF,
	[SVM_EXIT_POPF] = EXIT_POPF,
	[SVM_EXIT_CPUID] = EXIT_CPUID,
	[SVM_EXIT_RSM] = EXIT_RSM,
	[SVM_EXIT_IRET] = EXIT_IRET,
	[SVM_EXIT_INTN] = EXIT_SOFTWARE_INT,
	[SVM_EXIT_HLT] = EXIT_HLT,
	[SVM_EXIT_INVLPG] = EXIT_INVLPG,
	[SVM_EXIT_IO] = EXIT_IO,
	[SVM_EXIT_MSR] = EXIT_RDMSR,
	[SVM_EXIT_SHUTDOWN] = EXIT_TRIPLE_FAULT,
	[SVM_EXIT_VMMCALL] = EXIT_HYPERCALL,
	[SVM_EXIT_STGI] = EXIT_STGI,
	[SVM_EXIT_CLGI] = EXIT_CLGI,
	[SVM_EXIT_ICEBP] = EXIT_ICEBP,
	[SVM_EXIT_WBINVD] = EXIT_WBINVD,
	[SVM_EXIT_MONITOR] = EXIT_MONITOR,
	[SVM_EXIT_XSETBV] = EXIT_XSETBV,
};

/* The reasons that neutral_reasons does not have. */
static enum exit_reason unusual_reason(const struct vmcb *c)
{
	if ((s32)c->exit_code == (s32)SVM_EXIT_INVALID) /* some emulators write its low half only */
		return EXIT_ENTRY_FAILED;
	return c->exit_code == SVM_EXIT_NPF ? EXIT_NESTED_PAGE_FAULT : EXIT_OTHER;
}

static enum exit_reason neutral_reason(const struct vmcb *c)
{
	enum exit_reason reason = EXIT_NONE;

	if (c->exit_code < ARRAY_SIZE(neutral_reasons))
		reason = neutral_reasons[c->exit_code];
	if (!reason)
		return unusual_reason(c);
	return reason == EXIT_RDMSR && c->exit_info1 ? EXIT_WRMSR : reason;
}

#define SVM_EXITINTINFO_RESERVED 0x7ffff000 /* bits 30:12 of EXITINTINFO */

static u64 interrupted_delivery(u64 info)
{
	info &= ~(u64)SVM_EXITINTINFO_RESERVED;
	if (EVENT_TYPE(info) == EVENT_NMI) /* the manual promises no vector of this type */
		info = info - EVENT_VECTOR(info) + NMI_VECTOR;
	return info & EVENT_HAS_ERROR ? info : (u32)info; /* else bits 63:32 are undefined */
}

static u64 shadow(const struct vmcb *c)
{
	return c->interrupt_shadow & SHADOW_ACTIVE ? STATE_SHADOW : 0;
}

/* What the log needs of an exit, read from the VMCB. */
static void decode(const struct vmcb *c, struct guest_exit *exit)
{
	u64 info = c->exit_int_info;

	exit->raw = c->exit_code;
	exit->reason = neutral_reason(c);
	exit->rip = c->rip;
	exit->rsp = c->rsp;
	exit->state = shadow(c);
	exit->event = info & EVENT_VALID ? interrupted_delivery(info) : 0;
}

/* The TLB was flushed when the guest began, and is when a page is mapped (npt.c). */
static const char *svm_enter_guest(struct vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);
	struct vmcb *c = &s->vmcb;

	c->rax = v->gprs.rax;
	c->event_injection = v->event;
	s->event_at_entry = v->event;
	svm_enter(v);
	cli();
	v->gprs.rax = c->rax;
	c->tlb_control = TLB_FLUSH_NOTHING;
	decode(c, &v->exit);
	return NULL;
}

static u32 svm_instruction_length(struct vcpu *v)
{
	const struct vmcb *c = &to_svm(v)->vmcb;

	return c->next_rip ? (u32)(c->next_rip - c->rip) : 0;
}

static struct exit_details svm_details(struct vcpu *v)
{
	const struct vmcb *c = &to_svm(v)->vmcb;

	return (struct exit_details){
		.qualification = c->exit_info1,
		.qualification2 = c->exit_info2,
		.length = svm_instruction_length(v),
	};
}

/*
 * "Event Injection": a software interrupt saves the guest's RIP as it is, so the shim moves RIP past
 * the instruction. Without the NextRIP field it could not be injected properly.
 */
static void svm_set_event_length(struct vcpu *v, u32 length)
{
	struct vmcb *c = &to_svm(v)->vmcb;

	ASSERT(cpuid(SVM_LEAF, 0).edx & CPUID_8000000A_EDX_NRIPS);
	c->next_rip = c->rip + length;
	c->rip += length;
}

static u64 *field_of(struct vmcb *c, enum vcpu_field field)
{
	switch (field) {
	case VCPU_RIP:
		return &c->rip;
	case VCPU_RSP:
		return &c->rsp;
	case VCPU_RFLAGS:
		return &c->rflags;
	default:
		return &c->dr7;
	}
}

static u64 svm_get(struct vcpu *v, enum vcpu_field field)
{
	return *field_of(&to_svm(v)->vmcb, field);
}

static void svm_set(struct vcpu *v, enum vcpu_field field, u64 value)
{
	*field_of(&to_svm(v)->vmcb, field) = value;
}

static u64 svm_state(struct vcpu *v)
{
	return shadow(&to_svm(v)->vmcb);
}

static void svm_set_state(struct vcpu *v, u64 state)
{
	u64 blocked = state & (STATE_SHADOW | STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS);

	to_svm(v)->vmcb.interrupt_shadow = blocked ? SHADOW_ACTIVE : 0;
}

static void svm_set_cr2(struct vcpu *v, u64 address)
{
	to_svm(v)->vmcb.cr2 = address;
}

static void svm_choose_intercept(struct vcpu *v, enum intercept what, bool on)
{
	static const u8 bits[INTERCEPT_COUNT] = {
		[INTERCEPT_INTR] = SVM_INTERCEPT_INTR,
		[INTERCEPT_NMI] = SVM_INTERCEPT_NMI,
		[INTERCEPT_HLT] = SVM_INTERCEPT_HLT,
	};

	svm_set_intercept(&to_svm(v)->vmcb, bits[what], on);
}

static void svm_intercept_exceptions(struct vcpu *v, u32 vectors)
{
	to_svm(v)->vmcb.intercept_exceptions = vectors;
}

/* GIF is 0 in root: the interrupt comes when both GIF and IF are 1. */
static void svm_take_interrupt(void)
{
	asm volatile("stgi; sti; nop; nop; cli; clgi" ::: "memory");
}

const struct hv_vendor svm_vendor = {
	.name = "SVM",
	.unavailable = svm_unavailable,
	.vcpu = svm_vcpu,
	.on = svm_on,
	.pause = svm_pause,
	.off = svm_off,
	.set_up = svm_set_up_guest,
	.enter = svm_enter_guest,
	.suspect = svm_suspect_field,
	.details = svm_details,
	.instruction_length = svm_instruction_length,
	.inject = vcpu_queue,
	.set_event_length = svm_set_event_length,
	.get = svm_get,
	.set = svm_set,
	.state = svm_state,
	.set_state = svm_set_state,
	.set_cr2 = svm_set_cr2,
	.intercept = svm_choose_intercept,
	.intercept_rdmsr = svm_intercept_rdmsr,
	.intercept_exceptions = svm_intercept_exceptions,
	.map_page = svm_map_page,
	.note = svm_note,
	.take_interrupt = svm_take_interrupt,
	.hypercall = { 0x0f, 0x01, 0xd9, 0x0f, 0x0b }, /* VMMCALL; UD2 */
};
