/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual interrupt that the guest's own instruction makes deliverable. Writing SELF IPI, TPR or
 * EOI evaluates pending virtual interrupts as part of the instruction, so that the interrupt comes
 * at the boundary after it: exactly there, for no real LAPIC takes time to respond. What such a
 * write makes exit exits there, too, and before a single-step trap, which stays pending.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vapic.h"

#define EVALUATION	 "SDM 3C, Evaluation of Pending Virtual Interrupts"
#define VIRTUAL_SELF_IPI "SDM 3C, Self-IPI Virtualization; SDM 3C, Virtual-Interrupt Delivery"
#define TRAP_LIKE	 "SDM 3C, APIC-Write VM Exits; " SAVED_STATE

static u32 x2apic_msr(enum lapic_register reg)
{
	return MSR_X2APIC + (reg >> 4);
}

/* The scene, laid out already, becomes a guest whose WRMSR is of @reg. */
static struct vcpu *start_writing(enum lapic_register reg, u64 value, u64 rflags)
{
	struct scene *s = the_scene();
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vapic_offers_delivery(), VAPIC_DELIVERY);
	s->in.rcx = x2apic_msr(reg);
	s->in.rax = value;
	s->in_rflags |= rflags;
	v = hv_start();
	vapic_start(v);
	return v;
}

CASE(sti_nop, "V102",
     "a virtual interrupt that is pending before STI comes after the instruction that follows STI",
     "SDM 3C, Virtual-Interrupt Delivery", "shadow.sti_nop")
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vapic_offers_delivery(), VAPIC_DELIVERY);
	scene(STI, NOP, L(NOP), NOP);
	v = hv_start();
	vapic_start(v);
	vapic_request(v, VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(self_ipi, "V103", "a virtualized self-IPI is delivered at the boundary right after its WRMSR",
     VIRTUAL_SELF_IPI)
{
	struct vcpu *v;

	scene(WRMSR, L(NOP), NOP);
	v = start_writing(LAPIC_SELF_IPI, VEC, RFLAGS_IF);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(self_ipi_in_shadow, "V106",
     "a virtualized self-IPI whose WRMSR stands in the shadow of STI is delivered right after the WRMSR",
     VIRTUAL_SELF_IPI)
{
	struct vcpu *v;

	scene(STI, WRMSR, L(NOP), NOP);
	v = start_writing(LAPIC_SELF_IPI, VEC, 0);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(self_ipi_stepped, "V107",
     "the single-step trap of a WRMSR that sends a virtualized self-IPI comes first, and the interrupt at the first instruction of the handler of #DB",
     VIRTUAL_SELF_IPI)
{
	struct scene *s;
	struct vcpu *v;

	s = scene(WRMSR, L(NOP), NOP);
	gate_type_set(DB_VECTOR, TRAP_GATE);
	v = start_writing(LAPIC_SELF_IPI, VEC, RFLAGS_IF | RFLAGS_TF);
	s->on_delivery = step_once;
	run_to_end(v);
	expect(DB(AT(L), TF(1), DR6(DR6_BS)), IRQ(VEC, AT(ENTRY_OF(DB_VECTOR)), IF(1)));
}

/* VTPR is of the vector's own class until @instruction lowers it. */
static void lower_tpr(u16 instruction)
{
	struct vcpu *v;

	scene(NOP, instruction, L(NOP), NOP);
	v = start_writing(LAPIC_TPR, 0, RFLAGS_IF);
	vapic_request(v, VEC);
	vapic_tpr(v, VEC >> 4);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(wrmsr_tpr, "V104",
     "a virtual interrupt that the TPR held back comes right after the WRMSR that lowers the TPR",
     EVALUATION)
{
	lower_tpr(WRMSR);
}

CASE(mov_cr8, "V104",
     "a virtual interrupt that the TPR held back comes right after the MOV to CR8 that lowers the TPR",
     EVALUATION)
{
	lower_tpr(MOV_TO_CR8);
}

static struct vcpu *start_eoi(void)
{
	struct vcpu *v;

	scene(NOP, WRMSR, L(NOP), NOP);
	v = start_writing(LAPIC_EOI, 0, RFLAGS_IF);
	vapic_in_service(v, VEC_HIGH);
	vapic_request(v, VEC);
	return v;
}

CASE(eoi, "V105",
     "a lower virtual interrupt comes right after the WRMSR that sends the EOI of a higher one",
     "SDM 3C, EOI Virtualization")
{
	struct vcpu *v = start_eoi();

	run_to_end(v);
	check(!vapic_serves(v, VEC_HIGH), "the higher one is still in service");
	expect(IRQ(VEC, AT(L), IF(1)));
}

CASE(eoi_exits, "V105",
     "a virtualized EOI that exits does so right after its WRMSR, before the virtual interrupt that it lets through",
     "SDM 3C, EOI Virtualization")
{
	struct vcpu *v = start_eoi();

	vapic_exit_on_eoi(v, VEC_HIGH);
	run_to(v, EXIT_VIRTUALIZED_EOI, L);
	check(vcpu_details(v).qualification == VEC_HIGH, "the exit qualification is %#lx",
	      vcpu_details(v).qualification);
	run_to_end(v);
	expect(EXIT(VIRTUALIZED_EOI, AT(L)), ENTRY(AT(L)), IRQ(VEC, AT(L), IF(1)));
}

CASE(hlt, "V109",
     "a virtual interrupt that is pending at an HLT in the shadow of STI is delivered after HLT",
     "SDM 3C, Virtual-Interrupt Delivery")
{
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vapic_offers_delivery(), VAPIC_DELIVERY);
	scene(STI, L(HLT), M(NOP));
	v = hv_start();
	vapic_start(v);
	vapic_request(v, VEC);
	run_to_end(v);
	expect(IRQ(VEC, AT(M), IF(1)));
}

/* --- Trap-like exits with TF=1 --- */

CASE(tpr_threshold_stepped, "V108",
     "an instruction that lowers the TPR below its threshold exits right after itself, before its single-step trap, which stays pending",
     TRAP_LIKE)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(MOV_TO_CR8, L(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	require(vapic_offers_tpr_shadow(), VAPIC_TPR_SHADOW);
	vapic_start_tpr_shadow(v, 8, 4);
	run_to(v, EXIT_TPR_THRESHOLD, L);
	check(vmx_pending_debug(v) & PENDING_BS, "pending debug exceptions are %#lx",
	      vmx_pending_debug(v));
	vapic_start_tpr_shadow(v, 0, 0);
	run_to_end(v);
	expect(EXIT(TPR_THRESHOLD, AT(L)), ENTRY(AT(L)), DB(AT(L), TF(1), DR6(DR6_BS)));
}

CASE(apic_write_stepped, "V108",
     "an instruction whose virtualized APIC write exits does so right after itself, before its single-step trap, which stays pending",
     TRAP_LIKE)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vapic_offers_memory_mapped(), VAPIC_MEMORY_MAPPED);
	s = scene(STORE_ICR, L(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	vcpu_gprs(v)->r13 = vapic_start_memory_mapped(v);
	run_to(v, EXIT_APIC_WRITE, L);
	check(vcpu_details(v).qualification == LAPIC_ICR_LOW, "the exit qualification is %#lx",
	      vcpu_details(v).qualification);
	check(vmx_pending_debug(v) & PENDING_BS, "pending debug exceptions are %#lx",
	      vmx_pending_debug(v));
	run_to_end(v);
	expect(EXIT(APIC_WRITE, AT(L)), ENTRY(AT(L)), DB(AT(L), TF(1), DR6(DR6_BS)));
}
