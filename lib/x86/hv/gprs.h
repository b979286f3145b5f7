/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assembly that loads and stores the guest's general registers, for both vendors' entry.S. RDI
 * holds the address of a struct gprs, whose offsets scene.c asserts; RDI itself and RAX are left to
 * the caller.
 */
#ifndef ORDEAL_HV_GPRS_H
#define ORDEAL_HV_GPRS_H

#include "scene/scene_layout.h"

/* clang-format would take this for C. */
/* clang-format off */
.macro for_each_gpr op
	\op	%r15, GPRS_R15
	\op	%r14, GPRS_R14
	\op	%r13, GPRS_R13
	\op	%r12, GPRS_R12
	\op	%r11, GPRS_R11
	\op	%r10, GPRS_R10
	\op	%r9, GPRS_R9
	\op	%r8, GPRS_R8
	\op	%rbp, GPRS_RBP
	\op	%rsi, GPRS_RSI
	\op	%rdx, GPRS_RDX
	\op	%rcx, GPRS_RCX
	\op	%rbx, GPRS_RBX
.endm

.macro load_gpr register, offset
	mov	\offset(%rdi), \register
.endm

.macro store_gpr register, offset
	mov	\register, \offset(%rdi)
.endm

.macro push_callee_saved
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro pop_callee_saved
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
.endm

#endif
