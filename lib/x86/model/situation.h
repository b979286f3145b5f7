/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that the model is told about a scene: where its steps lie, the processor's state on
 * the first of them, what is pending, and what the handlers do. A situation is data: a guest fills
 * one in from its machine, a host program from words.
 */
#ifndef ORDEAL_SITUATION_H
#define ORDEAL_SITUATION_H

#include "base/text.h"
#include "base/types.h"
#include "model/habits.h"
#include "model/instruction.h"
#include "order/layout.h"

enum {
	SITUATION_GATES = 6,
	SITUATION_PAGES = 6,
	SITUATION_PENDING = 4,
	SITUATION_STACK = 5,
	SITUATION_ARRIVALS = 4,
	DEBUG_ADDRESSES = 4,
	CANNOT_BE = 0xffff, /* as a place: nowhere */
};

/* Top of the stack that a scene has by default, wherever it really lies. */
#define USUAL_STACK 0x72001000ul

/* A gate that is not as it is by default: an interrupt gate of DPL 0 on the usual stack. */
struct gate_state {
	u8 vector;
	bool trap, absent;
	bool unusable; /* of a reserved type */
	u8 ist;	       /* IST_* of base/bits.h */
	u8 dpl;
};

enum page_kind {
	PAGE_USUAL, /* may be read and written */
	PAGE_READ_ONLY,
	PAGE_ABSENT,
	PAGE_NO_EXECUTE,
};

struct page {
	u64 address;
	u8 kind; /* enum page_kind */
};

enum breakpoint_kind {
	BREAK_EXECUTE = 0,
	BREAK_WRITE = 1,
	BREAK_IO = 2,
	BREAK_ACCESS = 3,
};

struct breakpoint {
	bool armed;
	u8 kind; /* enum breakpoint_kind, as in DR7 */
	u8 bytes;
	u64 address;
};

/* Something that becomes pending only when the processor has come to a place. */
struct arrival {
	u8 vector; /* NMI_VECTOR: an NMI; 0: there is none */
	u16 place; /* PLACE_STEP | step: before it; PLACE_ENTRY | vector: in that handler, which
		    * sends it, the first time; AT_FAULT */
};

/* As the place of an arrival: when the first exception but #DB and #BP has been delivered, before
 * the first instruction of its handler. */
enum { AT_FAULT = PLACE_ENTRY | 0x100 };

/* State of the processor that is on or off. */
enum situation_state {
	STATE_AMD = 1 << 0, /* the vendor; else Intel */
	STATE_CR0_TS = 1 << 1,
	STATE_CR0_AM = 1 << 2,
	STATE_PVI = 1 << 3, /* CR4.PVI */
	STATE_NXE = 1 << 4, /* EFER.NXE */
	STATE_BTF = 1 << 5, /* DEBUGCTL.BTF */
	STATE_GD = 1 << 6,  /* DR7.GD */
	STATE_SSE_UNMASKED = 1 << 7,
	STATE_NMI_BLOCKED = 1 << 8, /* the scene is entered without IRET */
};

struct situation {
	const struct layout *layout;
	u16 state;  /* enum situation_state */
	u16 habits; /* enum handler_habit */
	u8 settled; /* 1 + enum choice: one question that is answered already; 0: none is */
	u8 settled_answer;
	u8 cpl;
	u32 rflags;
	u64 registers[BASE_COUNT];
	u64 rax, rbx, rcx, r10, r11;
	u8 msr; /* enum msr_operand */
	u64 cr2, lstar, sysenter_rip;
	u32 fmask;
	u64 stack[SITUATION_STACK]; /* what a case has put there: a frame for IRETQ */
	u8 stack_words;

	u8 pending[SITUATION_PENDING]; /* vectors in IRR, in no order; 0: none */
	u8 in_service[SITUATION_PENDING];
	u8 tpr_class;
	u8 timer; /* the vector that comes if the processor waits long enough; 0: nothing does */
	u8 nmis;  /* sent so far */
	struct arrival arrivals[SITUATION_ARRIVALS];

	struct gate_state gates[SITUATION_GATES];
	u8 gate_count;
	u16 idt_vectors; /* as far as the limit of the IDT reaches: 256 */
	struct breakpoint breakpoints[DEBUG_ADDRESSES];

	struct page pages[SITUATION_PAGES];
	u8 page_count;
	u64 absent_stack;   /* top of the stack IST_ABSENT, on a page that is absent */
	u16 elsewhere;	    /* the fragment there; FRAGMENT_NONE: nothing is */
	u8 elsewhere_bytes; /* of it, on the page where it begins */
};

/* Nothing is pending, gates and registers are as scene_build() leaves them, but for addresses. */
void situation_begin(struct situation *situation, const struct layout *layout);

/*
 * Appends the situation as words, which x86/explain takes for its arguments: the scene, and what of
 * the rest is not as situation_begin() has it. Addresses on the scene are written as places
 * ("step2", "landing", "handler13"), so that they mean the same wherever a scene lies.
 */
void situation_format(struct text *text, const struct situation *situation);

/* The words of situation_format(), bit by bit; NULL ends each list. */
extern const char *const state_words[], *const habit_words[], *const flag_words[];
extern const char *const msr_words[], *const breakpoint_words[], *const register_words[];
extern const u32 flag_bits[];

#endif
