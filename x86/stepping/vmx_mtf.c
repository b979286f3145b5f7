/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor trap flag: an exit at the first boundary after VM entry, whatever the entry or the
 * guest did to get there: an injected event, a pending interrupt, one iteration of a string
 * instruction, a fault. Its exit stands above debug traps, which it leaves pending.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"

static struct vcpu *start_monitored(void)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_MONITOR_TRAP_FLAG),
		"a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)");
	v = start_with_interrupts_on();
	vmx_control(v, VMX_MONITOR_TRAP_FLAG, true);
	return v;
}

/* Runs to the one MTF exit, at @place, and switches the flag off. */
static const struct guest_exit *trap_at(struct vcpu *v, int place)
{
	const struct guest_exit *exit = run_to(v, EXIT_MTF, place);

	vmx_control(v, VMX_MONITOR_TRAP_FLAG, false);
	return exit;
}

CASE(injected_gp, "V54",
     "the monitor trap flag exits at the first instruction of the handler of an injected #GP",
     MONITOR_TRAP_FLAG)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	v = start_monitored();
	vcpu_inject(v, gp(0));
	trap_at(v, ENTRY_OF(GP_VECTOR));
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)),
	       EXIT(MTF, AT(ENTRY_OF(GP_VECTOR)), NO_EVENT), ENTRY(AT(ENTRY_OF(GP_VECTOR))));
}

CASE(pending_interrupt, "V55",
     "the monitor trap flag exits at the first instruction of the handler of a pending interrupt, before any other instruction of the guest is executed",
     MONITOR_TRAP_FLAG)
{
	struct vcpu *v;

	scene(L(NOP), NOP, NOP);
	v = start_monitored();
	pend_irq(VEC);
	trap_at(v, ENTRY_OF(VEC));
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)), EXIT(MTF, AT(ENTRY_OF(VEC))), ENTRY(AT(ENTRY_OF(VEC))));
}

CASE(pending_debug, "V56",
     "the monitor trap flag exits at the first instruction of the handler of a pending debug exception",
     MONITOR_TRAP_FLAG)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(L(NOP), NOP, NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = start_monitored();
	vmx_set_pending_debug(v, PENDING_BS);
	trap_at(v, ENTRY_OF(DB_VECTOR));
	run_to_end(v);
	expect(DB(AT(L), TF(1)), EXIT(MTF, AT(ENTRY_OF(DB_VECTOR))),
	       ENTRY(AT(ENTRY_OF(DB_VECTOR))));
}

CASE(one_iteration, "V57",
     "the monitor trap flag exits after one iteration of a repeated string instruction",
     MONITOR_TRAP_FLAG)
{
	struct scene *s;
	enum { COUNT = 5 };
	struct vcpu *v;

	s = scene(L(REP_MOVSB), NOP);
	s->in.rsi = PLAY_WRITABLE;
	s->in.rdi = PLAY_WRITABLE + 1024;
	s->in.rcx = COUNT;
	v = start_monitored();
	trap_at(v, L);
	check(vcpu_gprs(v)->rcx == COUNT - 1, "RCX is %lu after one iteration of %d",
	      vcpu_gprs(v)->rcx, COUNT);
	run_to_end(v);
	expect(EXIT(MTF, AT(L)), ENTRY(AT(L)));
}

CASE(fault, "V58",
     "the monitor trap flag exits at the first instruction of the handler of #UD if the guest's first instruction is UD2",
     MONITOR_TRAP_FLAG)
{
	struct vcpu *v;

	scene(L(UD2), NOP);
	v = start_monitored();
	trap_at(v, ENTRY_OF(UD_VECTOR));
	run_to_end(v);
	expect(UD(AT(L)), EXIT(MTF, AT(ENTRY_OF(UD_VECTOR))), ENTRY(AT(ENTRY_OF(UD_VECTOR))));
}

CASE(mov_ss, "V59", "the monitor trap flag exits right after MOV SS, and saves blocking by MOV SS",
     MONITOR_TRAP_FLAG)
{
	struct vcpu *v;

	scene(L(MOV_SS), NOP, NOP);
	v = start_monitored();
	trap_at(v, AFTER(L));
	run_to_end(v);
	expect(EXIT(MTF, AT(AFTER(L)), BLOCKED(STATE_BLOCKED_BY_MOV_SS)), ENTRY(AT(AFTER(L))));
}

CASE(single_step, "V60",
     "the monitor trap flag exits before the single-step trap of an instruction; the trap stays pending, and comes before an interrupt when the guest goes on",
     MONITOR_TRAP_FLAG)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(L(NOP), M(NOP), NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = start_monitored();
	trap_at(v, M);
	pend_irq(VEC);
	run_to_end(v);
	expect(EXIT(MTF, AT(M)), ENTRY(AT(M)), DB(AT(M), TF(1), DR6(DR6_BS)),
	       IRQ(VEC, AT(ENTRY_OF(DB_VECTOR)), IF(1)));
}

CASE(exiting_instruction, "V61",
     "under the monitor trap flag an instruction that exits does so, and there is no MTF VM exit",
     MONITOR_TRAP_FLAG)
{
	struct vcpu *v;

	scene(L(CPUID), NOP);
	v = start_monitored();
	run_to(v, EXIT_CPUID, L);
	vmx_control(v, VMX_MONITOR_TRAP_FLAG, false);
	vcpu_skip_instruction(v);
	run_to_end(v);
	expect(EXIT(CPUID, AT(L)), ENTRY(AT(AFTER(L))));
}

CASE(software_interrupt, "V62",
     "the monitor trap flag exits at the first instruction of the handler of INT n",
     MONITOR_TRAP_FLAG)
{
	struct vcpu *v;

	scene(L(INT_50), NOP);
	v = start_monitored();
	trap_at(v, ENTRY_OF(VEC_SOFT));
	run_to_end(v);
	expect(INTN(VEC_SOFT, AT(AFTER(L))), EXIT(MTF, AT(ENTRY_OF(VEC_SOFT))),
	       ENTRY(AT(ENTRY_OF(VEC_SOFT))));
}

CASE(sti, "V64",
     "the monitor trap flag exits right after STI, and saves blocking by STI: a pending interrupt comes one instruction later",
     MONITOR_TRAP_FLAG)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_MONITOR_TRAP_FLAG),
		"a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)");
	scene(L(STI), NOP, M(NOP));
	v = hv_start();
	vmx_control(v, VMX_MONITOR_TRAP_FLAG, true);
	pend_irq(VEC);
	trap_at(v, AFTER(L));
	run_to_end(v);
	expect(EXIT(MTF, AT(AFTER(L)), BLOCKED(STATE_BLOCKED_BY_STI)),
	       ENTRY(AT(AFTER(L)), BLOCKED(STATE_BLOCKED_BY_STI)), IRQ(VEC, AT(M), IF(1)));
}

CASE(injected_mtf, "V40",
     "an injected MTF VM exit comes before a pending debug exception and the preemption timer, which follow in this order",
     "SDM 3C, Injection of Pending MTF VM Exits")
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_MONITOR_TRAP_FLAG),
		"a monitor trap flag (IA32_VMX_PROCBASED_CTLS bit 59)");
	s = scene(L(NOP), NOP, NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = start_with_interrupts_on();
	vmx_set_pending_debug(v, PENDING_BS);
	require(vmx_offers(VMX_PREEMPTION_TIMER),
		"a preemption timer (IA32_VMX_PINBASED_CTLS bit 38)");
	vmx_preemption_timer(v, 0);
	vcpu_inject(v, event_make(EVENT_OTHER, 0));
	run_to(v, EXIT_MTF, L);
	run_to(v, EXIT_PREEMPTION_TIMER, ENTRY_OF(DB_VECTOR));
	vmx_guard_timer(v);
	run_to_end(v);
	expect(ENTRY(AT(L), INJECT(event_make(EVENT_OTHER, 0))), EXIT(MTF, AT(L)), ENTRY(AT(L)),
	       DB(AT(L), TF(1), DR6(DR6_BS)), EXIT(PREEMPTION_TIMER, AT(ENTRY_OF(DB_VECTOR))),
	       ENTRY(AT(ENTRY_OF(DB_VECTOR))));
}
