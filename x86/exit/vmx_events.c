/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an exit takes with it. An external interrupt that exits stays pending in the LAPIC unless
 * the exit acknowledges it; an NMI that exits is gone, and blocks NMIs in root; a #DB that exits
 * leaves DR6 alone and reports its causes in the exit qualification.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"

#define EXTERNAL_INTERRUPT "SDM 3C, Information for VM Exits Due to Vectored Events"

CASE(interrupt_stays_pending, "V65",
     "an external interrupt that exits without being acknowledged stays in IRR, and the exit names no vector",
     EXTERNAL_INTERRUPT)
{
	struct exit_details d;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	v = start_with_interrupts_on();
	vcpu_intercept(v, INTERCEPT_INTR, true);
	pend_irq(VEC);
	run_to(v, EXIT_INTR, L);
	d = vcpu_details(v);
	check(!d.interruption, "interruption information %#lx is valid", d.interruption);
	check(lapic_irr(VEC) && !lapic_isr(VEC), "IRR %d, ISR %d", lapic_irr(VEC), lapic_isr(VEC));
	vcpu_intercept(v, INTERCEPT_INTR, false);
	run_to_end(v);
	expect(EXIT(INTR, AT(L), NO_EVENT), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(interrupt_acknowledged, "V66",
     "an external interrupt that the exit acknowledges is named by the exit, is in service, and is no longer pending",
     EXTERNAL_INTERRUPT)
{
	struct exit_details d;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP);
	v = start_with_interrupts_on();
	vcpu_intercept(v, INTERCEPT_INTR, true);
	require(vmx_offers(VMX_ACKNOWLEDGE_ON_EXIT),
		"acknowledging interrupts on exit (IA32_VMX_EXIT_CTLS bit 47)");
	vmx_control(v, VMX_ACKNOWLEDGE_ON_EXIT, true);
	pend_irq(VEC);
	run_to(v, EXIT_INTR, L);
	d = vcpu_details(v);
	check((u32)d.interruption == (u32)external(VEC), "interruption information is %#lx",
	      d.interruption);
	check(!lapic_irr(VEC) && lapic_isr(VEC), "IRR %d, ISR %d", lapic_irr(VEC), lapic_isr(VEC));
	run_to_end(v);
	expect(EXIT(INTR, AT(L), NO_EVENT), ENTRY(AT(L)));
}

CASE(irq_before_exiting_instruction, "V85",
     "an interrupt that is pending at an instruction that exits is served first; then the instruction exits, once",
     FAULTS_VS_EXITS "; " PRIORITY)
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(SELF_IPI, WAIT_IRR, STI, NOP, L(CPUID), M(NOP));
	v = hv_start();
	run_to(v, EXIT_CPUID, L);
	vcpu_skip_instruction(v);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)), EXIT(CPUID, AT(L)), ENTRY(AT(M)));
}

CASE(db_leaves_dr6, "V95",
     "a #DB that exits leaves DR6 as it was; the exit qualification reports its cause",
     "SDM 3C, Exit Qualification for Debug Exceptions; SDM 3C, Architectural State Before a VM Exit")
{
	struct scene *s;
	struct exit_details d;
	struct vcpu *v;
	u64 dr6;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(NOP, L(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	v = hv_start();
	vcpu_intercept_exceptions(v, 1 << DB_VECTOR);
	write_dr6(DR6_RESET);
	run_to(v, EXIT_EXCEPTION, L);
	dr6 = read_dr6();
	d = vcpu_details(v);
	check(dr6 == DR6_RESET, "DR6 became %#lx", dr6);
	check(d.qualification & DR6_BS, "the qualification is %#lx, without BS", d.qualification);
	vcpu_set(v, VCPU_RFLAGS, vcpu_get(v, VCPU_RFLAGS) & ~(u64)RFLAGS_TF);
	run_to_end(v);
	expect(EXIT(EXCEPTION, AT(L), NO_EVENT), ENTRY(AT(L)));
}
