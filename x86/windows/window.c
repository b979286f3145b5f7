/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can make a guest leave before its first instruction, and what holds it back: an injected
 * event, which is always delivered first; blocking by STI and MOV SS, which closes the interrupt
 * window and, by MOV SS, the NMI window for one instruction. For the preemption timer and for
 * interrupts and NMIs that exit, the manual leaves it open. And an interrupt that exits comes
 * before the first instruction is even fetched.
 */
#define FAMILY "window"
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"

#define WINDOWS                                                                                    \
	"SDM 3C, Interrupt-Window Exiting and Virtual-Interrupt Delivery; SDM 3C, NMI-Window Exiting"
#define BLOCKING "SDM 3C, Event Blocking"

enum { LOADED = 0x5a };

/* A guest whose first instruction loads RAX with LOADED. */
static struct vcpu *start(void)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	*(volatile u32 *)PLAY_WRITABLE = LOADED;
	scene(L(LOAD), NOP, NOP);
	return start_with_interrupts_on();
}

static void close_windows(struct vcpu *v)
{
	vmx_control(v, VMX_INTERRUPT_WINDOW, false);
	vmx_control(v, VMX_NMI_WINDOW, false);
	vmx_guard_timer(v);
}

static void open_interrupt_window(struct vcpu *v)
{
	require(vmx_offers(VMX_INTERRUPT_WINDOW),
		"interrupt-window exiting (IA32_VMX_PROCBASED_CTLS bit 34)");
	vmx_control(v, VMX_INTERRUPT_WINDOW, true);
}

static void open_nmi_window(struct vcpu *v)
{
	require(vmx_offers(VMX_VIRTUAL_NMIS), "virtual NMIs (IA32_VMX_PINBASED_CTLS bit 37)");
	require(vmx_offers(VMX_NMI_WINDOW), "NMI-window exiting (IA32_VMX_PROCBASED_CTLS bit 54)");
	vcpu_intercept(v, INTERCEPT_NMI, true);
	vmx_control(v, VMX_VIRTUAL_NMIS, true);
	vmx_control(v, VMX_NMI_WINDOW, true);
}

/* --- V46 --- */

/* An interrupt exits at a page that is not present; then the guest goes there. */
static void exit_before_fetch(bool with_breakpoint)
{
	enum { NOTHING_FAULTED = 0x1234 };
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	scene_go_elsewhere(the_scene(), PLAY_NOT_PRESENT, FRAGMENT_NONE);
	if (with_breakpoint)
		break_on(0, ELSEWHERE);
	v = start_with_interrupts_on();
	vcpu_set(v, VCPU_RIP, PLAY_NOT_PRESENT);
	vcpu_intercept(v, INTERCEPT_INTR, true);
	require(vmx_offers(VMX_ACKNOWLEDGE_ON_EXIT),
		"acknowledging interrupts on exit (IA32_VMX_EXIT_CTLS bit 47)");
	vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, true);
	vcpu_set_cr2(v, NOTHING_FAULTED);
	pend_irq(VEC);
	run_to(v, EXIT_INTR, ELSEWHERE);
	check(read_cr2() == NOTHING_FAULTED, "CR2 became %#lx", read_cr2());
	check(read_dr6() == DR6_RESET, "DR6 became %#lx", read_dr6());
	run_to_end(v);
}

#define PAGE_FAULT EXCEPTION(PF_VECTOR, AT(ELSEWHERE), CR2(PLAY_NOT_PRESENT))

CASE(before_page_fault, "V46",
     "an interrupt exits before the page fault of fetching the first instruction, and CR2 is not touched",
     "SDM 3A, Priority Among Concurrent Events")
{
	exit_before_fetch(false);
	expect(EXIT(INTR, AT(ELSEWHERE)), ENTRY(AT(ELSEWHERE)), PAGE_FAULT);
}

CASE(before_breakpoint, "V46",
     "an interrupt exits before the first instruction's code breakpoint and page fault, which leave no trace; they come when the guest goes on",
     "SDM 3A, Priority Among Concurrent Events")
{
	exit_before_fetch(true);
	expect(EXIT(INTR, AT(ELSEWHERE)), ENTRY(AT(ELSEWHERE)), DB(AT(ELSEWHERE), DR6(DR6_B0)),
	       PAGE_FAULT);
}

/* --- V48: injection comes first --- */

static void interrupt_window_behind_gp(const void *argument)
{
	enum gate_type gate = *(const enum gate_type *)argument;
	int open = gate == TRAP_GATE ? ENTRY_OF(GP_VECTOR) : AFTER_IRET;
	struct vcpu *v;

	gate_type_set(GP_VECTOR, gate);
	v = start();
	open_interrupt_window(v);
	vcpu_inject(v, gp(0));
	run_to(v, EXIT_INTR_WINDOW, open);
	close_windows(v);
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)), EXIT(INTR_WINDOW, AT(open), NO_EVENT),
	       ENTRY(AT(open)));
}

CASE_OF(interrupt_gate_injected_gp, "V48",
	"with an injected #GP the interrupt window exits where the handler of #GP returns to: before, IF is 0",
	WINDOWS, interrupt_window_behind_gp, &interrupt_gate);
CASE_OF(trap_gate_injected_gp, "V48",
	"behind a trap gate the interrupt window exits at the first instruction of the handler of #GP",
	WINDOWS, interrupt_window_behind_gp, &trap_gate);

static void exit_at_gp_entry(struct vcpu *v, enum exit_reason reason)
{
	vcpu_inject(v, gp(0));
	run_to(v, reason, ENTRY_OF(GP_VECTOR));
	close_windows(v);
	run_to_end(v);
}

CASE(nmi_window_injected_gp, "V48",
     "the NMI window exits at the first instruction of the handler of an injected #GP", WINDOWS)
{
	struct vcpu *v = start();

	open_nmi_window(v);
	exit_at_gp_entry(v, EXIT_NMI_WINDOW);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       EXIT(NMI_WINDOW, AT(ENTRY_OF(GP_VECTOR)), NO_EVENT), ENTRY(AT(ENTRY_OF(GP_VECTOR))));
}

CASE(timer_injected_gp, "V48",
     "a preemption timer of 0 exits at the first instruction of the handler of an injected #GP",
     "SDM 3C, VMX-Preemption Timer")
{
	struct vcpu *v = start();

	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, 0);
	exit_at_gp_entry(v, EXIT_PREEMPTION_TIMER);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       EXIT(PREEMPTION_TIMER, AT(ENTRY_OF(GP_VECTOR)), NO_EVENT),
	       ENTRY(AT(ENTRY_OF(GP_VECTOR))));
}

CASE(nmi_window_injected_nmi, "V48",
     "an injected NMI closes the NMI window: it exits where the NMI's IRET leads to", WINDOWS)
{
	struct vcpu *v = start();

	open_nmi_window(v);
	vcpu_inject(v, nmi());
	run_to(v, EXIT_NMI_WINDOW, L);
	close_windows(v);
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(nmi())), NMI(AT(L)), EXIT(NMI_WINDOW, AT(L), NO_EVENT),
	       ENTRY(AT(L)));
}

/* --- V50-V53: blocking by STI and by MOV SS --- */

struct blocked_window {
	enum vmx_control window;
	enum exit_reason reason;
	u64 state;
};

static struct vcpu *start_blocked(const struct blocked_window *b)
{
	struct vcpu *v = start();

	if (b->window == VMX_NMI_WINDOW)
		open_nmi_window(v);
	else
		open_interrupt_window(v);
	vcpu_set_state(v, b->state);
	return v;
}

static void window_one_instruction_later(const void *argument)
{
	const struct blocked_window *b = argument;
	struct vcpu *v = start_blocked(b);

	run_to(v, b->reason, AFTER(L));
	close_windows(v);
	run_to_end(v);
	expect(WANT(WANT_EXIT, .reason = b->reason, AT(AFTER(L)), NOT_BLOCKED(b->state)),
	       ENTRY(AT(AFTER(L))));
}

CASE_WITH(interrupt_window_sti, "V53",
	  "blocking by STI closes the interrupt window for one instruction", WINDOWS,
	  window_one_instruction_later, blocked_window, VMX_INTERRUPT_WINDOW, EXIT_INTR_WINDOW,
	  STATE_BLOCKED_BY_STI);
CASE_WITH(interrupt_window_mov_ss, "V53",
	  "blocking by MOV SS closes the interrupt window for one instruction", WINDOWS,
	  window_one_instruction_later, blocked_window, VMX_INTERRUPT_WINDOW, EXIT_INTR_WINDOW,
	  STATE_BLOCKED_BY_MOV_SS);
/* The second source is kvm-unit-tests' vmx_nmi_window_test, which passes on processors. */
CASE_WITH(nmi_window_mov_ss, "V50", "blocking by MOV SS closes the NMI window for one instruction",
	  WINDOWS, window_one_instruction_later, blocked_window, VMX_NMI_WINDOW, EXIT_NMI_WINDOW,
	  STATE_BLOCKED_BY_MOV_SS);

/* Where the exit came, at once or one instruction later, both are legal. */
static void at_once_or_later(struct vcpu *v, enum exit_reason reason)
{
	run_to(v, reason, PLACE_ANY);
	close_windows(v);
	vcpu_intercept(v, INTERCEPT_NMI, false);
	vcpu_intercept(v, INTERCEPT_INTR, false);
	vmx_control(v, VMX_VIRTUAL_NMIS, false);
	lapic_eoi();
	run_to_end(v);
	check(the_scene()->out.rax == LOADED, "the first instruction was not executed");
#define EXIT_THERE(place) WANT(WANT_EXIT, .reason = reason, AT(place)), ENTRY(AT(place))
	expect_one_of(LEGAL("exits at once", EXIT_THERE(L)),
		      LEGAL("exits one instruction later", EXIT_THERE(AFTER(L))));
}

CASE(nmi_window_sti, "V50", "whether blocking by STI closes the NMI window is left open", WINDOWS)
{
	static const struct blocked_window b = { VMX_NMI_WINDOW, EXIT_NMI_WINDOW,
						 STATE_BLOCKED_BY_STI };

	at_once_or_later(start_blocked(&b), EXIT_NMI_WINDOW);
}

static void blocked_timer(const void *argument)
{
	struct vcpu *v = start();

	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, 0);
	vcpu_set_state(v, *(const u64 *)argument);
	at_once_or_later(v, EXIT_PREEMPTION_TIMER);
}

static void blocked_interrupt(const void *argument)
{
	struct vcpu *v = start();

	vcpu_intercept(v, INTERCEPT_INTR, true);
	require(vmx_offers(VMX_ACKNOWLEDGE_ON_EXIT),
		"acknowledging interrupts on exit (IA32_VMX_EXIT_CTLS bit 47)");
	vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, true);
	vcpu_set_state(v, *(const u64 *)argument);
	pend_irq(VEC);
	at_once_or_later(v, EXIT_INTR);
}

static void blocked_nmi(const void *argument)
{
	struct vcpu *v = start();

	vcpu_intercept(v, INTERCEPT_NMI, true);
	vcpu_set_state(v, *(const u64 *)argument);
	pend_nmi();
	at_once_or_later(v, EXIT_NMI);
}

static const u64 by_sti = STATE_BLOCKED_BY_STI, by_mov_ss = STATE_BLOCKED_BY_MOV_SS;

#define LEFT_OPEN(id, row, what, citation, run)                                                    \
	CASE_OF(id##_sti, row, "whether " what " exits under blocking by STI is left open",        \
		citation, run, &by_sti);                                                           \
	CASE_OF(id##_mov_ss, row, "whether " what " exits under blocking by MOV SS is left open",  \
		citation, run, &by_mov_ss)

LEFT_OPEN(timer, "V51", "an expired preemption timer", "SDM 3C, VMX-Preemption Timer",
	  blocked_timer);
LEFT_OPEN(interrupt, "V52", "an interrupt", BLOCKING, blocked_interrupt);
LEFT_OPEN(nmi, "V52", "an NMI", BLOCKING, blocked_nmi);

/* --- V63 --- */

CASE(mtf_hlt, "V63",
     "HLT with the monitor trap flag exits behind it; which activity state is saved is left open",
     "SDM 3C, Monitor Trap Flag")
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(HLT), NOP);
	v = start_with_interrupts_on();
	require(vmx_offers(VMX_MONITOR_TRAP_FLAG),
		"a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)");
	vmx_control(v, VMX_MONITOR_TRAP_FLAG, true);
	run_to(v, EXIT_MTF, AFTER(L));
	observed("activity state %u", vmx_activity(v));
	vmx_control(v, VMX_MONITOR_TRAP_FLAG, false);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	run_to_end(v);
	expect(EXIT(MTF, AT(AFTER(L))), ENTRY(AT(AFTER(L))));
}
