/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a VM entry failed, in words: those of "VM-Instruction Error Numbers", and if the entry got as
 * far as the guest state, the rules of "Checks on Guest Non-Register State" that the shim can break.
 */
#include "base/bits.h"
#include "base/text.h"
#include "vmx/controls.h"
#include "vmx/vmx.h"

static const struct {
	u8 number;
	char text[43];
} instruction_errors[] = {
	{ 1, "VMCALL in root" },
	{ 4, "VMLAUNCH with a VMCS that is not clear" },
	{ 5, "VMRESUME with a VMCS that is not launched" },
	{ 7, "entry with invalid control field(s)" },
	{ 8, "entry with invalid host-state field(s)" },
	{ 12, "VMREAD or VMWRITE of an unsupported field" },
	{ VMX_ERROR_BLOCKED_BY_MOV_SS, "entry with events blocked by MOV SS" },
};

const char *vmx_entry_refused(int code)
{
	static char buffer[224];
	struct text t = TEXT(buffer);
	u64 error;

	if (code == VMX_FAIL_INVALID)
		return "VMfailInvalid: there is no current VMCS";
	error = vmread(VM_INSTRUCTION_ERROR);
	text_add(&t, "VM-instruction error %lu", error);
	for (size_t i = 0; i < ARRAY_SIZE(instruction_errors); i++)
		if (instruction_errors[i].number == error)
			text_add(&t, ", %s", instruction_errors[i].text);
	text_add(&t, " (pin %#lx, primary %#lx, exit %#lx, entry %#lx, event %#lx)",
		 vmread(PIN_BASED_CONTROLS), vmread(PRIMARY_CONTROLS), vmread(EXIT_CONTROLS),
		 vmread(ENTRY_CONTROLS), vmread(ENTRY_INTERRUPTION_INFO));
	return text_seal(&t);
}

const char *vmx_suspect_guest_state(struct vcpu *v)
{
	u64 state = vmcs_read(v, GUEST_INTERRUPTIBILITY), event = vmread(ENTRY_INTERRUPTION_INFO);
	u64 rflags = vmread(GUEST_RFLAGS), activity = vmread(GUEST_ACTIVITY);
	bool external = event & EVENT_VALID && EVENT_TYPE(event) == EVENT_INTR;
	bool is_nmi = event & EVENT_VALID && EVENT_TYPE(event) == EVENT_NMI;

	if (!(rflags & RFLAGS_FIXED))
		return "RFLAGS: bit 1 is clear";
	if (state & STATE_BLOCKED_BY_STI && state & STATE_BLOCKED_BY_MOV_SS)
		return "interruptibility: blocking by STI and by MOV SS at once";
	if (state & STATE_BLOCKED_BY_STI && !(rflags & RFLAGS_IF))
		return "interruptibility: blocking by STI while RFLAGS.IF is 0";
	if ((state & (STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS) ||
	     activity == ACTIVITY_HLT) &&
	    !(rflags & RFLAGS_TF) != !(vmread(GUEST_PENDING_DEBUG) & PENDING_BS))
		return "pending debug exceptions: BS is not TF under blocking by STI or MOV SS, or in HLT";
	if (external && !(rflags & RFLAGS_IF))
		return "an external interrupt is injected while RFLAGS.IF is 0";
	if (external && state & (STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS))
		return "an external interrupt is injected under blocking by STI or MOV SS";
	if (is_nmi && state & STATE_BLOCKED_BY_MOV_SS)
		return "an NMI is injected under blocking by MOV SS";
	if (activity == ACTIVITY_HLT && state & (STATE_BLOCKED_BY_STI | STATE_BLOCKED_BY_MOV_SS))
		return "activity HLT under blocking by STI or MOV SS";
	return "no rule that the shim knows";
}
