/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_enter(): into the guest by VMRUN, and back. A refused entry is an exit too (VMEXIT_INVALID).
 * GIF is 0 from CLGI to VMRUN, which sets it for the guest, and 0 again from #VMEXIT on: root sees
 * an interrupt or NMI only in svm_gif_window() ("Global Interrupt Flag, STGI and CLGI
 * Instructions").
 */
#include "base/bits.h"
#include "machine/gprs.h"

.text
.globl svm_enter, svm_opener, svm_opener_sti, svm_vmrun, svm_returned
.globl svm_gif_window, svm_landmark, svm_gif_opened, svm_gif_closed
svm_enter:
	push_callee_saved
	push	%rdx
	push	%rdi
	clgi
	mov	%rdx, %rax
	vmsave	%rax
	push	%rcx
	push	%r8
	mov	%rsi, %rax		/* the guest's own RAX is in the VMCB */
	for_each_gpr load_gpr
	load_gpr %rdi, GPRS_RDI
	vmload	%rax
	ret				/* to one of the two */

svm_opener:
	popfq				/* with TF=1, VMRUN is the first to trap */
svm_vmrun:
	vmrun	%rax
svm_returned:
	jmp	svm_exited
svm_opener_sti:
	popfq
	sti
	vmrun	%rax

	/* #VMEXIT restores RAX and RSP, which points at the address of the registers. */
svm_exited:
	vmsave	%rax
	push	%rdi
	mov	8(%rsp), %rdi
	pop	%rax
	store_gpr %rax, GPRS_RDI
	for_each_gpr store_gpr
	pop	%rdi
	pop	%rax
	vmload	%rax
	pop_callee_saved
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
