/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image may give up anywhere: in VMX operation, in a guest of its own, with GIF=0, in a handler
 * of NMI. escape() leads back to a processor in root that can start another image. What it tries
 * raises #UD or #GP where it means nothing, and is then skipped.
 *
 * A guest's VMCALL or VMMCALL exits to the image's shim, which does not expect it and gives up in
 * its turn, so that escape() is called once more, in root.
 */
#include "base/bits.h"
#include "loader/selectors.h"

#define NMI		2
#define UD		6
#define GP		13
#define GATES		(GP + 1)
#define INTERRUPT_GATE	0x8e00
#define NO_HYPERCALL	-1
#define SKIPPED		3	/* the size of VMCALL, VMMCALL, VMXOFF and STGI */

.text
.code64
.globl escape
escape:
	xor %eax, %eax
	mov %rax, %dr7
	lea gdt(%rip), %rax
	mov %rax, gdt_pointer + 2(%rip)
	lgdt gdt_pointer(%rip)
	push $CODE64
	lea 1f(%rip), %rax
	push %rax
	lretq
1:	mov $DATA, %eax
	mov %eax, %ss
	mov $NMI, %ecx
	lea come_back(%rip), %rax
	call set_gate
	mov $UD, %ecx
	lea skip(%rip), %rax
	call set_gate
	mov $GP, %ecx
	lea skip_behind_error(%rip), %rax
	call set_gate
	lea idt(%rip), %rax
	mov %rax, idt_pointer + 2(%rip)
	lidt idt_pointer(%rip)
	mov $NO_HYPERCALL, %rax
	vmcall
	mov $NO_HYPERCALL, %rax
	vmmcall
	vmxoff
	stgi
	/* IRET ends the blocking of NMIs. */
	mov %rsp, %rax
	push $DATA
	push %rax
	pushf
	push $CODE64
	lea 2f(%rip), %rax
	push %rax
come_back:
	iretq
2:	ret

skip_behind_error:
	add $8, %rsp
skip:	addq $SKIPPED, (%rsp)
	iretq

/* RAX: where the gate of vector ECX leads. */
set_gate:
	lea idt(%rip), %rdx
	shl $4, %ecx
	add %rcx, %rdx
	mov %ax, (%rdx)
	movw $CODE64, 2(%rdx)
	movw $INTERRUPT_GATE, 4(%rdx)
	shr $16, %rax
	mov %ax, 6(%rdx)
	shr $16, %rax
	mov %eax, 8(%rdx)
	movl $0, 12(%rdx)
	ret

.data
idt_pointer:
	.word GATES * 16 - 1
	.quad 0

.bss
.balign 16
idt:	.skip GATES * 16
