/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each fragment does to the model's processor. Its record is the end of its line in
 * order/fragments.def, in the words of instruction.c. A fragment without a record is not in the
 * model's world.
 */
#ifndef ORDEAL_MODEL_INSTRUCTION_H
#define ORDEAL_MODEL_INSTRUCTION_H

#include "base/bits.h"
#include "base/types.h"
#include "order/fragments.h"

/* When an instruction faults. The table of execute.c says what each of these looks at. */
enum condition {
	NEVER,
	ALWAYS,
	AT_CPL3,
	BEYOND_IOPL,	/* CPL > IOPL */
	MSR_REFUSED,	/* RCX or the value: the MSR is missing, the value is not legal */
	TASK_SWITCHED,	/* CR0.TS=1 */
	X87_PENDING,	/* an unmasked x87 error is pending */
	UNMASKED,	/* its SSE exception is unmasked */
	UNALIGNED,	/* CPL 3, CR0.AM=1, AC=1 */
	BAD_SELECTOR,	/* R11: beyond the GDT */
	ABSENT_SEGMENT, /* R11: not present */
	BAD_CR0,	/* RAX has a bit of 63:32 */
	BAD_CR8,	/* RAX has a bit of 63:4 */
	BAD_RSP,	/* RSP is not canonical */
	BAD_RETURN_CS,	/* the frame's CS lies beyond the GDT */
	STI_REFUSED,	/* CPL > IOPL, and PVI does not help or VIP=1 */
	GUARDED,	/* DR7.GD=1 */
	GUARDED_FIRST,	/* the same in CPL 3, where it comes before #GP */
	ON_AMD,		/* 64-bit mode of AMD does not have the instruction */
	BRANCH_ITSELF,	/* where a branch to a non-canonical address faults at itself */
};

struct fault {
	u8 condition; /* enum condition */
	u8 vector;
	bool selector_error; /* the error code is the selector; else 0, if the vector has one */
	bool decoding;	     /* class 9, not 10 */
};

enum base_register {
	BASE_RSI,
	BASE_RDI,
	BASE_RBP,
	BASE_R9,
	BASE_RSP,
	BASE_COUNT,
};

enum access_kind {
	ACCESS_NONE,
	ACCESS_READ,
	ACCESS_WRITE,
};

struct access {
	u8 kind; /* enum access_kind */
	u8 base; /* enum base_register */
	u8 bytes;
};

/* What else an instruction does. */
enum effect {
	EFFECT_NONE,
	EFFECT_STI,
	EFFECT_CLI,
	EFFECT_MOV_SS,
	EFFECT_POPF,
	EFFECT_IRETQ,
	EFFECT_RET,
	EFFECT_SKIP_ONE, /* jumps over the next step */
	EFFECT_ELSEWHERE,
	EFFECT_NONCANONICAL, /* jumps where nothing can be */
	EFFECT_SYSCALL,
	EFFECT_SYSRET,
	EFFECT_SYSENTER,
	EFFECT_SOFTWARE, /* INT n, INT3, INT1 */
	EFFECT_HLT,
	EFFECT_MWAIT,
	EFFECT_WRMSR,
	EFFECT_CR8,
	EFFECT_STRING,	   /* one iteration, or all for which there is a REP */
	EFFECT_PUSH,	   /* @value */
	EFFECT_PUSH_FLAGS, /* the present ones */
	EFFECT_PUSH_T,	   /* RBX */
	EFFECT_PUSH_FRAME, /* of IRETQ: to RBX, @value are the flags, @selector is CS */
	EFFECT_POP,
	EFFECT_SYSRET_FRAME, /* RCX=RBX, R11=@value */
	EFFECT_SET_R11,	     /* R11 |= @value */
	EFFECT_RSP_RBP,
	EFFECT_RSP_BAD,
	EFFECT_MSR, /* RCX and the value become @value, enum msr_operand */
	EFFECT_X87_ERROR,
	EFFECT_MWAIT_BREAK, /* ECX[0]=1 */
	EFFECT_STRING_SETUP,
};

/* What RDMSR and WRMSR find in their registers. */
enum msr_operand {
	MSR_MISSING,
	MSR_GOOD,
	MSR_BAD_VALUE,
	MSR_SELF_IPI_HIGH, /* the SELF IPI register, and vector 0x90 */
};

struct instruction {
	bool known;
	bool several;	  /* several instructions: no event may come between them */
	bool serializing; /* "Serializing Instructions" */
	bool branch;	  /* taken, for BTF */
	bool rep;
	u8 effect; /* enum effect */
	u8 vector; /* EFFECT_SOFTWARE */
	u8 selector;
	u8 port_bytes;
	u16 port;
	u32 value;
	struct fault faults[3]; /* in order of priority */
	struct access access[2];
};

extern const struct instruction instructions[FRAGMENT_COUNT];

#endif
