/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of a hypervisor that does what the guest's instruction would have done.
 */
#include "guest.h"
#include "machine/lapic.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "scene/debug.h"
#include "model/situation.h"
#include "stage/case.h"

enum { TWO_BYTES = 2, CR8_MAX = 15 };

/* Where the CPU does not tell the length, the scene does: all of this exits only on its steps. */
static u32 length(struct vcpu *v)
{
	const struct layout *layout = &the_scene()->layout;
	u32 told = v->vendor->instruction_length(v);
	size_t step = layout_step(layout, v->exit.rip);

	if (told || step == layout->step_count)
		return told ? told : TWO_BYTES;
	return (u32)((step + 1 == layout->step_count ? layout->landing
						     : layout->addresses[step + 1]) -
		     v->exit.rip);
}

/*
 * The instruction is over: "RFLAGS.RF", "Interrupt Shadows", "Single-Step Exception Condition". @met:
 * bits of DR6 for the breakpoints that its access met.
 */
static const char *complete_with(struct vcpu *v, u32 met)
{
	u64 rflags = vcpu_get(v, VCPU_RFLAGS);

	vcpu_set(v, VCPU_RIP, v->exit.rip + length(v));
	if (is_wrong(LAW_EMULATE)) {
		end_shadow(v);
		return NULL;
	}
	vcpu_set(v, VCPU_RFLAGS, rflags & ~(u64)RFLAGS_RF);
	end_shadow(v);
	if (rflags & RFLAGS_TF)
		met |= DR6_BS;
	if (met)
		half()->trap(v, met);
	return NULL;
}

static const char *complete(struct vcpu *v)
{
	return complete_with(v, 0);
}

const char *do_cpuid(struct vcpu *v)
{
	struct cpuid_regs r = cpuid((u32)v->gprs.rax, (u32)v->gprs.rcx);

	v->gprs.rax = r.eax;
	v->gprs.rbx = r.ebx;
	v->gprs.rcx = r.ecx;
	v->gprs.rdx = r.edx;
	return complete(v);
}

/* The world has two MSRs, and numbers that no MSR has. */
static bool is_known(u64 msr)
{
	return (u32)msr == MSR_KERNEL_GS || (u32)msr == MSR_LSTAR;
}

const char *do_rdmsr(struct vcpu *v)
{
	u64 value;

	if (!is_known(v->gprs.rcx))
		return refuse(v);
	value = rdmsr((u32)v->gprs.rcx);
	v->gprs.rax = (u32)value;
	v->gprs.rdx = value >> 32;
	return complete(v);
}

/* Both hold addresses: "WRMSR-Write to Model Specific Register". */
const char *do_wrmsr(struct vcpu *v)
{
	enum { UPPER_HALF = 0x1ffff, SIGN_SHIFT = 47 };
	u64 value = (u32)v->gprs.rax | v->gprs.rdx << 32, upper = value >> SIGN_SHIFT;

	if (!is_known(v->gprs.rcx) || (upper && upper != UPPER_HALF))
		return refuse(v);
	wrmsr((u32)v->gprs.rcx, value);
	return complete(v);
}

/* "I/O Breakpoints": the access is the hypervisor's, so that no breakpoint of the guest meets it. */
static u32 port_breakpoints(const struct vcpu *v, const struct exit_access *access)
{
	u64 dr7 = v->vendor->get((struct vcpu *)v, VCPU_DR7);
	u32 met = 0;

	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++) {
		struct breakpoint b = debug_breakpoint(n);

		if (dr7 >> 2 * n & 3 && b.kind == BREAK_IO && b.address <= access->number &&
		    access->number < b.address + b.bytes)
			met |= DR6_B0 << n;
	}
	return met;
}

const char *do_io(struct vcpu *v)
{
	struct exit_access access = half()->access(v);
	u64 dr7 = read_dr7();

	if (access.bytes != 1)
		return "an access to a port of more than a byte";
	if (dr7 != DR7_RESET) /* some emulators leave the guest's breakpoints to root */
		write_dr7(DR7_RESET);
	if (access.write)
		outb(access.number, (u8)v->gprs.rax);
	else
		v->gprs.rax = (v->gprs.rax & ~0xffull) | inb(access.number);
	if (dr7 != DR7_RESET)
		write_dr7(dr7);
	return complete_with(v, port_breakpoints(v, &access));
}

/* The world writes CR0 and CR3 as they are. */
const char *do_control_register(struct vcpu *v)
{
	struct exit_access access = half()->access(v);
	u64 value = v->gprs.rax;

	if (access.gpr || !access.write)
		return "an access to a control register that is not the world's";
	if (access.number == 8 && value > CR8_MAX)
		return refuse(v);
	if (access.number == 8)
		write_cr8(value);
	return complete(v);
}

/* "Linear-Address Encodings": the number of a register in an instruction. None is RSP. */
static u64 *gpr(struct vcpu *v, u8 number)
{
	struct gprs *g = &v->gprs;
	u64 *const registers[] = { &g->rax, &g->rcx, &g->rdx, &g->rbx, NULL,	&g->rbp,
				   &g->rsi, &g->rdi, &g->r8,  &g->r9,  &g->r10, &g->r11,
				   &g->r12, &g->r13, &g->r14, &g->r15 };

	return registers[number];
}

/* Of the scene, MOV from DR7; of handlers, what they do with DR6. */
const char *do_debug_register(struct vcpu *v)
{
	struct exit_access access = half()->access(v);
	u64 dr7 = vcpu_get(v, VCPU_DR7);

	if (half()->cpl(v)) /* on VMX this exit comes before that #GP: "MOV DR" */
		return refuse(v);
	if (dr7 & DR7_GD) { /* "General-Detect Exception Condition" */
		vcpu_set(v, VCPU_DR7, dr7 & ~(u64)DR7_GD);
		end_shadow(v);
		half()->trap(v, DR6_BD);
		return NULL;
	}
	if (access.number == 7 && !access.write)
		*gpr(v, access.gpr) = dr7;
	else if (access.number == 6 && access.write)
		write_dr6(*gpr(v, access.gpr));
	else if (access.number == 6)
		*gpr(v, access.gpr) = read_dr6();
	else
		return "an access to a debug register that is not the world's";
	return complete(v);
}

const char *do_invlpg(struct vcpu *v)
{
	invlpg(v->gprs.rbp);
	return complete(v);
}

const char *do_wbinvd(struct vcpu *v)
{
	asm volatile("wbinvd" ::: "memory");
	return complete(v);
}

const char *do_rdtsc(struct vcpu *v)
{
	u64 now = rdtsc();

	v->gprs.rax = (u32)now;
	v->gprs.rdx = now >> 32;
	return complete(v);
}
