/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the laws need of VMX: the Intel SDM, volume 3C. Controls are written without a note, because
 * all guests of a boot want the same, and whatever one has changed the next sets again.
 */
#include "vmx/vmx.h"
#include "guest.h"
#include "machine/nmi.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "stage/case.h"
#include "vmx/controls.h"

enum { NMI_POLLS = 1 << 10 };

static void set_bits(enum vmcs_field field, u32 bits, bool on)
{
	u64 value = vmread(field) & ~(u64)bits;

	vmwrite_unnoted(field, value | (on ? bits : 0));
}

/* "MSR-Bitmap Address": 1 KiB each for reads of low and of high MSRs, then for writes. */
static void exit_on_msrs(struct vcpu *v, bool write, bool on)
{
	enum { HIGH = 1024, WRITES = 2048, RANGE_MASK = 0x1fff };
	const u32 msrs[] = { this_cpu.missing_msr, MSR_KERNEL_GS, MSR_LSTAR };

	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		u32 bit = msrs[i] & RANGE_MASK;
		u8 *byte = to_vmx(v)->msr_bitmap + (write ? WRITES : 0) + bit / 8;

		if ((msrs[i] & ~(u32)RANGE_MASK) == 0xc0000000)
			byte += HIGH;
		else if (msrs[i] & ~(u32)RANGE_MASK)
			continue; /* always exits */
		*byte &= (u8) ~(1 << bit % 8);
		if (on)
			*byte |= (u8)(1 << bit % 8);
	}
}

static const struct {
	u16 field;
	u32 bits;
} controls[EXIT_REASON_COUNT] = {
	[EXIT_INTR] = { PIN_BASED_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING },
	[EXIT_NMI] = { PIN_BASED_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS },
	[EXIT_INTR_WINDOW] = { PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW },
	[EXIT_NMI_WINDOW] = { PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW },
	[EXIT_HLT] = { PRIMARY_CONTROLS, PRIMARY_HLT_EXITING },
	[EXIT_INVLPG] = { PRIMARY_CONTROLS, PRIMARY_INVLPG_EXITING },
	[EXIT_RDTSC] = { PRIMARY_CONTROLS, PRIMARY_RDTSC_EXITING },
	[EXIT_CR_ACCESS] = { PRIMARY_CONTROLS,
			     PRIMARY_CR3_LOAD_EXITING | PRIMARY_CR8_LOAD_EXITING },
	[EXIT_DR_ACCESS] = { PRIMARY_CONTROLS, PRIMARY_MOV_DR_EXITING },
	[EXIT_IO] = { PRIMARY_CONTROLS, PRIMARY_UNCONDITIONAL_IO },
	[EXIT_MTF] = { PRIMARY_CONTROLS, PRIMARY_MTF },
};

static bool exit_on(struct vcpu *v, enum exit_reason reason, bool on)
{
	static u64 known, offered; /* a bit for each reason */

	if (reason == EXIT_CPUID)
		return on;
	if (reason == EXIT_RDMSR || reason == EXIT_WRMSR) {
		exit_on_msrs(v, reason == EXIT_WRMSR, on);
		return true;
	}
	if (!controls[reason].bits)
		return false;
	if (!(known >> reason & 1) && vmx_allows(controls[reason].field, controls[reason].bits))
		offered |= BIT(reason);
	known |= BIT(reason);
	if (offered >> reason & 1)
		set_bits(controls[reason].field, controls[reason].bits, on);
	return offered >> reason & 1;
}

/* "Guest Register State": the guest begins with an IRET to where it would have begun. */
static void begin_with_iret(struct vcpu *v)
{
	enum { FRAME_WORDS = 5 };
	const struct scene *scene = the_scene();
	u64 *frame = (u64 *)scene->rsp - FRAME_WORDS;

	frame[0] = scene->layout.addresses[0];
	frame[1] = scene->in_cs;
	frame[2] = scene->in_rflags;
	frame[3] = scene->rsp;
	frame[4] = scene->in_ss;
	vmx_set_guest_code(SEL_CODE64, SEL_DATA);
	vcpu_set(v, VCPU_RIP, (u64)nmi_dismiss);
	vcpu_set(v, VCPU_RSP, (u64)frame);
	vcpu_set(v, VCPU_RFLAGS, RFLAGS_FIXED);
}

/*
 * An NMI that exits would come now, to root, which keeps it for the guest. The guest's own IRET
 * unblocks NMIs: whether VM entry does, too, is what x86/injection and x86/entry try.
 */
static void pass_nmi(struct vcpu *v, const struct law *law, bool pending, bool blocked)
{
	bool exits = law->exits & BIT(EXIT_NMI);

	if (exits && pending) {
		nmi_take_pending(nmi_unblock, NMI_POLLS);
		nmi_unblock(); /* the next one exits at once: the guest's blocking is its own */
		exit_on(v, EXIT_NMI_WINDOW, true);
	}
	if (!exits && !pending)
		return;
	vcpu_set_state(v, STATE_BLOCKED_BY_NMI);
	if (!blocked)
		begin_with_iret(v);
}

static const char *obstacle(struct vcpu *v, const struct law *law)
{
	(void)v;
	(void)law;
	return NULL;
}

static void add_to_dr6(u64 causes)
{
	write_dr6(read_dr6() | (causes & (DR6_B0_TO_B3 | DR6_BD | DR6_BS)));
}

/*
 * "Information for VM Exits Due to Vectored Events": the exit has the event as an entry takes it.
 * What the qualification has of CR2 and DR6 is not in the registers yet: "Exit Qualification for
 * Debug Exceptions".
 */
static u64 exception_of_exit(struct vcpu *v)
{
	const u64 kept = EVENT_VALID | EVENT_HAS_ERROR | 0x7ff;
	u64 info = vmread(EXIT_INTERRUPTION_INFO), event = info & kept;
	u64 qualification = vmread(EXIT_QUALIFICATION);

	if (EVENT_VECTOR(info) == PF_VECTOR)
		write_cr2(qualification);
	if (EVENT_VECTOR(info) == DB_VECTOR) {
		vcpu_set(v, VCPU_DR7, vcpu_get(v, VCPU_DR7) & ~(u64)DR7_GD);
		add_to_dr6(qualification);
	}
	if (EVENT_TYPE(info) != EVENT_EXCEPTION)
		vmwrite_unnoted(ENTRY_INSTRUCTION_LENGTH, vmread(EXIT_INSTRUCTION_LENGTH));
	return event & EVENT_HAS_ERROR ? event | vmread(EXIT_INTERRUPTION_ERROR) << 32 : event;
}

/* "Pending Debug Exceptions": only MOV SS keeps a trap over the beginning of an instruction. */
static void restart(struct vcpu *v)
{
	if (!(v->exit.state & STATE_BLOCKED_BY_MOV_SS) && vmread(GUEST_PENDING_DEBUG))
		vmwrite_unnoted(GUEST_PENDING_DEBUG, 0);
}

static unsigned int cpl(struct vcpu *v)
{
	(void)v;
	return vmread(GUEST_SELECTOR + 2 * SEG_SS) & SEL_RPL3;
}

/* "Exit Qualification for Control-Register Accesses", for MOV DR, for I/O Instructions */
static struct exit_access access_of_exit(struct vcpu *v)
{
	u64 q = vmread(EXIT_QUALIFICATION);

	if (v->exit.reason == EXIT_IO)
		return (struct exit_access){ .number = (u16)(q >> 16),
					     .write = !(q >> 3 & 1),
					     .bytes = (u8)((q & 7) + 1) };
	return (struct exit_access){
		.number = v->exit.reason == EXIT_CR_ACCESS ? q & 15 : q & 7,
		.write = !(q >> 4 & 1),
		.gpr = q >> 8 & 15,
	};
}

static void lose_address(struct vcpu *v)
{
	(void)v;
	write_cr2(0);
	write_dr6(DR6_RESET);
}

/* "Pending Debug Exceptions" takes traps; the #DB of DR7.GD is a fault. */
static void trap(struct vcpu *v, u32 causes)
{
	u64 pending = vmread(GUEST_PENDING_DEBUG) | causes;

	if (causes & DR6_BD) {
		add_to_dr6(causes);
		vcpu_inject(v, exception(DB_VECTOR));
		return;
	}
	vmwrite_unnoted(GUEST_PENDING_DEBUG,
			pending | (causes & DR6_B0_TO_B3 ? PENDING_ENABLED_BREAKPOINT : 0));
}

/* It is root's at once, and held for the guest. */
static void send_nmi(struct vcpu *v)
{
	nmi_block();
	nmi_unblock();
	exit_on(v, EXIT_NMI_WINDOW, true);
}

/* The exit has consumed it. */
static void nmi_is_taken(struct vcpu *v)
{
	(void)v;
}

static void sti(void)
{
	asm volatile("sti" ::: "memory");
}

static void hypercall(void)
{
	asm volatile("vmcall");
}

const struct half vmx_half = {
	.exit_on = exit_on,
	.obstacle = obstacle,
	.pass_nmi = pass_nmi,
	.exception = exception_of_exit,
	.restart = restart,
	.cpl = cpl,
	.access = access_of_exit,
	.lose_address = lose_address,
	.trap = trap,
	.send_nmi = send_nmi,
	.take_nmi = nmi_is_taken,
	.open_root = sti,
	.close_root = cli,
	.hypercall = hypercall,
};
