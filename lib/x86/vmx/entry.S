/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int vmx_enter(struct vcpu *v): into the guest by VMLAUNCH or VMRESUME, and back. Returns 0 after
 * a VM exit, 1 after VMfailInvalid, 2 after VMfailValid ("Conventions" of chapter "VMX Instruction
 * Reference"). Between the exit and the return there is nothing but register stores: IF is 0 (a VM
 * exit clears RFLAGS), and it stays 0.
 */
#include "hv/gprs.h"

.text
.globl vmx_enter, vmx_exited
vmx_enter:
	push_callee_saved
	push	%rdi
	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax

	movw	%ss, root_ss
	cmpq	$VMX_BY_RESUME, VCPU_LAUNCHED(%rdi)	/* MOV below leaves the flags alone */
	for_each_gpr load_gpr
	load_gpr %rax, GPRS_RAX
	load_gpr %rdi, GPRS_RDI
	jb	1f				/* VMX_BY_LAUNCH */
	je	4f
	js	5f				/* VMX_BY_MOV_SS_LAUNCH */
	sti					/* VMX_BY_STI_LAUNCH */
	vmlaunch
	cli					/* leaves CF and ZF alone, too */
	jmp	2f
1:	vmlaunch
	jmp	2f
5:	movw	root_ss, %ss
	vmlaunch
	jmp	2f
4:	vmresume

	/* Still here: the entry failed, and CF or ZF says how. The vcpu is on the stack. */
2:	mov	$1, %eax
	jc	3f
	mov	$2, %eax
3:	pop	%rdi
	pop_callee_saved
	ret

	/* A VM exit loads RSP from the host-state area: it points at the vcpu. */
vmx_exited:
	push	%rdi
	mov	8(%rsp), %rdi
	store_gpr %rax, GPRS_RAX
	pop	%rax
	store_gpr %rax, GPRS_RDI
	for_each_gpr store_gpr
	movq	$1, VCPU_LAUNCHED(%rdi)
	pop	%rdi
	pop_callee_saved
	xor	%eax, %eax
	ret

.bss
.balign 2
root_ss:	.skip 2
