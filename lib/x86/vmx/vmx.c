/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMX vendor of the shim. svm/svm.c has the same functions in the same order.
 */
#include "machine/nmi.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "vmx/vmx.h"

enum {
	CPUID_1_ECX_VMX = 1 << 5,
};

/* The vcpu of the one processor. */
static struct vmx_vcpu the_vcpu;

/* "Enabling and Entering VMX Operation" */
static const char *vmx_unavailable(void)
{
	u64 control = this_cpu.feature_control;

	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_VMX))
		return "no VMX (CPUID 1 ECX bit 5 is clear)";
	if (control & FEATURE_CONTROL_LOCK && !(control & FEATURE_CONTROL_VMXON))
		return "VMX is locked off (IA32_FEATURE_CONTROL bit 0 set, bit 2 clear)";
	return NULL;
}

static struct vcpu *vmx_vcpu(void)
{
	return &the_vcpu.vcpu;
}

/* Root needs nothing to be undone: interrupts wait for IF, and NMIs are not held back. */
static void vmx_pause(struct vcpu *v)
{
	(void)v;
}

static const u8 neutral_reasons[] = {
	[VMX_EXIT_EXTERNAL_INTERRUPT] = EXIT_INTR,
	[VMX_EXIT_TRIPLE_FAULT] = EXIT_TRIPLE_FAULT,
	[VMX_EXIT_INIT] = EXIT_INIT,
	[VMX_EXIT_INTERRUPT_WINDOW] = EXIT_INTR_WINDOW,
	[VMX_EXIT_NMI_WINDOW] = EXIT_NMI_WINDOW,
	[VMX_EXIT_TASK_SWITCH] = EXIT_TASK_SWITCH,
	[VMX_EXIT_CPUID] = EXIT_CPUID,
	[VMX_EXIT_HLT] = EXIT_HLT,
	[VMX_EXIT_INVLPG] = EXIT_INVLPG,
	[VMX_EXIT_RDTSC] = EXIT_RDTSC,
	[VMX_EXIT_VMCALL] = EXIT_HYPERCALL,
	[VMX_EXIT_CR_ACCESS] = EXIT_CR_ACCESS,
	[VMX_EXIT_DR_ACCESS] = EXIT_DR_ACCESS,
	[VMX_EXIT_IO] = EXIT_IO,
	[VMX_EXIT_RDMSR] = EXIT_RDMSR,
	[VMX_EXIT_WRMSR] = EXIT_WRMSR,
	[VMX_EXIT_MTF] = EXIT_MTF,
	[VMX_EXIT_TPR_BELOW_THRESHOLD] = EXIT_TPR_THRESHOLD,
	[VMX_EXIT_VIRTUALIZED_EOI] = EXIT_VIRTUALIZED_EOI,
	[VMX_EXIT_EPT_VIOLATION] = EXIT_NESTED_PAGE_FAULT,
	[VMX_EXIT_PREEMPTION_TIMER] = EXIT_PREEMPTION_TIMER,
	[VMX_EXIT_APIC_WRITE] = EXIT_APIC_WRITE,
};

/* A VM exit due to an NMI blocks further NMIs in root until an IRET. */
static enum exit_reason exception_or_nmi(const struct vmx_vcpu *x)
{
	if (EVENT_TYPE(vmread(EXIT_INTERRUPTION_INFO)) != EVENT_NMI)
		return EXIT_EXCEPTION;
	if (!x->nmis_stay_blocked)
		nmi_unblock();
	return EXIT_NMI;
}

/* The reasons that neutral_reasons does not have. */
static enum exit_reason unusual_reason(const struct vmx_vcpu *x, u64 raw)
{
	if (raw == VMX_EXIT_EXCEPTION_NMI)
		return exception_or_nmi(x);
	return raw & VMX_EXIT_ENTRY_FAILURE ? EXIT_ENTRY_FAILED : EXIT_OTHER;
}

static u64 delivery_with_error(u64 vectoring)
{
	vectoring &= ~VMX_VECTORING_UNDEFINED;
	return vectoring & EVENT_HAS_ERROR ? vectoring | vmread(IDT_VECTORING_ERROR) << 32
					   : vectoring;
}

/* What the log needs of an exit, read from the VMCS. */
static void decode(const struct vmx_vcpu *x, struct guest_exit *exit)
{
	enum exit_reason reason = EXIT_NONE;

	vmread_to(&exit->raw, EXIT_REASON);
	vmread_to(&exit->rip, GUEST_RIP);
	vmread_to(&exit->rsp, GUEST_RSP);
	vmread_to(&exit->state, GUEST_INTERRUPTIBILITY);
	vmread_to(&exit->event, IDT_VECTORING_INFO);
	exit->event = exit->event & EVENT_VALID ? delivery_with_error(exit->event) : 0;
	if (exit->raw < ARRAY_SIZE(neutral_reasons))
		reason = neutral_reasons[exit->raw];
	exit->reason = reason ? reason : unusual_reason(x, exit->raw);
}

static const char *vmx_enter_guest(struct vcpu *v)
{
	int code;

	if (v->event) { /* an exit has cleared the valid bit of the last one */
		vmwrite_unnoted(ENTRY_INTERRUPTION_INFO, (u32)v->event);
		vmwrite_unnoted(ENTRY_ERROR_CODE, EVENT_ERROR(v->event));
	}
	code = vmx_enter(v);
	if (code)
		return vmx_entry_refused(code);
	decode(to_vmx(v), &v->exit);
	/* "VM-Entry Failures During or After Loading Guest State" leave the launch state clear. */
	if (v->exit.reason != EXIT_ENTRY_FAILED)
		v->opener = vmx_by_resume;
	return NULL;
}

static struct exit_details vmx_details(struct vcpu *v)
{
	u64 interruption = vmcs_read(v, EXIT_INTERRUPTION_INFO);

	return (struct exit_details){
		.qualification = vmread(EXIT_QUALIFICATION),
		.qualification2 = vmread(GUEST_PHYSICAL_ADDRESS),
		.interruption = interruption & EVENT_VALID ? interruption : 0,
		.length = (u32)vmread(EXIT_INSTRUCTION_LENGTH),
	};
}

static u32 vmx_instruction_length(struct vcpu *v)
{
	(void)v;
	return (u32)vmread(EXIT_INSTRUCTION_LENGTH);
}

static void vmx_set_event_length(struct vcpu *v, u32 length)
{
	vmcs_write(v, ENTRY_INSTRUCTION_LENGTH, length);
}

static const u16 fields[VCPU_FIELD_COUNT] = {
	[VCPU_RIP] = GUEST_RIP,
	[VCPU_RSP] = GUEST_RSP,
	[VCPU_RFLAGS] = GUEST_RFLAGS,
	[VCPU_DR7] = GUEST_DR7,
};

static u64 vmx_get(struct vcpu *v, enum vcpu_field field)
{
	(void)v;
	return vmread(fields[field]);
}

static void vmx_set(struct vcpu *v, enum vcpu_field field, u64 value)
{
	(void)v;
	vmwrite_unnoted(fields[field], value);
}

/* "Guest Non-Register State": the neutral bits are VMX's own. */
static u64 vmx_state(struct vcpu *v)
{
	return vmcs_read(v, GUEST_INTERRUPTIBILITY);
}

static void vmx_set_state(struct vcpu *v, u64 state)
{
	vmcs_write(v, GUEST_INTERRUPTIBILITY, state);
}

/* VMX does not switch CR2: the guest sees what root has left there. */
static void vmx_set_cr2(struct vcpu *v, u64 address)
{
	vmx_current(v);
	write_cr2(address);
}

static void vmx_intercept(struct vcpu *v, enum intercept what, bool on)
{
	static const struct {
		enum vmcs_field field;
		u32 bit;
	} controls[INTERCEPT_COUNT] = {
		[INTERCEPT_INTR] = { PIN_BASED_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING },
		[INTERCEPT_NMI] = { PIN_BASED_CONTROLS, PIN_NMI_EXITING },
		[INTERCEPT_HLT] = { PRIMARY_CONTROLS, PRIMARY_HLT_EXITING },
	};

	vmx_set_bits(v, controls[what].field, controls[what].bit, on);
}

static void vmx_intercept_exceptions(struct vcpu *v, u32 vectors)
{
	vmcs_write(v, EXCEPTION_BITMAP, vectors);
}

static void vmx_take_interrupt(void)
{
	asm volatile("sti; nop; nop; cli" ::: "memory");
}

const struct hv_vendor vmx_vendor = {
	.name = "VMX",
	.unavailable = vmx_unavailable,
	.vcpu = vmx_vcpu,
	.on = vmx_on,
	.pause = vmx_pause,
	.off = vmx_off,
	.set_up = vmx_set_up,
	.enter = vmx_enter_guest,
	.suspect = vmx_suspect_guest_state,
	.details = vmx_details,
	.instruction_length = vmx_instruction_length,
	.inject = vcpu_queue,
	.set_event_length = vmx_set_event_length,
	.get = vmx_get,
	.set = vmx_set,
	.state = vmx_state,
	.set_state = vmx_set_state,
	.set_cr2 = vmx_set_cr2,
	.intercept = vmx_intercept,
	.intercept_rdmsr = vmx_intercept_rdmsr,
	.intercept_exceptions = vmx_intercept_exceptions,
	.map_page = vmx_map_page,
	.note = vmx_note,
	.take_interrupt = vmx_take_interrupt,
	.hypercall = { 0x0f, 0x01, 0xc1, 0x0f, 0x0b }, /* VMCALL; UD2 */
};
