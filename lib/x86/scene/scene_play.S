/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Onto the scene and back. scene_enter(scene, first, rsp) saves the caller's registers, loads those
 * of scene->in and flags, and goes to `first`. The landing jumps to scene_leave, or reaches it
 * through an interrupt gate from CPL 3; IF is 0 then, and every register may hold anything.
 */
#include "base/bits.h"
#include "machine/gprs.h"
#include "scene/scene_layout.h"

.macro save_caller
	push_callee_saved
	mov %rdi, playing_scene
	mov %rsp, caller_rsp
.endm

/* RDI holds the scene, which begins with the registers it wants. */
.macro load_registers
	for_each_gpr load_gpr
	load_gpr %rax, GPRS_RAX
	load_gpr %rdi, GPRS_RDI
.endm

.macro store_out register, offset
	mov \register, SCENE_OUT + \offset(%rdi)
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

/* An IRET would unblock NMIs. Here CPUID serializes instead, and RET goes to the scene. */
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
	for_each_gpr store_out
	store_out %rax, GPRS_RAX
	mov scratch_rdi, %rax
	store_out %rax, GPRS_RDI
	mov caller_rsp, %rsp
	mov $SEL_DATA, %eax		/* an interrupt from CPL 3 has loaded SS with null */
	mov %eax, %ss
	pushq $RFLAGS_FIXED
	popfq
	pop_callee_saved
	ret

.bss
.balign 8
playing_scene:	.skip 8
caller_rsp:	.skip 8
scratch_rdi:	.skip 8
