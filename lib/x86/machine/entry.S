/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One entry stub for each vector. Its first act is to append to the event log: six instructions to
 * reserve a slot, then fill it; only then is C called (handler.c), which decides where to return
 * to. An event that is delivered on one of the first six instructions is logged before this one;
 * trace.c puts that right.
 */
#include "machine/gprs.h"
#include "order/log_layout.h"

/* RSP is the address of struct frame, which begins with the registers. */
.macro save_gpr register, offset
	mov \register, \offset(%rsp)
.endm

.macro restore_gpr register, offset
	mov \offset(%rsp), \register
.endm

.text
.balign ENTRY_STUB_SIZE
.globl entry_stubs, entry_recorded
entry_stubs:
vector = 0
.rept 256
	.balign ENTRY_STUB_SIZE
	.if vector < 32 && (VECTORS_WITH_ERROR_CODE >> (vector & 31)) & 1
	.else
	pushq $0
	.endif
	.byte 0x68	/* push imm32, so that all stubs have one size */
	.long vector
	jmp record
	vector = vector + 1
.endr
	.balign ENTRY_STUB_SIZE

record:
	push %rax
	mov $1, %eax
	lock xadd %eax, event_log
entry_recorded:
	sub $GPRS_RAX, %rsp
	for_each_gpr save_gpr
	mov %rdi, GPRS_RDI(%rsp)
	cld
	mov %rsp, %rdi
	xor %esi, %esi
	cmp $LOG_CAPACITY, %eax
	jae 2f

	mov %eax, %esi
	shl $LOG_ENTRY_SHIFT, %rsi
	lea (event_log + LOG_ENTRIES)(%rsi), %rsi
	mov FRAME_VECTOR(%rdi), %rcx
	movw $LOG_KIND_DELIVERY, ENTRY_KIND(%rsi)
	movb %cl, ENTRY_VECTOR(%rsi)
	movb $0, ENTRY_IN_SERVICE(%rsi)
	movq $0, ENTRY_RESUME(%rsi)
	mov FRAME_ERROR(%rdi), %rax
	mov %rax, ENTRY_ERROR(%rsi)
	mov FRAME_RIP(%rdi), %rax
	mov %rax, ENTRY_RIP(%rsi)
	mov FRAME_CS(%rdi), %rax
	mov %rax, ENTRY_CS(%rsi)
	mov FRAME_RFLAGS(%rdi), %rax
	mov %rax, ENTRY_RFLAGS(%rsi)
	mov FRAME_RSP(%rdi), %rax
	mov %rax, ENTRY_RSP(%rsi)
	mov FRAME_SS(%rdi), %rax
	mov %rax, ENTRY_SS(%rsi)
	mov %cr2, %rax
	mov %rax, ENTRY_CR2(%rsi)

	/* RSP on our first instruction: the error code's slot if there is one, else RIP's. */
	lea FRAME_RIP(%rdi), %rdx
	cmp $32, %ecx
	jae 1f
	mov $VECTORS_WITH_ERROR_CODE, %eax
	bt %ecx, %eax
	jnc 1f
	sub $8, %rdx
1:	mov %rdx, ENTRY_FRAME(%rsi)

	/* DR6 only where it means something: with DR7.GD set, reading it would fault. Where #DB has
	 * not cleared that bit it still does; then #DB must not come on this stack from its top. */
	xor %eax, %eax
	cmp $1, %ecx
	jne 3f
	sub $16, %rsp
	sidt 6(%rsp)
	mov 8(%rsp), %rdx
	add $16, %rsp
	movzbl DB_GATE_IST(%rdx), %ecx
	movb $0, DB_GATE_IST(%rdx)
	mov %dr6, %rax
	mov %cl, DB_GATE_IST(%rdx)
3:	mov %rax, ENTRY_DR6(%rsi)

2:	mov %rsp, %rbp
	and $-16, %rsp
	call delivered
	mov %rbp, %rsp
	for_each_gpr restore_gpr
	mov GPRS_RDI(%rsp), %rdi
	mov GPRS_RAX(%rsp), %rax
	add $(GPRS_SIZE + 16), %rsp	/* and the vector and error code */
	iretq
