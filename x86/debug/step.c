/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single-stepping: which boundaries trap. TF is looked at when an instruction begins, so that POPF
 * and IRET that set it are not stepped, and those that clear it are; delivery clears it, so that
 * handlers are not stepped; and an instruction that faults does not trap.
 */
#include "stage/case.h"
#include "stage/prepare.h"
#include "boot/probe.h"

static void step_from_start(void)
{
	the_scene()->in_rflags |= RFLAGS_TF;
	play();
}

CASE(iretq_sets_tf, "F01",
     "after an IRETQ that sets TF the first single-step trap comes after the instruction at its target",
     SINGLE_STEP)
{
	struct scene *s = scene(PUSH_IRET_FRAME_TF, L(IRETQ), UD2, T(NOP), M(NOP));

	s->on_delivery = step_once;
	play();
	expect(DB(AT(M), DR6(DR6_BS), TF(1)));
}

CASE(popf_sets_tf, "F02",
     "after a POPF that sets TF the first single-step trap comes after the next instruction",
     SINGLE_STEP)
{
	struct scene *s = scene(PUSH_FLAGS_TF, POPF, L(NOP), M(NOP));

	s->on_delivery = step_once;
	play();
	expect(DB(AT(M), DR6(DR6_BS), TF(1)));
}

CASE(popf_clears_tf, "F11", "a POPF that clears TF is stepped itself, and nothing after it",
     SINGLE_STEP)
{
	scene(PUSH_FLAGS, L(POPF), M(NOP), NOP);
	step_from_start();
	expect(DB(AT(L), DR6(DR6_BS), TF(1)), DB(AT(M), DR6(DR6_BS), TF(0)));
}

CASE(iretq_clears_tf, "F12", "an IRETQ that clears TF is stepped itself, and traps at its target",
     SINGLE_STEP)
{
	scene(PUSH_IRET_FRAME_IF0, PUSH_FLAGS_TF, POPF, L(IRETQ), UD2, T(NOP), NOP);
	play();
	expect(DB(AT(T), DR6(DR6_BS), TF(0)));
}

CASE(fault, "C20",
     "a single-stepped instruction that faults raises no #DB, and the flags that the fault saves have TF=1",
     SINGLE_STEP)
{
	scene(L(UD2));
	step_from_start();
	expect(UD(AT(L), TF(1)));
}

CASE(int_n, "C21",
     "a single-stepped INT n traps neither in its handler nor where that returns to; the next trap comes after the instruction that follows INT n",
     "SDM 2A, INT n/INTO/INT3/INT1; " SINGLE_STEP)
{
	scene(INT_50, L(NOP), M(NOP));
	step_from_start();
	expect(INTN(VEC_SOFT, AT(L), TF(1)), DB(AT(M), DR6(DR6_BS), TF(1)),
	       DB(AT(LANDING), DR6(DR6_BS)));
}

CASE(irq, "F08",
     "the delivery of an interrupt clears TF: its handler is not stepped, and the flags that it saves have TF=1",
     SINGLE_STEP)
{
	struct scene *s = scene(L(NOP), M(NOP));

	s->in_rflags |= RFLAGS_IF;
	pend_irq(VEC);
	step_from_start();
	expect(IRQ(VEC, AT(L), TF(1)), DB(AT(M), DR6(DR6_BS), TF(1)), DB(AT(LANDING), DR6(DR6_BS)));
}

/* --- Instructions that a hypervisor emulates, or that change much: each is one step --- */

struct step_one {
	u16 instruction;
	void (*prepare)(void);
};

/* The interrupt is pending before the step, not between the instruction and its trap. */
static void step_one(const struct step_one *o)
{
	struct scene *s = scene(L(o->instruction), NOP);

	s->in_rflags |= RFLAGS_IF;
	s->on_delivery = NULL;
	if (o->prepare)
		o->prepare();
	pend_irq(VEC);
	step_from_start();
	expect(IRQ(VEC, AT(L), TF(1)), DB(AT(AFTER(L)), DR6(DR6_BS), TF(1)),
	       DB(AT(LANDING), DR6(DR6_BS)));
}

#define STEPPING_OVER(what)                                                                        \
	"single-stepping over " what " raises one #DB, after it; a pending interrupt is served "   \
	"before " what

TABLE(cpuid, "C27", STEPPING_OVER("CPUID"), SINGLE_STEP, step_one, .instruction = CPUID);
TABLE(rdtsc, "C27", STEPPING_OVER("RDTSC"), SINGLE_STEP, step_one, .instruction = RDTSC);
TABLE(rdmsr, "C27", STEPPING_OVER("RDMSR"), SINGLE_STEP, step_one, .instruction = RDMSR,
      .prepare = known_msr);
TABLE(wrmsr, "C27", STEPPING_OVER("WRMSR"), SINGLE_STEP, step_one, .instruction = WRMSR,
      .prepare = known_msr);
TABLE(in, "C27", STEPPING_OVER("IN"), SINGLE_STEP, step_one, .instruction = IN);
TABLE(out, "C27", STEPPING_OVER("OUT"), SINGLE_STEP, step_one, .instruction = OUT);
TABLE(device_load, "C27", STEPPING_OVER("a load from a device's register"), SINGLE_STEP, step_one,
      .instruction = LOAD, .prepare = device_address);
TABLE(device_store, "C27", STEPPING_OVER("a store to a device's register"), SINGLE_STEP, step_one,
      .instruction = STORE, .prepare = device_address);
TABLE(pause, "C27", STEPPING_OVER("PAUSE"), SINGLE_STEP, step_one, .instruction = PAUSE);
TABLE(sti_again, "C27", STEPPING_OVER("an STI that finds IF=1"), SINGLE_STEP, step_one,
      .instruction = STI);
TABLE(wbinvd, "C27", STEPPING_OVER("WBINVD"), SINGLE_STEP, step_one, .instruction = WBINVD);
TABLE(mov_cr3, "F09", STEPPING_OVER("MOV to CR3"), SINGLE_STEP, step_one, .instruction = MOV_TO_CR3,
      .prepare = same_cr3);
TABLE(mov_dr, "F09", STEPPING_OVER("MOV from DR7"), SINGLE_STEP, step_one,
      .instruction = MOV_FROM_DR7);

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
     "a MOVSB whose read meets a data breakpoint and whose write faults raises #PF alone; the restarted MOVSB raises #DB",
     "SDM 3B, Data Memory and I/O Breakpoint Exception Conditions")
{
	struct scene *s = scene(L(MOVSB), NOP);

	s->in.rsi = PLAY_WRITABLE;
	s->faults = FAULTS_RETRY;
	s->on_delivery = mend_destination;
	s->habits = HANDLERS_MEND_RDI;
	watch(0, WATCH_ACCESS, PLAY_WRITABLE, 1);
	play();
	observed("DR6 at the #PF: %#lx", dr6_at_fault);
	expect(PF(PF_WRITE, AT(L), CR2(PLAY_NOT_PRESENT)), DB(AT(AFTER(L)), DR6(DR6_B0)));
}

CASE(after_data_breakpoint, "C30",
     "a single-step trap does not report the data breakpoint that an instruction before it has met",
     "SDM 3B, Debug Status Register (DR6); APM 2, Debug Status Register (DR6)")
{
	struct scene *s = scene(PUSH_FLAGS_TF, STORE, L(POPF), NOP, M(NOP));

	s->in.rbp = PLAY_WRITABLE;
	watch(0, WATCH_WRITE, PLAY_WRITABLE, 4);
	s->on_delivery = step_once;
	play();
	expect(DB(AT(L), DR6(DR6_B0), NO_DR6(DR6_BS)), DB(AT(M), DR6(DR6_BS), NO_DR6(DR6_B0)));
}

CASE(branches, "C28",
     "with DEBUGCTL.BTF=1, single-stepping traps after a taken branch, and after nothing else",
     "SDM 3B, Single-Stepping on Branches; APM 2, Single Stepping")
{
	struct scene *s;
	u64 before;

	require(probe_rdmsr(MSR_DEBUGCTL, &before), "IA32_DEBUGCTL (MSR 1D9H)");
	s = scene(NOP, NOP, JMP, L(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	set_msr(MSR_DEBUGCTL, before | DEBUGCTL_BTF);
	play();
	expect(DB(AT(L), DR6(DR6_BS)));
}

CASE(int1, "A16", "the #DB of an INT1 that stands where TF is 1 does not report a step",
     "SDM 3B, Single-Step Exception Condition; SDM 3B, Debug Status Register (DR6); APM 2, Single Stepping")
{
	struct scene *s = scene(L(INT1), M(NOP), NOP);

	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	play();
	expect(DB(AT(M), NO_DR6(DR6_BS), TF(1)));
}

CASE(cr8, "C34",
     "the single-step trap of a MOV to CR8 that lets a pending interrupt in is delivered before that interrupt",
     SINGLE_STEP "; " PRIORITY)
{
	struct scene *s = scene(MOV_TO_CR8, L(NOP), NOP, CPUID, CPUID, NOP);

	s->in_rflags |= RFLAGS_IF | RFLAGS_TF;
	s->on_delivery = step_once;
	lapic_set_tpr_class(VEC >> 4);
	pend_irq(VEC);
	play();
	expect(DB(AT(L), DR6(DR6_BS)), IRQ(VEC, IF(1)));
}

CASE(nmi_between, "C33",
     "an NMI between two single-stepped instructions saves TF=1, and stepping goes on where its handler returns to",
     SINGLE_STEP)
{
	struct scene *s = scene(L(NOP), NOP);

	s->in_rflags |= RFLAGS_TF;
	pend_blocked_nmi();
	play();
	expect(NMI(AT(L), TF(1)), DB(AT(AFTER(L)), DR6(DR6_BS)), DB(AT(LANDING), DR6(DR6_BS)));
}
