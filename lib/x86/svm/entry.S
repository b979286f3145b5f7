/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int svm_enter(struct vcpu *v): into the guest by VMRUN, and back. Always returns 0: a refused
 * entry is an exit too (VMEXIT_INVALID). GIF is 0 from CLGI to VMRUN, which sets it for the guest,
 * and 0 again from #VMEXIT on: root never sees an interrupt or NMI ("Global Interrupt Flag, STGI
 * and CLGI Instructions").
 */
#include "hv/gprs.h"

.text
.globl svm_enter
svm_enter:
	push_callee_saved
	push	%rdi
	clgi
	mov	VCPU_HOST_PHYSICAL(%rdi), %rax
	vmsave	%rax

	for_each_gpr load_gpr
	mov	VCPU_CONTROL_PHYSICAL(%rdi), %rax	/* the guest's own RAX is in the VMCB */
	load_gpr %rdi, GPRS_RDI
	vmload	%rax
	vmrun	%rax
	vmsave	%rax

	/* #VMEXIT restores RSP: it points at the vcpu. */
	push	%rdi
	mov	8(%rsp), %rdi
	pop	%rax
	store_gpr %rax, GPRS_RDI
	for_each_gpr store_gpr
	mov	VCPU_HOST_PHYSICAL(%rdi), %rax
	vmload	%rax
	pop	%rdi
	pop_callee_saved
	xor	%eax, %eax
	ret
