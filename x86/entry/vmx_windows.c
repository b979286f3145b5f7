/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can make a guest leave before its first instruction, and what holds it back: an injected
 * event, which is always delivered first; blocking by STI and MOV SS, which closes the interrupt
 * window and, by MOV SS, the NMI window for one instruction. The manual leaves open whether
 * blocking holds back the preemption timer, and interrupts and NMIs that exit. And an interrupt
 * that exits comes before the first instruction is even fetched.
 */
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

/* --- Before the first instruction is fetched --- */

/* An interrupt exits at a page that is not present; then the guest goes there. */
static void exit_before_fetch(bool with_breakpoint)
{
	struct scene *s;
	enum { NOTHING_FAULTED = 0x1234 };
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(L(NOP), NOP);
	scene_go_elsewhere(s, PLAY_NOT_PRESENT, FRAGMENT_NONE);
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

#define FETCH_FAULT EXCEPTION(PF_VECTOR, AT(ELSEWHERE), CR2(PLAY_NOT_PRESENT))

CASE(before_page_fault, "V46",
     "a pending interrupt exits before the #PF of fetching the first instruction, and CR2 is not touched",
     PRIORITY_TABLE)
{
	exit_before_fetch(false);
	expect(EXIT(INTR, AT(ELSEWHERE)), ENTRY(AT(ELSEWHERE)), FETCH_FAULT);
}

CASE(before_breakpoint, "V46",
     "a pending interrupt exits before the instruction breakpoint on the first instruction and the #PF of fetching it, which leave no trace; both come when the guest goes on",
     PRIORITY_TABLE)
{
	exit_before_fetch(true);
	expect(EXIT(INTR, AT(ELSEWHERE)), ENTRY(AT(ELSEWHERE)), DB(AT(ELSEWHERE), DR6(DR6_B0)),
	       FETCH_FAULT);
}

/* --- An injected event comes first --- */

CASE_BOTH_GATES(
	interrupt_window_injected_gp, "V48",
	"the interrupt window exits at the first boundary with IF=1 after an injected #GP, ",
	"delivered through an interrupt gate: that is where the handler of #GP returns to",
	"delivered through a trap gate: that is the first instruction of the handler of #GP",
	WINDOWS)
{
	int open = first_open(gate, GP_VECTOR);
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
     VMX_TIMER)
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
     "an injected NMI closes the NMI window, which exits where the handler of that NMI returns to",
     WINDOWS)
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

/* --- Blocking by STI and by MOV SS --- */

struct window_one_instruction_later {
	enum vmx_control window;
	enum exit_reason reason;
	u64 state;
};

static void window_one_instruction_later(const struct window_one_instruction_later *w)
{
	struct vcpu *v = start();

	if (w->window == VMX_NMI_WINDOW)
		open_nmi_window(v);
	else
		open_interrupt_window(v);
	vcpu_set_state(v, w->state);
	run_to(v, w->reason, AFTER(L));
	close_windows(v);
	run_to_end(v);
	expect(WANT(WANT_EXIT, .reason = w->reason, AT(AFTER(L)), NOT_BLOCKED(w->state)),
	       ENTRY(AT(AFTER(L))));
}

TABLE(interrupt_window_sti, "V53",
      "blocking by STI closes the interrupt window for one instruction", WINDOWS,
      window_one_instruction_later, VMX_INTERRUPT_WINDOW, EXIT_INTR_WINDOW, STATE_BLOCKED_BY_STI);
TABLE(interrupt_window_mov_ss, "V53",
      "blocking by MOV SS closes the interrupt window for one instruction", WINDOWS,
      window_one_instruction_later, VMX_INTERRUPT_WINDOW, EXIT_INTR_WINDOW,
      STATE_BLOCKED_BY_MOV_SS);
/* The second source is kvm-unit-tests' vmx_nmi_window_test, which passes on processors. */
TABLE(nmi_window_mov_ss, "V50", "blocking by MOV SS closes the NMI window for one instruction",
      WINDOWS, window_one_instruction_later, VMX_NMI_WINDOW, EXIT_NMI_WINDOW,
      STATE_BLOCKED_BY_MOV_SS);

/* --- What the manual leaves open: both orders are legal --- */

static void at_once_or_later(struct vcpu *v, enum exit_reason reason)
{
	const struct order legal[] = {
		LEGAL("exits at once", WANT(WANT_EXIT, .reason = reason, AT(L)), ENTRY(AT(L))),
		LEGAL("exits one instruction later",
		      WANT(WANT_EXIT, .reason = reason, AT(AFTER(L))), ENTRY(AT(AFTER(L)))),
	};

	run_to(v, reason, PLACE_ANY);
	close_windows(v);
	vcpu_intercept(v, INTERCEPT_NMI, false);
	vcpu_intercept(v, INTERCEPT_INTR, false);
	vmx_control(v, VMX_VIRTUAL_NMIS, false);
	lapic_eoi();
	run_to_end(v);
	check(the_scene()->out.rax == LOADED, "the first instruction was not executed");
	expect_order(legal, ARRAY_SIZE(legal));
}

CASE(nmi_window_sti, "V50",
     "blocking by STI may close the NMI window for one instruction, or leave it open", WINDOWS)
{
	struct vcpu *v = start();

	open_nmi_window(v);
	vcpu_set_state(v, STATE_BLOCKED_BY_STI);
	at_once_or_later(v, EXIT_NMI_WINDOW);
}

struct exits_while_blocked {
	enum exit_reason reason; /* EXIT_PREEMPTION_TIMER, EXIT_INTR or EXIT_NMI */
	u64 state;
};

static void exits_while_blocked(const struct exits_while_blocked *b)
{
	struct vcpu *v = start();

	if (b->reason == EXIT_PREEMPTION_TIMER) {
		require(vmx_offers(VMX_PREEMPTION_TIMER),
			"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
		vmx_preemption_timer(v, 0);
	} else if (b->reason == EXIT_INTR) {
		require(vmx_offers(VMX_ACKNOWLEDGE_ON_EXIT),
			"acknowledging interrupts on exit (IA32_VMX_EXIT_CTLS bit 47)");
		vcpu_intercept(v, INTERCEPT_INTR, true);
		vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, true);
	} else {
		vcpu_intercept(v, INTERCEPT_NMI, true);
	}
	vcpu_set_state(v, b->state);
	if (b->reason == EXIT_INTR)
		pend_irq(VEC);
	else if (b->reason == EXIT_NMI)
		pend_nmi();
	at_once_or_later(v, b->reason);
}

#define LEFT_OPEN(what, blocking)                                                                  \
	"under blocking by " blocking " " what                                                     \
	" causes its exit at VM entry, or one instruction later"

TABLE(timer_sti, "V51", LEFT_OPEN("an expired preemption timer", "STI"), VMX_TIMER,
      exits_while_blocked, EXIT_PREEMPTION_TIMER, STATE_BLOCKED_BY_STI);
TABLE(timer_mov_ss, "V51", LEFT_OPEN("an expired preemption timer", "MOV SS"), VMX_TIMER,
      exits_while_blocked, EXIT_PREEMPTION_TIMER, STATE_BLOCKED_BY_MOV_SS);
TABLE(interrupt_sti, "V52", LEFT_OPEN("a pending interrupt", "STI"), BLOCKING, exits_while_blocked,
      EXIT_INTR, STATE_BLOCKED_BY_STI);
TABLE(interrupt_mov_ss, "V52", LEFT_OPEN("a pending interrupt", "MOV SS"), BLOCKING,
      exits_while_blocked, EXIT_INTR, STATE_BLOCKED_BY_MOV_SS);
TABLE(nmi_sti, "V52", LEFT_OPEN("a pending NMI", "STI"), BLOCKING, exits_while_blocked, EXIT_NMI,
      STATE_BLOCKED_BY_STI);
TABLE(nmi_mov_ss, "V52", LEFT_OPEN("a pending NMI", "MOV SS"), BLOCKING, exits_while_blocked,
      EXIT_NMI, STATE_BLOCKED_BY_MOV_SS);

/* --- HLT --- */

CASE(mtf_hlt, "V63",
     "HLT under the monitor trap flag exits after HLT; the manual leaves open which activity state is saved",
     MONITOR_TRAP_FLAG)
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
