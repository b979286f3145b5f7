/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The global interrupt flag. While it is 0, in root, interrupts and NMIs wait and breakpoints are
 * discarded; single-stepping works. STGI delivers what waited, by priority, in root; VMRUN sets the
 * flag too, so what waited may as well be the guest's. After an exit by an interrupt or NMI that
 * event still waits.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "svm/controls.h"

#define GIF "APM 2, Global Interrupt Flag, STGI and CLGI Instructions"

static u64 nmi_at;

static void note_nmi(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	if (entry->vector == NMI_VECTOR)
		nmi_at = frame->rip;
}

/* Root sees an interrupt that made the guest exit when it opens GIF with IF=1. */
static void exit_then_stgi(u64 rflags)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = start_with_interrupts_on();
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	run_to(v, EXIT_INTR, L);
	svm_open_gif(v, rflags);
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
}

CASE(intr_exit_stgi, "S19",
     "an interrupt that made the guest exit is taken in root after STGI, if IF is 1 there", GIF)
{
	exit_then_stgi(RFLAGS_IF);
	expect(EXIT(INTR, AT(L), NO_EVENT), IRQ(VEC, IF(1)), ENTRY(AT(L)));
}

CASE(intr_exit_stgi_if_0, "S19",
     "an interrupt that made the guest exit waits in root after STGI while IF is 0 there, and is delivered to the guest that is entered next",
     GIF)
{
	exit_then_stgi(0);
	expect(EXIT(INTR, AT(L), NO_EVENT), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(nmi_exit_stgi, "S20", "an NMI that made the guest exit is taken in root after STGI, once",
     "APM 2, NMI Support")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = hv_start();
	vcpu_intercept(v, INTERCEPT_NMI, true);
	pend_nmi();
	run_to(v, EXIT_NMI, L);
	svm_open_gif(v, 0);
	svm_open_gif(v, 0);
	run_to_end(v);
	expect(EXIT(NMI, AT(L), NO_EVENT), NMI(), ENTRY(AT(L)));
}

CASE(stgi_nmi_first, "S21",
     "an NMI and an interrupt that waited for GIF are taken in root after STGI, the NMI first", GIF)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(NOP), NOP);
	s->on_delivery = note_nmi;
	v = hv_start();
	pend_irq(VEC);
	pend_nmi();
	svm_open_gif(v, RFLAGS_IF);
	run_to_end(v);
	observed("the NMI came %ld bytes after STGI", nmi_at - address_of(AFTER_STGI));
	expect(NMI(), IRQ(VEC, IF(1)));
}

CASE(vmrun_opens, "S47",
     "an NMI and an interrupt that waited for GIF are delivered to the guest when VMRUN sets GIF, the NMI first",
     GIF)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = start_with_interrupts_on();
	pend_irq(VEC);
	pend_nmi();
	run_to_end(v);
	expect(NMI(AT(L), IF(1)), IRQ(VEC, AT(L), IF(1)));
}

/* What meets the breakpoint is called with GIF=0, and again after STGI; the NMI comes between. */
static void breakpoint_around_stgi(enum watch_kind kind, u64 address, unsigned int bytes,
				   void (*function)(void))
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = hv_start();
	pend_nmi();
	watch(0, kind, address, bytes);
	svm_call_around_stgi(v, 0, function);
	run_to_end(v);
	expect(NMI(), DB(DR6(DR6_B0)));
}

static u32 watched;

static void write_watched(void)
{
	*(volatile u32 *)&watched = 0;
}

CASE(data_breakpoint_discarded, "S22",
     "a data breakpoint that is met while GIF is 0 is discarded; one that is met after STGI raises #DB",
     GIF)
{
	breakpoint_around_stgi(WATCH_WRITE, (u64)&watched, sizeof(watched), write_watched);
}

CASE(code_breakpoint_discarded, "S22",
     "an instruction breakpoint that is met while GIF is 0 is discarded; one that is met after STGI raises #DB",
     GIF)
{
	breakpoint_around_stgi(WATCH_EXECUTE, (u64)svm_landmark, 1, svm_landmark);
}

CASE(step_with_gif_0, "S22", "a single-stepped instruction in root traps although GIF is 0", GIF)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(NOP), NOP);
	s->on_delivery = step_once;
	v = hv_start();
	pend_nmi(); /* shows where GIF opens: after the trap */
	svm_open_gif(v, RFLAGS_TF);
	run_to_end(v);
	expect(DB(TF(1), DR6(DR6_BS)), NMI());
}

CASE(host_tf, "S27",
     "a single-stepped VMRUN traps once, after VMRUN, when its guest has exited; the NMI that made the guest exit waits for GIF",
     "APM 2, VMRUN and TF/RF Bits in EFLAGS")
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(NOP), NOP);
	s->on_delivery = step_once;
	v = hv_start();
	vcpu_intercept(v, INTERCEPT_NMI, true);
	pend_nmi();
	svm_host_tf(v);
	run_to(v, EXIT_NMI, L);
	svm_host_if(v, false);
	svm_open_gif(v, 0);
	run_to_end(v);
	expect(DB(AT(AFTER_VMRUN), TF(1), DR6(DR6_BS)), EXIT(NMI, AT(L)), NMI(), ENTRY(AT(L)));
}

/* KVM's way to find the end of an NMI's handler. */
CASE(iret_exit_blocked, "S56",
     "an intercepted IRET exits before it unblocks NMIs: a second NMI comes only when that IRET has been executed",
     "APM 2, Instruction Intercepts; APM 2, NMI Support")
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(NOP), NOP);
	v = hv_start();
	svm_intercept(v, SVM_INTERCEPT_IRET, true);
	pend_nmi();
	run_to(v, EXIT_IRET, PLACE_ANY);
	svm_intercept(v, SVM_INTERCEPT_IRET, false);
	pend_nmi();
	run_to_end(v);
	expect(NMI(AT(L)), EXIT(IRET), ENTRY(), NMI(AT(L)));
}
