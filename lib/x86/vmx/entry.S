/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * int vmx_enter(struct gprs *guest, const u8 *opener): into the guest by the code at @opener, which
 * is one of the four below, and back. Returns 0 after a VM exit, else VMX_FAIL_INVALID or
 * VMX_FAIL_VALID. Between the exit and the return there is nothing but register stores: IF is 0 (a
 * VM exit clears RFLAGS), and it stays 0.
 */
#include "base/bits.h"
#include "machine/gprs.h"
#include "vmx/entry_layout.h"

.text
.globl vmx_enter, vmx_exited
.globl vmx_by_launch, vmx_by_resume, vmx_by_sti_launch, vmx_by_mov_ss_launch
vmx_enter:
	push_callee_saved
	push	%rdi
	mov	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	push	%rsi
	for_each_gpr load_gpr
	load_gpr %rax, GPRS_RAX
	load_gpr %rdi, GPRS_RDI
	ret					/* to one of the four */

vmx_by_launch:
	vmlaunch
	jmp	vmx_failed
vmx_by_resume:
	vmresume
	jmp	vmx_failed
vmx_by_sti_launch:
	sti
	vmlaunch
	cli					/* leaves CF and ZF alone */
	jmp	vmx_failed
vmx_by_mov_ss_launch:
	movw	root_ss, %ss
	vmlaunch

	/* The entry failed, and CF or ZF says how. RSP points at the address of the registers. */
vmx_failed:
	mov	$VMX_FAIL_INVALID, %eax
	jc	1f
	mov	$VMX_FAIL_VALID, %eax
1:	pop	%rdi
	pop_callee_saved
	ret

	/* A VM exit loads RSP from the host-state area: it points there, too. */
vmx_exited:
	push	%rdi
	mov	8(%rsp), %rdi
	store_gpr %rax, GPRS_RAX
	pop	%rax
	store_gpr %rax, GPRS_RDI
	for_each_gpr store_gpr
	pop	%rdi
	pop_callee_saved
	xor	%eax, %eax
	ret

.section .rodata
.balign 2
root_ss:	.word SEL_DATA
