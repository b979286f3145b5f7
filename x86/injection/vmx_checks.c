/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What VM entry refuses to inject. Some combinations of an event with the guest's state are refused
 * once the guest state is loaded, which is an exit; some events are wrong in themselves, and then
 * VMLAUNCH itself fails. Each case then mends the one thing that was wrong, and the guest is
 * entered: so that it was this that was refused.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"
#include "vmx/vmx.h"

#define GUEST_CHECKS   "SDM 3C, Checks on Guest Non-Register State"
#define CONTROL_CHECKS "SDM 3C, VM-Entry Control Fields"

static struct vcpu *start(void)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	scene(L(NOP), NOP, NOP);
	return start_with_interrupts_on();
}

/* --- Refused together with the guest's state --- */

struct refused_state {
	u64 event; /* 0: an interrupt is pending instead */
	bool if_clear;
	u64 state;
	enum activity activity;
	struct want delivered; /* once the state is mended */
};

static void require_what_it_needs(const struct refused_state *r)
{
	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers_activity(r->activity), "the HLT activity state (IA32_VMX_MISC bit 6)");
	if (r->state & STATE_BLOCKED_BY_NMI)
		require(vmx_offers(VMX_VIRTUAL_NMIS),
			"virtual NMIs (IA32_VMX_PINBASED_CTLS bit 37)");
}

static void refused_state(const struct refused_state *r)
{
	struct vcpu *v;

	require_what_it_needs(r);
	v = start();
	if (r->state & STATE_BLOCKED_BY_NMI) {
		vcpu_intercept(v, INTERCEPT_NMI, true);
		vmx_control(v, VMX_VIRTUAL_NMIS, true);
	}
	vcpu_set(v, VCPU_RFLAGS, RFLAGS_FIXED | (r->if_clear ? 0 : RFLAGS_IF));
	vcpu_set_state(v, r->state);
	vmx_set_activity(v, r->activity);
	if (r->event)
		vcpu_inject(v, r->event);
	else
		pend_irq(VEC);
	run_to(v, EXIT_ENTRY_FAILED, PLACE_ANY);
	vcpu_set(v, VCPU_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	vcpu_set_state(v, 0);
	vmx_set_activity(v, ACTIVITY_ACTIVE);
	if (r->event)
		vcpu_inject(v, r->event);
	run_to_end(v);
	if (r->event)
		expect(ENTRY(INJECT(r->event)), EXIT(ENTRY_FAILED), ENTRY(INJECT(r->event)),
		       r->delivered);
	else
		expect(EXIT(ENTRY_FAILED), ENTRY(AT(L)), r->delivered);
}

#define EXTERNAL     (EVENT_VALID | (u64)EVENT_INTR << 8 | VEC)
#define INJECTED_NMI (EVENT_VALID | (u64)EVENT_NMI << 8 | NMI_VECTOR)
#define REFUSED_TO_INJECT(what)                                                                    \
	"VM entry fails if it would inject " what "; once that is mended, it injects the same event"
#define REFUSED(what) "VM entry fails " what "; once that is mended, the guest is entered"

TABLE(interrupt_if_0, "V113", REFUSED_TO_INJECT("an interrupt into a guest with IF=0"),
      "SDM 3C, Checks on Guest RIP, RFLAGS, and SSP", refused_state, .event = EXTERNAL,
      .if_clear = true, .delivered = INTN(VEC, AT(L), IF(1)));
TABLE(interrupt_blocked_by_sti, "V113", REFUSED_TO_INJECT("an interrupt under blocking by STI"),
      GUEST_CHECKS, refused_state, .event = EXTERNAL, .state = STATE_BLOCKED_BY_STI,
      .delivered = INTN(VEC, AT(L), IF(1)));
TABLE(interrupt_blocked_by_mov_ss, "V113",
      REFUSED_TO_INJECT("an interrupt under blocking by MOV SS"), GUEST_CHECKS, refused_state,
      .event = EXTERNAL, .state = STATE_BLOCKED_BY_MOV_SS, .delivered = INTN(VEC, AT(L), IF(1)));
TABLE(nmi_blocked_by_mov_ss, "V113", REFUSED_TO_INJECT("an NMI under blocking by MOV SS"),
      GUEST_CHECKS, refused_state, .event = INJECTED_NMI, .state = STATE_BLOCKED_BY_MOV_SS,
      .delivered = NMI(AT(L)));
TABLE(nmi_blocked_by_nmi, "V113",
      REFUSED_TO_INJECT("an NMI under blocking by NMI, where NMIs are virtual"), GUEST_CHECKS,
      refused_state, .event = INJECTED_NMI, .state = STATE_BLOCKED_BY_NMI, .delivered = NMI(AT(L)));
TABLE(blocked_twice, "V114", REFUSED("under blocking by STI and by MOV SS at once"), GUEST_CHECKS,
      refused_state, .state = STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS,
      .delivered = IRQ(VEC, AT(L), IF(1)));
TABLE(blocked_by_sti_if_0, "V114", REFUSED("under blocking by STI with IF=0"), GUEST_CHECKS,
      refused_state, .if_clear = true, .state = STATE_BLOCKED_BY_STI,
      .delivered = IRQ(VEC, AT(L), IF(1)));
TABLE(hlt_blocked_by_sti, "V114", REFUSED("in HLT under blocking by STI"), GUEST_CHECKS,
      refused_state, .state = STATE_BLOCKED_BY_STI, .activity = ACTIVITY_HLT,
      .delivered = IRQ(VEC, AT(L), IF(1)));
TABLE(hlt_blocked_by_mov_ss, "V114", REFUSED("in HLT under blocking by MOV SS"), GUEST_CHECKS,
      refused_state, .state = STATE_BLOCKED_BY_MOV_SS, .activity = ACTIVITY_HLT,
      .delivered = IRQ(VEC, AT(L), IF(1)));

/* --- Refused by itself --- */

struct refused_event {
	u64 event;
	u32 length;
	u32 msr; /* 0, or the capability MSR whose bit @bit allows the event */
	u8 bit;
};

static void refused_event(const struct refused_event *r)
{
	struct vcpu *v;
	u64 error;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	if (r->msr && rdmsr(r->msr) >> r->bit & 1)
		skip("needs VMX that checks this (MSR %#x bit %u clear)", r->msr, r->bit);
	v = start();
	pend_irq(VEC);
	vmcs_write(v, ENTRY_INTERRUPTION_INFO, (u32)r->event);
	vmcs_write(v, ENTRY_INSTRUCTION_LENGTH, r->length);
	error = vmx_refusal(v);
	check(error == VMX_ERROR_CONTROLS, "VM-instruction error %lu", error);
	check(lapic_irr(VEC), "the interrupt was taken by an entry that was refused");
	vmcs_write(v, ENTRY_INTERRUPTION_INFO, 0);
	run_to_end(v);
	expect(IRQ(VEC, AT(L), IF(1)));
}

#define REFUSED_EVENT(what)                                                                        \
	"VMLAUNCH fails if " what " is to be injected, and a pending interrupt stays pending"

TABLE(nmi_vector_3, "V115", REFUSED_EVENT("an NMI of vector 3"), CONTROL_CHECKS, refused_event,
      .event = EVENT_VALID | (u64)EVENT_NMI << 8 | BP_VECTOR);
TABLE(exception_vector_32, "V115", REFUSED_EVENT("an exception of vector 32"), CONTROL_CHECKS,
      refused_event, .event = EVENT_VALID | (u64)EVENT_EXCEPTION << 8 | FIRST_IRQ_VECTOR);
TABLE(gp_without_error, "V115", REFUSED_EVENT("a #GP without its error code"), CONTROL_CHECKS,
      refused_event, .event = EVENT_VALID | (u64)EVENT_EXCEPTION << 8 | GP_VECTOR,
      .msr = MSR_VMX_BASIC, .bit = 56);
TABLE(ud_with_error, "V115", REFUSED_EVENT("a #UD with an error code"), CONTROL_CHECKS,
      refused_event, .event = EVENT_VALID | EVENT_HAS_ERROR | (u64)EVENT_EXCEPTION << 8 | UD_VECTOR,
      .msr = MSR_VMX_BASIC, .bit = 56);
TABLE(int_n_of_length_0, "V115", REFUSED_EVENT("an INT n of 0 bytes"), CONTROL_CHECKS,
      refused_event, .event = EVENT_VALID | (u64)EVENT_SOFT_INT << 8 | VEC_SOFT,
      .msr = MSR_VMX_MISC, .bit = 30);
