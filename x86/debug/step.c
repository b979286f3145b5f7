/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single-stepping: which boundaries trap. TF is looked at when an instruction begins, so that POPF
 * and IRET that set it are not stepped, and those that clear it are; delivery clears it, so that
 * handlers are not stepped; and an instruction that faults does not trap.
 */
#define FAMILY "step"
#include "stage/case.h"
#include "stage/prepare.h"
#include "boot/probe.h"

#define SINGLE_STEP "SDM 3B, Single-Step Exception Condition; APM 2, Single Stepping"

static void step_from_start(void)
{
	the_scene()->in_rflags |= RFLAGS_TF;
	play();
}

CASE(iretq_sets_tf, "F01", "IRETQ that sets TF: the first trap comes behind its target instruction",
     SINGLE_STEP)
{
	scene(PUSH_IRET_FRAME_TF, L(IRETQ), UD2, T(NOP), M(NOP));
	the_scene()->on_delivery = step_once;
	play();
	expect(DB(AT(M), DR6(DR6_BS), TF(1)));
}

CASE(popf_sets_tf, "F02", "POPF that sets TF: the first trap comes behind the next instruction",
     SINGLE_STEP)
{
	scene(PUSH_FLAGS_TF, POPF, L(NOP), M(NOP));
	the_scene()->on_delivery = step_once;
	play();
	expect(DB(AT(M), DR6(DR6_BS), TF(1)));
}

CASE(popf_clears_tf, "F11", "POPF that clears TF is stepped itself, and nothing behind it",
     SINGLE_STEP)
{
	scene(PUSH_FLAGS, L(POPF), M(NOP), NOP);
	step_from_start();
	expect(DB(AT(L), DR6(DR6_BS), TF(1)), DB(AT(M), DR6(DR6_BS), TF(0)));
}

CASE(iretq_clears_tf, "F12", "IRETQ that clears TF is stepped itself, and traps at its target",
     SINGLE_STEP)
{
	scene(PUSH_IRET_FRAME_IF0, PUSH_FLAGS_TF, POPF, L(IRETQ), UD2, T(NOP), NOP);
	play();
	expect(DB(AT(T), DR6(DR6_BS), TF(0)));
}

CASE(fault, "C20", "a single-stepped instruction that faults raises no #DB; the fault saves TF=1",
     SINGLE_STEP)
{
	scene(L(UD2));
	step_from_start();
	expect(UD(AT(L), TF(1)));
}

CASE(int_n, "C21",
     "a single-stepped INT n traps neither at its handler nor behind itself; the next trap comes behind the instruction after it",
     "SDM 2A, INT n/INTO/INT3/INT1; " SINGLE_STEP)
{
	scene(INT_50, L(NOP), M(NOP));
	step_from_start();
	expect(INTN(VEC_SOFT, AT(L), TF(1)), DB(AT(M), DR6(DR6_BS), TF(1)),
	       DB(AT(LANDING), DR6(DR6_BS)));
}

CASE(irq, "F08",
     "delivery of an interrupt clears TF: its handler is not stepped, and its frame has TF=1",
     SINGLE_STEP)
{
	scene(L(NOP), M(NOP));
	the_scene()->in_rflags |= RFLAGS_IF;
	pend_irq(VEC);
	step_from_start();
	expect(IRQ(VEC, AT(L), TF(1)), DB(AT(M), DR6(DR6_BS), TF(1)), DB(AT(LANDING), DR6(DR6_BS)));
}

/* --- Instructions that a hypervisor emulates, or that change much: each is one step --- */

struct stepped {
	u16 instruction;
	void (*prepare)(void);
};

/* The interrupt is pending before the step, not between the instruction and its trap. */
static void step_one(const void *argument)
{
	const struct stepped *s = argument;

	scene(L(s->instruction), NOP);
	the_scene()->in_rflags |= RFLAGS_IF;
	the_scene()->on_delivery = NULL;
	s->prepare();
	pend_irq(VEC);
	step_from_start();
	expect(IRQ(VEC, AT(L), TF(1)), DB(AT(AFTER(L)), DR6(DR6_BS), TF(1)),
	       DB(AT(LANDING), DR6(DR6_BS)));
}

#define STEP_ONE(id, row, name, insn, prepare_)                                                    \
	CASE_WITH(id, row,                                                                         \
		  "single-stepping over " name                                                     \
		  " raises one #DB behind it, and the pending interrupt comes before it",          \
		  SINGLE_STEP, step_one, stepped, .instruction = (insn), .prepare = (prepare_))

STEP_ONE(cpuid, "C27", "CPUID", CPUID, no_preparation);
STEP_ONE(rdtsc, "C27", "RDTSC", RDTSC, no_preparation);
STEP_ONE(rdmsr, "C27", "RDMSR", RDMSR, known_msr);
STEP_ONE(wrmsr, "C27", "WRMSR", WRMSR, known_msr);
STEP_ONE(in, "C27", "IN", IN, no_preparation);
STEP_ONE(out, "C27", "OUT", OUT, no_preparation);
STEP_ONE(device_load, "C27", "a load from a device's register", LOAD, device_address);
STEP_ONE(device_store, "C27", "a store to a device's register", STORE, device_address);
STEP_ONE(wbinvd, "C27", "WBINVD", WBINVD, no_preparation);
STEP_ONE(mov_cr3, "F09", "MOV to CR3", MOV_TO_CR3, same_cr3);
STEP_ONE(mov_dr, "F09", "MOV from DR7", MOV_FROM_DR7, no_preparation);

/* --- A data breakpoint on one half of an instruction, a fault on the other --- */

static u64 dr6_at_fault;

static void mend_destination(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	if (entry->vector != PF_VECTOR)
		return;
	dr6_at_fault = read_dr6();
	frame->gprs.rdi = PLAY_WRITABLE + PAGE_SIZE / 2;
}

CASE(breakpoint_and_fault, "C22",
     "a MOVSB whose read meets a data breakpoint and whose write faults raises #PF alone; restarted, it raises #DB",
     "SDM 3B, Data Memory and I/O Breakpoint Exception Conditions")
{
	scene(L(MOVSB), NOP);
	the_scene()->in.rsi = PLAY_WRITABLE;
	the_scene()->faults = FAULTS_RETRY;
	the_scene()->on_delivery = mend_destination;
	watch(0, WATCH_ACCESS, PLAY_WRITABLE, 1);
	play();
	observed("DR6 at the #PF: %#lx", dr6_at_fault);
	expect(PF(PF_WRITE, AT(L), CR2(PLAY_NOT_PRESENT)), DB(AT(AFTER(L)), DR6(DR6_B0)));
}

CASE(branches, "C28",
     "with DEBUGCTL.BTF, single-stepping traps behind a taken branch, and behind nothing else",
     "SDM 3B, Single-Stepping on Branches; APM 2, Single Stepping")
{
	u64 before;

	if (!probe_rdmsr(MSR_DEBUGCTL, &before))
		skip("needs IA32_DEBUGCTL (MSR 1D9H)");
	scene(NOP, NOP, JMP, L(NOP), NOP);
	the_scene()->in_rflags |= RFLAGS_TF;
	the_scene()->on_delivery = step_once;
	set_msr(MSR_DEBUGCTL, before | DEBUGCTL_BTF);
	play();
	expect(DB(AT(L), DR6(DR6_BS)));
}
