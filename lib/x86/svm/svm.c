/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SVM vendor of the shim. Read beside vmx/vmx.c: function for function the same.
 */
#include "machine/percpu.h"
#include "machine/processor.h"
#include "report/panic.h"
#include "stage/case.h"
#include "svm/svm.h"

struct vmcb svm_vmcb PAGE_ALIGNED;
static struct vmcb host_vmcb PAGE_ALIGNED; /* for VMSAVE and VMLOAD only */
static u8 host_save_area[PAGE_SIZE] PAGE_ALIGNED;
static u64 efer_before;
static u64 last_event; /* #VMEXIT clears EVENTINJ */

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

static const char *svm_on(void)
{
	efer_before = rdmsr(MSR_EFER);
	wrmsr(MSR_EFER, efer_before | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, (u64)host_save_area);
	clgi();
	return NULL;
}

/* Whatever is still pending is held: IF is 0. An NMI is delivered at STGI, and logged. */
static void svm_off(void)
{
	stgi();
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, efer_before);
}

static const char *svm_set_up_guest(struct vcpu *v, struct hv_options options)
{
	v->host_physical = (u64)&host_vmcb;
	v->host_rflags = RFLAGS_FIXED;
	v->host_opener = (u64)svm_opener;
	the_scene()->layout.root[ROOT_VMRUN] =
		(struct root_code){ "VMRUN", (u64)svm_vmrun, (u64)svm_returned,
				    (u64)svm_gif_window };
	the_scene()->layout.root[ROOT_STGI] =
		(struct root_code){ "GIF window", (u64)svm_gif_window, (u64)svm_gif_opened,
				    (u64)svm_gif_closed };
	return svm_set_up(v, options);
}

static const char *svm_enter_guest(struct vcpu *v)
{
	svm_vmcb.rax = v->gprs.rax;
	svm_vmcb.event_injection = v->event;
	last_event = v->event;
	svm_enter(v);
	cli();
	v->gprs.rax = svm_vmcb.rax;
	return NULL;
}

static const u8 neutral_reasons[] = {
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

static const char *svm_suspect(void)
{
	return svm_suspect_field(last_event);
}

static enum exit_reason neutral_reason(u64 raw)
{
	if ((s32)raw == (s32)SVM_EXIT_INVALID) /* some emulators write its low half only */
		return EXIT_ENTRY_FAILED;
	if (raw == SVM_EXIT_NPF)
		return EXIT_NESTED_PAGE_FAULT;
	if (raw == SVM_EXIT_MSR && svm_vmcb.exit_info1)
		return EXIT_WRMSR;
	if (raw >= ARRAY_SIZE(neutral_reasons) || !neutral_reasons[raw])
		return EXIT_OTHER;
	return neutral_reasons[raw];
}

#define SVM_EXITINTINFO_RESERVED 0x7ffff000 /* bits 30:12 of EXITINTINFO */

static u64 interrupted_delivery(void)
{
	u64 info = svm_vmcb.exit_int_info & ~(u64)SVM_EXITINTINFO_RESERVED;

	if (!(info & EVENT_VALID))
		return 0;
	return info & EVENT_HAS_ERROR ? info : (u32)info; /* else bits 63:32 are undefined */
}

static u64 svm_state(struct vcpu *v)
{
	(void)v;
	return svm_vmcb.interrupt_shadow & SHADOW_ACTIVE ? STATE_SHADOW : 0;
}

static void svm_decode(struct vcpu *v, struct guest_exit *exit)
{
	const struct vmcb *c = &svm_vmcb;

	exit->raw = c->exit_code;
	exit->reason = neutral_reason(exit->raw);
	exit->rip = c->rip;
	exit->rsp = c->rsp;
	exit->state = svm_state(v);
	exit->event = interrupted_delivery();
}

static struct exit_details svm_details(struct vcpu *v)
{
	const struct vmcb *c = &svm_vmcb;

	(void)v;
	return (struct exit_details){
		.qualification = c->exit_info1,
		.qualification2 = c->exit_info2,
		.length = c->next_rip ? (u32)(c->next_rip - c->rip) : 0,
	};
}

static u64 *field_of(enum vcpu_field field)
{
	switch (field) {
	case VCPU_RIP:
		return &svm_vmcb.rip;
	case VCPU_RSP:
		return &svm_vmcb.rsp;
	case VCPU_RFLAGS:
		return &svm_vmcb.rflags;
	default:
		return &svm_vmcb.dr7;
	}
}

static u64 svm_get(struct vcpu *v, enum vcpu_field field)
{
	(void)v;
	return *field_of(field);
}

static void svm_set(struct vcpu *v, enum vcpu_field field, u64 value)
{
	(void)v;
	*field_of(field) = value;
}

/*
 * "Event Injection" of type 4: the guest's RIP is saved as it is, so the shim moves it. Without the
 * next sequential instruction pointer software interrupts cannot be properly injected.
 */
static void svm_set_event_length(struct vcpu *v, u32 length)
{
	ASSERT(cpuid(SVM_LEAF, 0).edx & CPUID_8000000A_EDX_NRIPS);
	(void)v;
	svm_vmcb.next_rip = svm_vmcb.rip + length;
	svm_vmcb.rip += length;
}

static void svm_set_state(struct vcpu *v, u64 state)
{
	u64 shadow = state & (STATE_SHADOW | STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS);

	(void)v;
	svm_vmcb.interrupt_shadow = shadow ? SHADOW_ACTIVE : 0;
}

static void svm_set_cr2(struct vcpu *v, u64 address)
{
	(void)v;
	svm_vmcb.cr2 = address;
}

void svm_set_intercept(enum svm_intercept what, bool on)
{
	u32 *word = &svm_vmcb.intercepts[what / 32];

	*word &= ~(1u << what % 32);
	if (on)
		*word |= 1u << what % 32;
}

static void svm_choose_intercept(struct vcpu *v, enum intercept what, bool on)
{
	static const u8 bits[INTERCEPT_COUNT] = {
		[INTERCEPT_INTR] = SVM_INTERCEPT_INTR,
		[INTERCEPT_NMI] = SVM_INTERCEPT_NMI,
		[INTERCEPT_HLT] = SVM_INTERCEPT_HLT,
	};

	(void)v;
	svm_set_intercept(bits[what], on);
}

static void svm_intercept_exceptions(struct vcpu *v, u32 vectors)
{
	(void)v;
	svm_vmcb.intercept_exceptions = vectors;
}

const struct hv_vendor svm_vendor = {
	.name = "SVM",
	.unavailable = svm_unavailable,
	.on = svm_on,
	.off = svm_off,
	.set_up = svm_set_up_guest,
	.enter = svm_enter_guest,
	.suspect = svm_suspect,
	.decode = svm_decode,
	.details = svm_details,
	.get = svm_get,
	.set = svm_set,
	.set_event_length = svm_set_event_length,
	.state = svm_state,
	.set_state = svm_set_state,
	.set_cr2 = svm_set_cr2,
	.intercept = svm_choose_intercept,
	.intercept_rdmsr = svm_intercept_rdmsr,
	.intercept_exceptions = svm_intercept_exceptions,
	.map_page = svm_map_page,
	.hypercall = { 0x0f, 0x01, 0xd9 }, /* VMMCALL */
};
