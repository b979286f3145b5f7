/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The general registers: one list of them for everything that loads, stores or compares them all,
 * in assembly and in C. RSP is not among them.
 */
#ifndef ORDEAL_GPRS_H
#define ORDEAL_GPRS_H

/* Offsets in struct gprs (entry.h), in bytes */
#define GPRS_R15  0
#define GPRS_R14  8
#define GPRS_R13  16
#define GPRS_R12  24
#define GPRS_R11  32
#define GPRS_R10  40
#define GPRS_R9	  48
#define GPRS_R8	  56
#define GPRS_RBP  64
#define GPRS_RDI  72
#define GPRS_RSI  80
#define GPRS_RDX  88
#define GPRS_RCX  96
#define GPRS_RBX  104
#define GPRS_RAX  112
#define GPRS_SIZE 120

/* Without RDI, which often holds the address of the registers, and RAX, whose value often comes
 * from elsewhere. */
#define FOR_EACH_GPR_BUT_RDI_RAX(op)                                                               \
	op(r15, GPRS_R15) op(r14, GPRS_R14) op(r13, GPRS_R13) op(r12, GPRS_R12) op(r11, GPRS_R11)  \
		op(r10, GPRS_R10) op(r9, GPRS_R9) op(r8, GPRS_R8) op(rbp, GPRS_RBP)                \
			op(rsi, GPRS_RSI) op(rdx, GPRS_RDX) op(rcx, GPRS_RCX) op(rbx, GPRS_RBX)

#define FOR_EACH_GPR(op) FOR_EACH_GPR_BUT_RDI_RAX(op) op(rdi, GPRS_RDI) op(rax, GPRS_RAX)

#ifdef __ASSEMBLER__
/* clang-format would take this for C. */
/* clang-format off */
#define GPR_STATEMENT(name, offset) \op %name, offset;

/* Executes @op register, offset for each but RDI and RAX. */
.macro for_each_gpr op
	FOR_EACH_GPR_BUT_RDI_RAX(GPR_STATEMENT)
.endm

/* RDI holds the address of a struct gprs. */
.macro load_gpr register, offset
	mov	\offset(%rdi), \register
.endm

.macro store_gpr register, offset
	mov	\register, \offset(%rdi)
.endm

/*
 * A struct gprs as a stack: RSP points at its beginning before the one and after the other, and at
 * RAX, its last register, in between.
 */
.macro pop_gprs_but_rax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
.endm

.macro push_gprs_but_rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
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
/* clang-format on */
#endif

#endif
