/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a case is written with. A case is a name, a row of the coverage table, a sentence, a
 * citation and a body; the body builds a scene, makes events pending, plays it and states what it
 * expects:
 *
 *	CASE(irq_before_ud, "A03", "a pending interrupt wins over the #UD of the next instruction",
 *	     "SDM 3A, Priority Among Concurrent Events")
 *	{
 *		scene(STI, NOP, L(UD2));
 *		pend_irq(VEC);
 *		play();
 *		expect(IRQ(VEC, AT(L)), UD(AT(L)));
 *	}
 *
 * A case's name is FAMILY "." id, and FAMILY is the name of its file, without ".c": the Makefile
 * gives it. Cases that differ in data only are rows of a TABLE. A case whose order depends on the
 * type of a gate comes twice, as CASE_BOTH_GATES: ID.interrupt_gate and ID.trap_gate. No other
 * macro makes up a part of an id, so that every id can be found by searching for its parts.
 */
#ifndef ORDEAL_CASE_H
#define ORDEAL_CASE_H

#include "scene/debug.h"
#include "machine/desc.h"
#include "machine/lapic.h"
#include "machine/nmi.h"
#include "machine/paging.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "scene/scene.h"
#include "stage/citations.h"
#include "stage/dialect.h"

struct test_case {
	const char *name;
	const char *row;
	const char *sentence;
	const char *citation;
	const char *twin; /* name of the native case that shows the same order, or NULL */
	void (*run)(const void *argument);
	const void *argument;
} __attribute__((aligned(64)));

/* The runner reads this array from the image: docs/results.md, "Cases, known before boot". */
_Static_assert(sizeof(struct test_case) == 64, "docs/results.md");

#define CASE_RECORD(variable, name_, row_, sentence_, citation_, twin_, variant, run_, argument_)  \
	static const struct test_case case_record_##variable IN_SOURCE_ORDER                       \
		__attribute__((section(".ordeal.cases"), used, aligned(64))) = {                   \
			.name = FAMILY "." name_ variant,                                          \
			.row = (row_),                                                             \
			.sentence = sentence_,                                                     \
			.citation = (citation_),                                                   \
			.twin = sizeof("" twin_) > 1 ? "" twin_ variant : NULL,                    \
			.run = (run_),                                                             \
			.argument = (argument_),                                                   \
		}

/*
 * A case whose body follows. An optional last argument is its native twin, the native case that
 * shows the same order: "shadow.sti_nop".
 */
#define CASE(id, row, sentence, citation, ...)                                                     \
	static void case_##id(const void *nothing);                                                \
	CASE_RECORD(id, #id, row, sentence, citation, __VA_ARGS__, "", case_##id, NULL);           \
	static void case_##id(const void *nothing __attribute__((unused)))

/*
 * Two cases with one body, which has a parameter @gate: the type of the gate that the order depends
 * on. @interrupt_gate and @trap_gate end @sentence: each case has a sentence of its own. A twin is
 * named without ".interrupt_gate" and ".trap_gate".
 */
#define CASE_BOTH_GATES(id, row, sentence, interrupt_gate, trap_gate, citation, ...)               \
	static void case_##id(enum gate_type gate);                                                \
	static void run_##id(const void *gate)                                                     \
	{                                                                                          \
		case_##id(*(const enum gate_type *)gate);                                          \
	}                                                                                          \
	RECORD_BOTH_GATES(id, row, sentence, interrupt_gate, trap_gate, citation, __VA_ARGS__);    \
	static void case_##id(enum gate_type gate)

#define RECORD_BOTH_GATES(id, row, sentence, interrupt_gate, trap_gate, citation, ...)             \
	CASE_RECORD(id##_interrupt_gate, #id, row, sentence interrupt_gate, citation, __VA_ARGS__, \
		    ".interrupt_gate", run_##id, &through_interrupt_gate);                         \
	CASE_RECORD(id##_trap_gate, #id, row, sentence trap_gate, citation, __VA_ARGS__,           \
		    ".trap_gate", run_##id, &through_trap_gate)
extern const enum gate_type through_interrupt_gate, through_trap_gate;

/*
 * A case that calls @function with a pointer to a const struct of the same name, initialized by
 * what follows: struct shadow_over { ... }; void shadow_over(const struct shadow_over *s).
 */
#define TABLE(id, row, sentence, citation, function, ...)                                          \
	static void run_##id(const void *nothing __attribute__((unused)))                          \
	{                                                                                          \
		static const struct function data = { __VA_ARGS__ };                               \
		function(&data);                                                                   \
	}                                                                                          \
	CASE_RECORD(id, #id, row, sentence, citation, , "", run_##id, NULL)

/* Two rows of a table, whose function has the type of the gate as a second parameter. */
#define TABLE_BOTH_GATES(id, row, sentence, interrupt_gate, trap_gate, citation, function, ...)    \
	static void run_##id(const void *gate)                                                     \
	{                                                                                          \
		static const struct function data = { __VA_ARGS__ };                               \
		function(&data, *(const enum gate_type *)gate);                                    \
	}                                                                                          \
	RECORD_BOTH_GATES(id, row, sentence, interrupt_gate, trap_gate, citation, )

/* How the sentences for both gates usually end: where the pending interrupt comes. */
#define AFTER_IRET_OF(what)                                                                        \
	"; the handler of " what                                                                   \
	" is entered through an interrupt gate, so that the interrupt waits for its IRET"
#define AT_HANDLER_OF(what)                                                                        \
	"; the handler of " what                                                                   \
	" is entered through a trap gate, so that the interrupt comes at its first instruction"

/* A vector in the middle of the range, and one of a higher and one of a lower class. */
enum {
	VEC_LOW = 0x30,
	VEC_SOFT = 0x50, /* the vector of the fragment INT 0x50 */
	VEC = 0x60,
	VEC_SAME_CLASS = 0x68,
	VEC_HIGH = 0x90,
	VEC_IN_IRR = 1 << VEC % 32, /* its bit in what READ_IRR leaves in R11 */
};

#define STEPS(...) ((const u16[]){ __VA_ARGS__ })

/*
 * Lays out the scene of this case, and returns it; see scene.h for what may be set on it before
 * play().
 */
#define scene(...) scene_of(STEPS(__VA_ARGS__), ARRAY_SIZE(STEPS(__VA_ARGS__)))
struct scene *scene_of(const u16 *steps, size_t n);

/* The scene of the case that is running, for helpers that are not handed it. */
struct scene *the_scene(void);

/* Address of a place of the scene, which is laid out already; 0 for a label that no step bears. */
u64 address_of(int place);

/* Plays the scene once, like play(), but the scene ends at CPL 3. */
void play_to_cpl3(void);

/*
 * Plays the scene once, all of it at CPL 3. Its landing needs IOPL 3: from in_rflags, or set by the
 * handler of a fault before it.
 */
void play_at_cpl3(void);

/* Instruction breakpoint @n (0..3) at a place of the scene, which is laid out already. */
void break_on(unsigned int n, int place);

/* The scene's ARM_TIMER starts the LAPIC timer, and VEC comes @ticks of its clock later, once. */
void prepare_timer(u32 ticks);

/* Makes an interrupt pending: IF=0, self-IPI, poll IRR until it is there, settle. Else ERROR. */
void pend_irq(u8 vector);

/*
 * Blocks NMIs, and makes one pending. An IRET unblocks them: the one that enters the scene, so that
 * the boundary is before the first step, or one of the scene's own after play_with_nmi_blocked().
 * Puts the NMI's gate back: change that gate after this.
 */
void pend_blocked_nmi(void);

/* Plays the scene without an IRET on the way in. in_rflags has IF=0 and TF=0. */
void play_with_nmi_blocked(void);

/* Writes an MSR that exists; its present value is restored before the next case. */
void set_msr(u32 index, u64 value);

/*
 * SYSCALL leads to @place and clears the flags in @mask; SYSRET leads to CPL 3. The MSRs are
 * written by set_msr().
 */
void syscall_to(int place, u64 mask);

/* Plays the scene once. Events since the case began stay in the log. */
void play(void);

/* Judges the trace so far against @wants; a case does this exactly once. */
#define WANTS(...)  ((const struct want[]){ __VA_ARGS__ })
#define expect(...) expect_trace(WANTS(__VA_ARGS__), ARRAY_SIZE(WANTS(__VA_ARGS__)))
void expect_trace(const struct want *wants, size_t n);

/*
 * Judges the trace against several orders, where the manuals allow more than one. It must be one of
 * them, and OBSERVED says which it was.
 */
struct order {
	const char *name;
	const struct want *wants;
	size_t n;
};
#define LEGAL(name, ...)                                                                           \
	{                                                                                          \
		name, WANTS(__VA_ARGS__), ARRAY_SIZE(WANTS(__VA_ARGS__))                           \
	}
#define expect_one_of(...)                                                                         \
	expect_order(((const struct order[]){ __VA_ARGS__ }),                                      \
		     ARRAY_SIZE(((const struct order[]){ __VA_ARGS__ })))
void expect_order(const struct order *orders, size_t n);

/*
 * Where an interrupt comes that is pending when @vector is delivered through @gate: at the
 * handler's first instruction, or where the handler returns to.
 */
static inline int first_open_returning(enum gate_type gate, u8 vector, int returns_to)
{
	return gate == TRAP_GATE ? ENTRY_OF(vector) : returns_to;
}

/* Where the interrupt comes if @vector is a fault, whose handler returns to the landing. */
static inline int first_open(enum gate_type gate, u8 vector)
{
	return first_open_returning(gate, vector, AFTER_IRET);
}

/*
 * How many of two orders are legal after a fault in the shadow of STI, or after the single-step
 * trap of STI: that delivery ended the shadow, and that the shadow outlived it and covers the
 * handler's first instruction, too. The first is the SDM's word ("STI-Set Interrupt Flag"). The APM
 * has a "single-instruction window" ("Interrupt Shadows") and does not say what closes it. It makes
 * no difference where the handler runs with IF=0.
 */
static inline size_t orders_after_shadow(enum gate_type gate)
{
	return gate == TRAP_GATE && cpu_is_amd() ? 2 : 1;
}

/* Fails the case unless @condition holds; the message says what was found. */
void check(bool condition, const char *format, ...) PRINTF(2, 3);

/* The case ends here as SKIP: @format says what would enable it. */
NORETURN void skip(const char *format, ...) PRINTF(1, 2);

/*
 * Unless @condition holds, the case ends here as SKIP. @what: what would enable it, and where the
 * CPU reports that: "VMX (CPUID 1 ECX bit 5)".
 */
void require(bool condition, const char *what);

/* The case ends here as ERROR: it could not be staged. */
NORETURN void error(const char *format, ...) PRINTF(1, 2);

/* What the manuals leave open: printed as a fingerprint, never judged. */
void observed(const char *format, ...) PRINTF(1, 2);

#endif
