/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_enter(): into the guest by VMRUN, and back. A refused entry is an exit too (VMEXIT_INVALID).
 * GIF is 0 before VMRUN, which sets it for the guest, and 0 again from #VMEXIT on: root sees an
 * interrupt or NMI only in svm_gif_window() ("Global Interrupt Flag, STGI and CLGI Instructions").
 * Debug exceptions have a stack of their own, so RSP may lead through the guest's registers.
 */
#include "base/bits.h"
#include "hv/vcpu_layout.h"
#include "machine/gprs.h"

.text
.globl svm_enter, svm_opener, svm_opener_flags, svm_opener_sti, svm_vmrun, svm_returned
.globl svm_gif_window, svm_landmark, svm_gif_opened, svm_gif_closed
svm_enter:
	push_callee_saved
	mov	%rsp, VCPU_ROOT_RSP(%rdi)
	mov	%rdi, %rsp
	pop_gprs_but_rax
	pop	%rax			/* the guest's own RAX is in the VMCB */
	mov	FROM_ROOT_RSP(VCPU_CONTROL)(%rsp), %rax
	jmp	*FROM_ROOT_RSP(VCPU_OPENER)(%rsp)

svm_opener_sti:
	pushq	FROM_ROOT_RSP(VCPU_ROOT_RFLAGS)(%rsp)
	jmp	1f
svm_opener_flags:
	pushq	FROM_ROOT_RSP(VCPU_ROOT_RFLAGS)(%rsp)
	popfq				/* with TF=1, VMRUN is the first to trap */
svm_opener:
svm_vmrun:
	vmrun	%rax
svm_returned:
	jmp	svm_exited
1:	popfq
	sti
	vmrun	%rax

	/* #VMEXIT restores RAX and RSP, which points at v->root_rsp. */
svm_exited:
	push	%rax
	push_gprs_but_rax
	mov	VCPU_ROOT_RSP(%rsp), %rsp
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
