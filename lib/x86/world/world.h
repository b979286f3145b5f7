/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated world: every combination of an opener, an instruction, what is pending,
 * breakpoints, gates and the rest, each with a name that stays:
 *
 *	STI.RDMSR.irq60.tg	opener, instruction, and a word for each axis that is not as usual
 *
 * All situations of one opener and one instruction are a block. A block lists them in a
 * fixed order, and leaves out what makes no difference in it, and what cannot be played.
 * What is outside the model's world only the model finds. In pairs another instruction than
 * NOP stands after the first: STI.CPUID.then-RDMSR.irq60.
 *
 * Pure: the guest and the host enumerate the same.
 */
#ifndef ORDEAL_WORLD_H
#define ORDEAL_WORLD_H

#include "model/situation.h"
#include "world/alphabet.h"

enum world_value {
#define AXIS(id, what)		    id##_USUAL,
#define VALUE(axis, id, word, what) axis##_##id,
#include "world/axes.def"
#undef AXIS
#undef VALUE
	WORLD_VALUES,
};

enum world_axis {
#define AXIS(id, what) AXIS_##id,
#define VALUE(axis, id, word, what)
#include "world/axes.def"
#undef AXIS
#undef VALUE
	AXIS_COUNT,
};

enum {
	WORLD_STEPS = 12,
	WORLD_NAME = 128,
	IRQ_VECTOR = 0x60,
	IRQ_SAME_CLASS = 0x68,
	IRQ_HIGH = 0x90,
	IRQ_WAKE = 0x70, /* of the timer, which ends a HLT that nothing else ends */
	TPR_CLASS = 6,
	REP_COUNT = 3,
	WORLD_DEPTH =
		3, /* combinations of so many axes are played in full, unless told otherwise */
};

enum opener_property {
	OPENER_SYSTEM = 1 << 0, /* for CPL 0 only */
	OPENER_TO_T = 1 << 1,	/* leads to T, which is the instruction */
	OPENER_TO_CPL3 = 1 << 2,
	OPENER_CALLS = 1 << 3, /* needs the MSRs of SYSCALL */
	OPENER_LOSES_RAX = 1 << 4,
	OPENER_LOSES_RCX = 1 << 5, /* and R11 */
};

enum preparation {
	PREPARE_KNOWN_MSR = 1 << 0,
	PREPARE_NEXT_IS_T = 1 << 1,
	PREPARE_SYSTEM = 1 << 2, /* for CPL 0 only */
	PREPARE_ENDS_IN_CPL3 = 1 << 3,
	PREPARE_CALLS = 1 << 4,	 /* needs the MSRs of SYSCALL, which lead to T */
	PREPARE_STRING = 1 << 5, /* R10=REP_COUNT; RSI and RDI are loaded from RBP */
	PREPARE_COUNT = 1 << 6,	 /* RCX=REP_COUNT */
	PREPARE_BEYOND = 1 << 7, /* R11=SEL_BEYOND */
	PREPARE_ABSENT = 1 << 8, /* R11=SEL_NOT_PRESENT */
	PREPARE_SAME_CR0 = 1 << 9,
	PREPARE_SAME_CR3 = 1 << 10,
	PREPARE_SELECTOR = 1 << 11,	 /* SEL_DATA lies at RBP */
	PREPARE_ABSENT_TARGET = 1 << 12, /* RDI leads to a page that is absent */
	PREPARE_KEEP_RCX = 1 << 13,	 /* RCX and R11 are loaded before the opener */
};

struct opener {
	const char *word;
	u32 rflags;
	u8 properties; /* enum opener_property */
	u8 step_count;
	u16 steps[4];
};

struct world_instruction {
	const char *word;
	u16 fragment;
	u16 preparation; /* enum preparation */
	u8 setup_count;
	u16 setup[2];
};

extern const struct opener openers[];
extern const size_t opener_count;
extern const struct world_instruction world_instructions[];
extern const size_t world_instruction_count;

/* One situation of the world, by its place on the axes. */
struct point {
	u8 opener, instruction;
	u8 values[AXIS_COUNT]; /* enum world_value */
};

/* Where everything lies, which differs between machines and the host. */
struct ground {
	struct situation situation; /* pages and registers; the rest is as it began */
	u64 steps;		    /* where the first step lies */
	u64 stubs, recorded;
	u32 stub_size;
	bool x2apic;
};

/* Why an opener and an instruction cannot stand together; NULL: they can. */
const char *world_excludes(unsigned int opener, unsigned int instruction);

/* Does it access a page of the playground on which CPL 3 would fault for want of the right? */
bool world_touches_playground(const struct world_instruction *instruction);

/* Does it need CPL 0 to mean anything? */
bool world_is_for_cpl0(const struct world_instruction *instruction);

/* Has the instruction, or the one after it, this effect? */
bool world_has_effect(const struct point *point, enum effect effect);

/* Both, of the instruction after it. */
bool world_follower_is_for_cpl0(const struct point *point);

/* Are the registers that the instruction after it uses as they were before the scene? */
bool world_follower_finds_registers(const struct point *point);

/* The first situation of a block. Nothing in it is unusual, and it always exists. */
void world_first(struct point *point, unsigned int opener, unsigned int instruction);

/* The next one of the same block in which at most @depth axes are not as usual; false: that was the
 * last. @pairs: with every instruction after it, which is not counted; else only with NOP. */
bool world_next(struct point *point, unsigned int depth, bool pairs);

/* The fragment after the instruction. */
u16 world_follower(const struct point *point);

/* Why this value makes no situation with the values of the axes before it; NULL: it does. */
const char *world_refuses(const struct point *point, unsigned int axis);

/* The next lower value of an axis, for those who make a situation smaller. */
enum world_value world_usual(unsigned int axis);

/* Appends the name. */
void world_name(struct text *text, const struct point *point);

/* A hash of the name: equal names have equal hashes on host and guest. */
u32 world_hash(const struct point *point);

/* The hashes of the beginnings of a name, which those that are enumerated next share. */
struct world_prefixes {
	bool known;
	struct point of;
	u32 hashes[AXIS_COUNT + 1]; /* up to each axis */
};

/* The same hash, of which only what differs from the point before is computed. */
u32 world_next_hash(struct world_prefixes *before, const struct point *point);

/* What a hypervisor may do with its guest: laws.def. */
enum law_name {
#define LAW(id, word, twin, sentence, wrong, citation) LAW_##id,
#include "world/laws.def"
#undef LAW
	LAW_COUNT,
};

/* Which situation bare hardware must be in, to show what the guest of a law sees. */
enum law_twin {
	TWIN_SAME,
	TWIN_AT_FAULT, /* that in which what is pending arrives AT_FAULT; but an NMI that is
			* blocked stays */
};

struct law_text {
	const char *word;
	enum law_twin twin;
	const char *sentence, *wrong, *citation;
};
extern const struct law_text law_texts[LAW_COUNT];

/* The law of this word; LAW_COUNT: there is none. */
enum law_name world_law(const char *word);

/* Makes the situation the twin that it has under this law. */
void world_twin(struct situation *situation, enum law_name law);

/* Which situations of a block are played: the same on host and guest. What is 0 limits nothing. */
struct world_selection {
	u32 sample, seed; /* one of @sample, by the hash of its name mixed with @seed */
	u32 depth;	  /* at most so many axes are not as usual */
	u32 axes;	  /* 1 << enum world_axis: only these are not as usual, and THEN */
	u64 then;	  /* 1 << (value - THEN_USUAL): with one of these after it; 0: with NOP */
	u32 from, to;	  /* of what is left, these places, from 1 */
	u32 place;	  /* how far the block is enumerated */
	struct world_prefixes before;
};

/* Is the next situation of a block one of the selection? Asked of each, in their order. */
bool world_takes(struct world_selection *selection, const struct point *point);

/* Reads "PENDING,TF", in capitals or not. Returns the word that is no axis, or NULL. */
const char *world_read_axes(const char *list, u32 *axes);

/* Reads "RDMSR,INT3" or "all". Returns the word that no instruction of THEN has, or NULL. */
const char *world_read_followers(const char *list, u64 *then);

/* What a name has of this value; NULL: nothing. */
const char *world_word(unsigned int value);

/* The name of an axis, as axes.def has it. */
const char *world_axis_name(unsigned int axis);

/* Two words as one number, of which every bit depends on all of both. */
u32 world_mix(u32 hash, u32 word);

/* The situation of this name. NULL, or what is wrong with the name, without its value. */
const char *world_find(const char *name, struct point *point);

/* The steps of a scene. Returns how many; *at: which is the instruction. */
size_t world_steps(u16 *steps, size_t *at, const struct point *point);

/* Have two situations the same steps? */
bool world_same_scene(const struct point *a, const struct point *b);

/* Fills in @layout and @situation, which points to it. */
void world_situation(struct situation *situation, struct layout *layout, const struct point *point,
		     const struct ground *ground);

/* Its two parts. All situations of a block have one layout, but for those of pairs. */
void world_layout(struct layout *layout, const struct point *point, const struct ground *ground);
void world_situation_on(struct situation *situation, struct layout *layout,
			const struct point *point, const struct ground *ground);

/* The vectors that the instruction may raise itself: their gates are those of FAULT_GATE. Returns
 * how many: at most WORLD_RAISED. */
enum { WORLD_RAISED = 3 };
size_t world_raised(u8 *vectors, const struct point *point);

#endif
