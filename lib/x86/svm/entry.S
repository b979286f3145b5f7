/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int svm_enter(struct vcpu *v): into the guest by VMRUN, and back. Always returns 0: a refused
 * entry is an exit too (VMEXIT_INVALID). GIF is 0 from CLGI to VMRUN, which sets it for the guest,
 * and 0 again from #VMEXIT on: root sees an interrupt or NMI only in svm_gif_window() ("Global
 * Interrupt Flag, STGI and CLGI Instructions").
 *
 * void svm_gif_window(u64 rflags, void (*before)(void), void (*after)(void)): loads RFLAGS and
 * calls @before while GIF is 0; then opens GIF, and calls @after.
 */
#include "base/bits.h"
#include "hv/gprs.h"

.text
.globl svm_enter, svm_opener, svm_opener_sti, svm_vmrun, svm_returned
.globl svm_gif_window, svm_landmark, svm_gif_opened, svm_gif_closed
svm_enter:
	push_callee_saved
	push	%rdi
	clgi
	mov	VCPU_HOST_PHYSICAL(%rdi), %rax
	vmsave	%rax
	pushq	VCPU_HOST_RFLAGS(%rdi)
	pushq	VCPU_HOST_OPENER(%rdi)

	for_each_gpr load_gpr
	mov	VCPU_CONTROL_PHYSICAL(%rdi), %rax	/* the guest's own RAX is in the VMCB */
	load_gpr %rdi, GPRS_RDI
	vmload	%rax
	ret					/* to one of the two */
svm_opener:
	popfq			/* with TF=1, VMRUN is the first to trap */
svm_vmrun:
	vmrun	%rax
svm_returned:
	jmp	1f
svm_opener_sti:
	popfq
	sti
	vmrun	%rax
1:	vmsave	%rax

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

svm_gif_window:
	push	%rbx
	mov	%rdx, %rbx
	push	%rdi
	popfq
	call	*%rsi
	stgi
svm_gif_opened:
	nop
	nop
	call	*%rbx
	clgi
svm_gif_closed:
	pushq	$RFLAGS_FIXED
	popfq
	pop	%rbx
	ret

svm_landmark:
	nop
	ret
