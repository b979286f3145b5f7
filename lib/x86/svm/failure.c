/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why VMRUN ended in VMEXIT_INVALID, in words: the rules of "Canonicalization and Consistency Checks"
 * and of "Event Injection" that the shim can break.
 */
#include "base/bits.h"
#include "svm/svm.h"

const char *svm_suspect_field(struct vcpu *v)
{
	const struct vmcb *c = &to_svm(v)->vmcb;
	u64 event = to_svm(v)->event_at_entry;

	if (!(c->efer & EFER_SVME))
		return "EFER.SVME is clear in the VMCB";
	if (!c->asid)
		return "ASID is 0";
	if (!(c->intercepts[1] & BIT(SVM_INTERCEPT_VMRUN % 32)))
		return "VMRUN is not intercepted";
	if (c->cr0 >> 32 || c->dr7 >> 32 || c->dr6 >> 32)
		return "bits 63:32 of CR0, DR6 or DR7 are not 0";
	if (!(event & EVENT_VALID))
		return "no rule that the shim knows";
	if (EVENT_TYPE(event) == 1 || EVENT_TYPE(event) > EVENT_SOFT_INT)
		return "EVENTINJ: a reserved type";
	if (EVENT_TYPE(event) == EVENT_EXCEPTION &&
	    (EVENT_VECTOR(event) == NMI_VECTOR || EVENT_VECTOR(event) > 31))
		return "EVENTINJ: an exception with vector 2 or above 31";
	return "no rule that the shim knows";
}
