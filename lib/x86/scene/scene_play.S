/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Onto the scene and back. scene_enter(scene, first, rsp) saves the caller's registers, loads those
 * of scene->in and flags, and goes to `first`. The landing jumps to scene_leave, or reaches it
 * through an interrupt gate from CPL 3; IF is 0 then, and every register may hold anything.
 */
#include "base/bits.h"
#include "scene/scene_layout.h"

.macro save_caller
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rdi, playing_scene
	mov %rsp, caller_rsp
.endm

.macro load_registers
	mov SCENE_IN + GPRS_R15(%rdi), %r15
	mov SCENE_IN + GPRS_R14(%rdi), %r14
	mov SCENE_IN + GPRS_R13(%rdi), %r13
	mov SCENE_IN + GPRS_R12(%rdi), %r12
	mov SCENE_IN + GPRS_R11(%rdi), %r11
	mov SCENE_IN + GPRS_R10(%rdi), %r10
	mov SCENE_IN + GPRS_R9(%rdi), %r9
	mov SCENE_IN + GPRS_R8(%rdi), %r8
	mov SCENE_IN + GPRS_RBP(%rdi), %rbp
	mov SCENE_IN + GPRS_RSI(%rdi), %rsi
	mov SCENE_IN + GPRS_RDX(%rdi), %rdx
	mov SCENE_IN + GPRS_RCX(%rdi), %rcx
	mov SCENE_IN + GPRS_RBX(%rdi), %rbx
	mov SCENE_IN + GPRS_RAX(%rdi), %rax
	mov SCENE_IN + GPRS_RDI(%rdi), %rdi
.endm

.text
.globl scene_enter, scene_enter_without_iret, scene_leave
scene_enter:
	save_caller
	mov %rdx, %rsp
	/* The way in is an IRETQ: it loads RSP, RFLAGS and RIP together, and is serializing, as
	 * freshly written instructions need ("Handling Self- and Cross-Modifying Code"). */
	pushq SCENE_IN_SS(%rdi)
	push %rdx
	pushq SCENE_IN_RFLAGS(%rdi)
	pushq SCENE_IN_CS(%rdi)
	push %rsi
	load_registers
	iretq

/* The same while NMIs are blocked, which an IRET would end: CPUID serializes, RET leads on. */
scene_enter_without_iret:
	save_caller
	mov %rdx, %rsp
	push %rsi
	pushq SCENE_IN_RFLAGS(%rdi)
	xor %eax, %eax
	cpuid
	load_registers
	popfq
	ret

scene_leave:
	mov %rdi, scratch_rdi
	mov playing_scene, %rdi
	mov %r15, SCENE_OUT + GPRS_R15(%rdi)
	mov %r14, SCENE_OUT + GPRS_R14(%rdi)
	mov %r13, SCENE_OUT + GPRS_R13(%rdi)
	mov %r12, SCENE_OUT + GPRS_R12(%rdi)
	mov %r11, SCENE_OUT + GPRS_R11(%rdi)
	mov %r10, SCENE_OUT + GPRS_R10(%rdi)
	mov %r9, SCENE_OUT + GPRS_R9(%rdi)
	mov %r8, SCENE_OUT + GPRS_R8(%rdi)
	mov %rbp, SCENE_OUT + GPRS_RBP(%rdi)
	mov %rsi, SCENE_OUT + GPRS_RSI(%rdi)
	mov %rdx, SCENE_OUT + GPRS_RDX(%rdi)
	mov %rcx, SCENE_OUT + GPRS_RCX(%rdi)
	mov %rbx, SCENE_OUT + GPRS_RBX(%rdi)
	mov %rax, SCENE_OUT + GPRS_RAX(%rdi)
	mov scratch_rdi, %rax
	mov %rax, SCENE_OUT + GPRS_RDI(%rdi)
	mov caller_rsp, %rsp
	mov $SEL_DATA, %eax		/* coming from CPL 3, SS is null */
	mov %eax, %ss
	pushq $RFLAGS_FIXED
	popfq
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

.bss
.balign 8
playing_scene:	.skip 8
caller_rsp:	.skip 8
scratch_rdi:	.skip 8
