/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int vmx_enter(struct vcpu *v): into the guest by the code at v->opener, which is one of the four
 * below, and back. Returns 0 after a VM exit, else VMX_FAIL_INVALID or VMX_FAIL_VALID. Between the
 * exit and the return there is nothing but register stores: IF is 0 (a VM exit clears RFLAGS), and
 * it stays 0. Of what may still come, NMIs and debug exceptions have stacks of their own, so RSP
 * may lead through the guest's registers.
 */
#include "base/bits.h"
#include "hv/vcpu_layout.h"
#include "machine/gprs.h"
#include "vmx/entry_layout.h"

.text
.globl vmx_enter, vmx_exited
.globl vmx_by_launch, vmx_by_resume, vmx_by_sti_launch, vmx_by_mov_ss_launch
vmx_enter:
	push_callee_saved
	mov	%rsp, VCPU_ROOT_RSP(%rdi)
	mov	%rdi, %rsp
	pop_gprs_but_rax
	pop	%rax
	jmp	*FROM_ROOT_RSP(VCPU_OPENER)(%rsp)

vmx_by_launch:
	vmlaunch
	jmp	1f
vmx_by_resume:
	vmresume
1:	mov	(%rsp), %rsp
	jmp	vmx_failed

	/* Where these two fail, an interrupt may come: not on the guest's registers. */
vmx_by_sti_launch:
	mov	(%rsp), %rsp
	sti
	vmlaunch
	cli					/* leaves CF and ZF alone */
	jmp	vmx_failed
vmx_by_mov_ss_launch:
	mov	(%rsp), %rsp
	movw	root_ss, %ss
	vmlaunch

	/* The entry failed, and CF or ZF says how. */
vmx_failed:
	mov	$VMX_FAIL_INVALID, %eax
	jc	1f
	mov	$VMX_FAIL_VALID, %eax
1:	pop_callee_saved
	ret

	/* A VM exit loads RSP from the host-state area: it points at v->root_rsp. */
vmx_exited:
	push	%rax
	push_gprs_but_rax
	mov	VCPU_ROOT_RSP(%rsp), %rsp
	pop_callee_saved
	xor	%eax, %eax
	ret

.section .rodata
.balign 2
root_ss:	.word SEL_DATA
