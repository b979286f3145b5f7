/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs that exit, virtual NMIs, and NMIs that root had pending. An NMI exit blocks NMIs in root
 * until an IRET. With virtual NMIs, blocking by NMI is about virtual ones: it closes the NMI window
 * until the guest's IRET, and a physical NMI exits nevertheless. An IRET that faults has unblocked
 * already.
 */
#include "base/mutate.h"
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

#define VIRTUAL_NMIS                                                                               \
	"SDM 3C, Changes to Instruction Behavior in VMX Non-Root Operation; SDM 3C, NMI-Window Exiting"
#define DB_ENTRY ENTRY_OF(DB_VECTOR)

/* The guest's own NMI arrives during the steps or in the endless loop after them. */
static struct vcpu *start_sending_nmi(void)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(mutated(MUTATE_NO_EVENT) ? NOP : SEND_NMI, L(LOOP));
	s->in.r11 = this_cpu.lapic_id;
	v = hv_start();
	vcpu_intercept(v, INTERCEPT_NMI, true);
	return v;
}

static void leave_loop(struct vcpu *v)
{
	vcpu_set(v, VCPU_RIP, address_of(LANDING));
	run_to_end(v);
}

CASE(exit_blocks_nmis, "V67",
     "an NMI that exits blocks NMIs in root: a second NMI waits for an IRET in root",
     "SDM 3C, Updating Non-Register State")
{
	struct vcpu *v = start_sending_nmi();

	vmx_keep_nmis_blocked(v);
	run_to(v, EXIT_NMI, PLACE_ANY);
	nmi_count_all();
	nmi_send_self();
	check(nmi_counted() == 0, "root took %u NMIs before its IRET", nmi_counted());
	nmi_unblock();
	check(nmi_counted() == 1, "root took %u NMIs after its IRET", nmi_counted());
	leave_loop(v);
	expect(EXIT(NMI, NO_EVENT), ENTRY());
}

/* --- Virtual NMIs --- */

static void block_virtual_nmis(struct vcpu *v)
{
	require(vmx_offers(VMX_VIRTUAL_NMIS), "virtual NMIs (IA32_VMX_PINBASED_CTLS bit 37)");
	vcpu_intercept(v, INTERCEPT_NMI, true);
	vmx_control(v, VMX_VIRTUAL_NMIS, true);
	vcpu_set_state(v, STATE_BLOCKED_BY_NMI);
}

CASE(window_after_iret, "V68",
     "blocking by NMI closes the NMI window until the guest's IRET, and the window exits where that IRET leads to",
     VIRTUAL_NMIS)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(PUSH_IRET_FRAME_IF0, L(IRETQ), UD2, T(NOP), NOP);
	v = hv_start();
	block_virtual_nmis(v);
	require(vmx_offers(VMX_NMI_WINDOW), "NMI-window exiting (IA32_VMX_PROCBASED_CTLS bit 54)");
	vmx_control(v, VMX_NMI_WINDOW, true);
	run_to(v, EXIT_NMI_WINDOW, T);
	vmx_control(v, VMX_NMI_WINDOW, false);
	run_to_end(v);
	expect(EXIT(NMI_WINDOW, AT(T), NOT_BLOCKED(STATE_BLOCKED_BY_NMI)), ENTRY(AT(T)));
}

/* Puts a frame on the guest's stack with which IRETQ goes to T, keeping TF=1. */
static void push_iret_frame(struct vcpu *v)
{
	struct scene *s = the_scene();
	u64 rsp = s->rsp;
	u64 *frame = (u64 *)rsp - 5;

	frame[0] = address_of(T);
	frame[1] = SEL_CODE64;
	frame[2] = RFLAGS_FIXED | RFLAGS_TF;
	frame[3] = rsp;
	frame[4] = SEL_DATA;
	vcpu_set(v, VCPU_RSP, (u64)frame);
}

CASE(window_after_stepped_iret, "V68",
     "the single-step trap of an IRET that opens the NMI window is delivered before the window exits, at the first instruction of the handler of #DB",
     VIRTUAL_NMIS)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(L(IRETQ), UD2, T(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	push_iret_frame(v);
	block_virtual_nmis(v);
	require(vmx_offers(VMX_NMI_WINDOW), "NMI-window exiting (IA32_VMX_PROCBASED_CTLS bit 54)");
	vmx_control(v, VMX_NMI_WINDOW, true);
	run_to(v, EXIT_NMI_WINDOW, DB_ENTRY);
	vmx_control(v, VMX_NMI_WINDOW, false);
	run_to_end(v);
	expect(DB(AT(T), TF(1), DR6(DR6_BS)), EXIT(NMI_WINDOW, AT(DB_ENTRY), NO_EVENT),
	       ENTRY(AT(DB_ENTRY)));
}

CASE(blocked_virtual_nmi_exits, "V69",
     "an NMI that is pending at VM entry exits at once although virtual NMIs are blocked",
     VIRTUAL_NMIS)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	v = hv_start();
	block_virtual_nmis(v);
	pend_nmi();
	run_to(v, EXIT_NMI, L);
	run_to_end(v);
	expect(EXIT(NMI, AT(L), BLOCKED(STATE_BLOCKED_BY_NMI)), ENTRY(AT(L)));
}

CASE(sent_nmi_exits, "V69",
     "an NMI that the guest sends itself exits although virtual NMIs are blocked, and leaves them blocked",
     VIRTUAL_NMIS)
{
	struct vcpu *v = start_sending_nmi();

	block_virtual_nmis(v);
	run_to(v, EXIT_NMI, PLACE_ANY);
	leave_loop(v);
	expect(EXIT(NMI, BLOCKED(STATE_BLOCKED_BY_NMI)), ENTRY());
}

CASE(faulting_iret_unblocks, "V70",
     "an IRET whose fault exits has unblocked virtual NMIs, and the exit says so",
     "SDM 3C, Information for VM Exits Due to Vectored Events")
{
	struct scene *s;
	struct exit_details d;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(PUSH_IRET_FRAME_BAD, L(IRETQ), NOP);
	v = hv_start();
	block_virtual_nmis(v);
	vcpu_intercept_exceptions(v, 1 << GP_VECTOR);
	run_to(v, EXIT_EXCEPTION, L);
	d = vcpu_details(v);
	check(EVENT_VECTOR(d.interruption) == GP_VECTOR && d.interruption & VMX_NMI_UNBLOCKED,
	      "interruption information is %#lx", d.interruption);
	vcpu_set(v, VCPU_RSP, s->rsp);
	leave_loop(v);
	expect(EXIT(EXCEPTION, AT(L), NOT_BLOCKED(STATE_BLOCKED_BY_NMI)), ENTRY(AT(LANDING)));
}

/* --- An NMI that root had pending, against the shadows --- */

static struct vcpu *enter_with_nmi_pending(u64 state)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	v = start_with_interrupts_on();
	vcpu_set_state(v, state);
	pend_nmi();
	run_to_end(v);
	return v;
}

CASE(nmi_after_mov_ss, "V71",
     "with blocking by MOV SS at VM entry a pending NMI is delivered one instruction later",
     VMX_INTERRUPTIBILITY)
{
	enter_with_nmi_pending(STATE_BLOCKED_BY_MOV_SS);
	expect(NMI(AT(AFTER(L))));
}

CASE(nmi_after_sti, "V72",
     "with blocking by STI at VM entry a pending NMI is delivered at once, or one instruction later",
     VMX_INTERRUPTIBILITY)
{
	enter_with_nmi_pending(STATE_BLOCKED_BY_STI);
	expect_one_of(LEGAL("delivered at once", NMI(AT(L))),
		      LEGAL("delivered one instruction later", NMI(AT(AFTER(L)))));
}
