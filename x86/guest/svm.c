/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the laws need of SVM: the AMD APM, volume 2, chapter "Secure Virtual Machine".
 */
#include "svm/svm.h"
#include "guest.h"
#include "machine/desc.h"
#include "machine/nmi.h"
#include "machine/percpu.h"
#include "model/instruction.h"
#include "order/vectors.h"

enum { NMI_POLLS = 1 << 10 };

/* "Intercept Operation": of the vectors of CR and DR intercepts, what the world accesses. */
enum {
	WRITES_CR0 = 1 << 16,
	WRITES_CR3 = 1 << 19,
	WRITES_CR8 = 1 << 24,
	READS_DR7 = 1 << 7,
};

static struct vmcb *vmcb(struct vcpu *v)
{
	return &to_svm(v)->vmcb;
}

static const u8 intercepts[EXIT_REASON_COUNT] = {
	[EXIT_NMI] = SVM_INTERCEPT_NMI,	      [EXIT_CPUID] = SVM_INTERCEPT_CPUID,
	[EXIT_HLT] = SVM_INTERCEPT_HLT,	      [EXIT_RDTSC] = SVM_INTERCEPT_RDTSC,
	[EXIT_PUSHF] = SVM_INTERCEPT_PUSHF,   [EXIT_POPF] = SVM_INTERCEPT_POPF,
	[EXIT_IRET] = SVM_INTERCEPT_IRET,     [EXIT_SOFTWARE_INT] = SVM_INTERCEPT_INTN,
	[EXIT_INVLPG] = SVM_INTERCEPT_INVLPG, [EXIT_WBINVD] = SVM_INTERCEPT_WBINVD,
	[EXIT_ICEBP] = SVM_INTERCEPT_ICEBP,
};

/* All guests of a boot want the same bits of the maps, so that they may stay. */
static void keep_maps(struct vcpu *v)
{
	to_svm(v)->maps_changed = false;
}

/* The MSRs that the world's instructions access. */
static void exit_on_msrs(struct vcpu *v, bool write, bool on)
{
	const u32 msrs[] = { this_cpu.missing_msr, MSR_KERNEL_GS, MSR_LSTAR };

	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		svm_intercept_msr(v, msrs[i], write, on);
	keep_maps(v);
}

static void exit_on_ports(struct vcpu *v, bool on)
{
	svm_set_intercept(vmcb(v), SVM_INTERCEPT_IO, on);
	svm_set_port_intercept(to_svm(v), instructions[FRAGMENT_IN].port, on);
	svm_set_port_intercept(to_svm(v), instructions[FRAGMENT_OUT].port, on);
	keep_maps(v);
}

static bool exit_on(struct vcpu *v, enum exit_reason reason, bool on)
{
	struct vmcb *c = vmcb(v);

	switch (reason) {
	case EXIT_INTR:
		svm_set_intercept(c, SVM_INTERCEPT_INTR, on);
		return true;
	case EXIT_RDMSR:
	case EXIT_WRMSR:
		exit_on_msrs(v, reason == EXIT_WRMSR, on);
		return true;
	case EXIT_IO:
		exit_on_ports(v, on);
		return true;
	case EXIT_CR_ACCESS:
		c->intercept_cr = on ? WRITES_CR0 | WRITES_CR3 | WRITES_CR8 : 0;
		return true;
	case EXIT_DR_ACCESS:
		c->intercept_dr = on ? READS_DR7 : 0;
		return true;
	default:
		if (intercepts[reason])
			svm_set_intercept(c, intercepts[reason], on);
		return intercepts[reason];
	}
}

/* GIF is 0: an NMI that is pending waits for VMRUN, whether or not NMIs are blocked. */
static void pass_nmi(struct vcpu *v, const struct law *law, bool pending, bool blocked)
{
	(void)v;
	(void)law;
	if (pending && !blocked)
		nmi_unblock();
}

/* "#DB (Debug)": DR6 has the causes when a #DB exits. Else nobody could tell them. */
static const char *obstacle(struct vcpu *v, const struct law *law)
{
	if (!(law->exceptions & BIT(DB_VECTOR)))
		return NULL;
	vcpu_intercept_exceptions(v, BIT(DB_VECTOR));
	vcpu_set(v, VCPU_RFLAGS, RFLAGS_FIXED | RFLAGS_TF);
	v->vendor->enter(v);
	return vmcb(v)->dr6 & DR6_BS ? NULL : "a #DB that exits has not written DR6";
}

/*
 * "Exception Intercepts": EXITINFO1 has the error code; #PF leaves CR2 to the hypervisor, while #DB
 * has written DR6.
 */
static u64 exception_of_exit(struct vcpu *v)
{
	struct vmcb *c = vmcb(v);
	u8 vector = (u8)(c->exit_code - SVM_EXIT_EXCEPTION_FIRST);

	if (vector == PF_VECTOR)
		c->cr2 = c->exit_info2;
	if (vector == DB_VECTOR)
		c->dr7 &= ~(u64)DR7_GD;
	return vector_has_error_code(vector) ? fault(vector, (u32)c->exit_info1)
					     : exception(vector);
}

/* Nothing is kept but what the processor has saved. */
static void restart(struct vcpu *v)
{
	(void)v;
}

static unsigned int cpl(struct vcpu *v)
{
	return vmcb(v)->cpl;
}

/* "IOIO Intercepts"; of MOV CR and MOV DR without decode assists, the exit code. */
static struct exit_access access_of_exit(struct vcpu *v)
{
	const struct vmcb *c = vmcb(v);

	if (v->exit.reason == EXIT_IO)
		return (struct exit_access){ .number = (u16)(c->exit_info1 >> 16),
					     .write = !(c->exit_info1 & 1),
					     .bytes = c->exit_info1 >> 4 & 7 };
	return (struct exit_access){ .number = c->exit_code & 15, .write = c->exit_code >> 4 & 1 };
}

static void lose_address(struct vcpu *v)
{
	vmcb(v)->cr2 = 0;
	vmcb(v)->dr6 = DR6_RESET;
}

/* There is no field for a #DB that is pending: it is injected. */
static void trap(struct vcpu *v, u32 causes)
{
	vmcb(v)->dr6 |= causes;
	vcpu_inject(v, exception(DB_VECTOR));
}

static void stgi(void)
{
	asm volatile("stgi" ::: "memory");
}

static void clgi(void)
{
	asm volatile("cli; clgi" ::: "memory");
}

static void stgi_sti(void)
{
	asm volatile("stgi; sti" ::: "memory");
}

/* GIF is 0: it waits for the guest. */
static void send_nmi(struct vcpu *v)
{
	(void)v;
	nmi_send_self();
}

/*
 * "NMI Support": it is pending still. Without an IRET root has NMIs blocked as the guest would have
 * them in its handler, and the guest's IRET unblocks them.
 */
static void take_nmi_without_iret(struct vcpu *v)
{
	(void)v;
	nmi_take_pending(stgi, NMI_POLLS);
	clgi();
}

static void hypercall(void)
{
	asm volatile("vmmcall");
}

const struct half svm_half = {
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
	.take_nmi = take_nmi_without_iret,
	.open_root = stgi_sti,
	.close_root = clgi,
	.hypercall = hypercall,
};
