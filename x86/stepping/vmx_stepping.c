/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single-stepping across an exit. An instruction that exits was not executed, so no trap of it is
 * pending: a hypervisor that completes it has to make the trap pending. And where blocking by STI
 * or MOV SS is in effect, TF=1 means that a trap is pending: VM entry checks it, so that a
 * hypervisor which injects the #DB that it has intercepted has to say so.
 */
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

#define CONSISTENCY "SDM 3C, Checks on Guest Non-Register State"

static struct vcpu *step_onto_rdmsr(void)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(L(RDMSR), M(NOP), T(NOP));
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	run_to(v, EXIT_RDMSR, L);
	check(!vmx_pending_debug(v), "pending debug exceptions are %#lx", vmx_pending_debug(v));
	vcpu_skip_instruction(v);
	return v;
}

CASE(completed_with_trap, "V86",
     "an RDMSR that exits with TF=1 leaves no single-step trap pending; a hypervisor that completes RDMSR and makes the trap pending gives the guest its #DB right after RDMSR",
     SAVED_STATE)
{
	struct vcpu *v = step_onto_rdmsr();

	vmx_set_pending_debug(v, PENDING_BS);
	run_to_end(v);
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(M)), DB(AT(M), TF(1), DR6(DR6_BS)));
}

CASE(completed_without_trap, "V86",
     "an RDMSR that exits with TF=1 leaves no single-step trap pending; a hypervisor that completes RDMSR without making the trap pending gives the guest its #DB one instruction too late",
     SAVED_STATE)
{
	run_to_end(step_onto_rdmsr());
	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(M)), DB(AT(T), TF(1), DR6(DR6_BS)));
}

CASE(data_breakpoint_of_mov_ss, "V87",
     "a data breakpoint that MOV SS meets stays pending while the next instruction exits, and #DB comes after that instruction",
     SAVED_STATE)
{
	const u64 kept = PENDING_B0 | PENDING_ENABLED_BREAKPOINT;
	struct vcpu *v;
	u64 pending;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	*(volatile u16 *)PLAY_WRITABLE = SEL_DATA;
	scene(MOV_SS_MEMORY, L(CPUID), M(NOP));
	watch(0, WATCH_ACCESS, PLAY_WRITABLE, 2);
	v = hv_start();
	run_to(v, EXIT_CPUID, L);
	pending = vmx_pending_debug(v);
	check((pending & kept) == kept, "pending debug exceptions are %#lx", pending);
	observed("BS is %d", !!(pending & PENDING_BS));
	vmx_set_pending_debug(v, kept);
	vcpu_set_state(v, 0);
	vcpu_skip_instruction(v);
	run_to_end(v);
	expect(EXIT(CPUID, AT(L), BLOCKED(STATE_BLOCKED_BY_MOV_SS)), ENTRY(AT(M)),
	       DB(AT(M), DR6(DR6_B0)));
}

/* --- Linux' KVM (b9bed78e2fa9) and Xen (advisory 308) found the check on processors --- */

struct inconsistent {
	u64 state;
	enum activity activity;
	int db_at;
};

static void inconsistent(const struct inconsistent *b)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	/* Else VM entry fails because of the activity state, whatever else is inconsistent. */
	require(vmx_offers_activity(b->activity), "the HLT activity state (IA32_VMX_MISC bit 6)");
	s = scene(L(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = start_with_interrupts_on();
	vcpu_set_state(v, b->state);
	vmx_set_activity(v, b->activity);
	run_to(v, EXIT_ENTRY_FAILED, PLACE_ANY);
	vmx_set_pending_debug(v, PENDING_BS);
	run_to_end(v);
	expect(EXIT(ENTRY_FAILED), ENTRY(AT(L)), DB(AT(b->db_at), TF(1), DR6(DR6_BS)));
}

#define INCONSISTENT(what)                                                                         \
	"VM entry with TF=1 and " what " fails unless a single-step trap is pending"

TABLE(blocked_by_sti, "V29", INCONSISTENT("blocking by STI"), CONSISTENCY, inconsistent,
      .state = STATE_BLOCKED_BY_STI, .db_at = L);
TABLE(blocked_by_mov_ss, "V29", INCONSISTENT("blocking by MOV SS"), CONSISTENCY, inconsistent,
      .state = STATE_BLOCKED_BY_MOV_SS, .db_at = AFTER(L));
TABLE(halted, "V29", INCONSISTENT("the HLT activity state"), CONSISTENCY, inconsistent,
      .activity = ACTIVITY_HLT, .db_at = L);

/* STI is stepped; its #DB exits, and has left blocking by STI. */
static struct vcpu *intercept_step_of_sti(void)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(L(STI), M(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	vcpu_intercept_exceptions(v, 1 << DB_VECTOR);
	run_to(v, EXIT_EXCEPTION, M);
	check(!vmx_pending_debug(v), "pending debug exceptions are %#lx", vmx_pending_debug(v));
	vcpu_inject(v, exception(DB_VECTOR));
	return v;
}

#define STEPPED_STI EXIT(EXCEPTION, AT(M), NO_EVENT, BLOCKED(STATE_BLOCKED_BY_STI))
#define INJECTED_DB ENTRY(AT(M), INJECT(exception(DB_VECTOR)))

CASE(step_of_sti, "V96",
     "a #DB that exits in the shadow of STI can be injected if the single-step trap is made pending, too: the guest sees one #DB",
     CONSISTENCY)
{
	struct vcpu *v = intercept_step_of_sti();

	vmx_set_pending_debug(v, PENDING_BS);
	run_to_end(v);
	expect(STEPPED_STI, INJECTED_DB, DB(AT(M), TF(1), IF(1)));
}

CASE(step_of_sti_not_pending, "V96",
     "a #DB that exits in the shadow of STI cannot be injected while no single-step trap is pending: VM entry fails",
     CONSISTENCY)
{
	struct vcpu *v = intercept_step_of_sti();

	run_to(v, EXIT_ENTRY_FAILED, PLACE_ANY);
	expect(STEPPED_STI, INJECTED_DB, EXIT(ENTRY_FAILED));
}

CASE(int1_after_mov_ss, "V96",
     "an INT1 after a single-stepped MOV SS exits with blocking by MOV SS; it can be injected if the single-step trap is made pending, which then may follow or be lost",
     CONSISTENCY)
{
	struct scene *s;
	const u64 int1 = event_make(EVENT_PRIVILEGED_SOFT_EXCEPTION, DB_VECTOR);
	const struct want exit = EXIT(EXCEPTION, AT(L), NO_EVENT, BLOCKED(STATE_BLOCKED_BY_MOV_SS)),
			  entry = ENTRY(AT(L), INJECT(int1)), injected = DB(AT(M), TF(1));
	const struct order legal[] = {
		LEGAL("trap lost", exit, entry, injected),
		LEGAL("trap kept", exit, entry, injected, DB(AT(ENTRY_OF(DB_VECTOR)), DR6(DR6_BS))),
	};
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	s = scene(MOV_SS, L(INT1), M(NOP), NOP);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	v = hv_start();
	vcpu_intercept_exceptions(v, 1 << DB_VECTOR);
	run_to(v, EXIT_EXCEPTION, L);
	vcpu_intercept_exceptions(v, 0);
	vmx_set_pending_debug(v, PENDING_BS);
	vcpu_inject_software(v, int1, 1);
	run_to_end(v);
	expect_order(legal, ARRAY_SIZE(legal));
}
