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
 * A file of cases defines FAMILY first; the case's name is FAMILY "." name. Cases whose bodies
 * differ only in data share a function and give each case an argument (CASE_OF).
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
#include "stage/dialect.h"

struct test_case {
	const char *name;
	const char *row;
	const char *sentence;
	const char *citation;
	const char *twin; /* name of the native case that shows the same order, or NULL */
	void (*run)(const void *argument);
	const void *argument;
	u64 flags;
};

/* The runner reads this array from the image: docs/results.md, "Cases, known before boot". */
_Static_assert(sizeof(struct test_case) == 64, "docs/results.md");

#define CASE_RECORD(id, row_, sentence_, citation_, twin_, run_, argument_)                        \
	static const struct test_case case_record_##id IN_SOURCE_ORDER                             \
		__attribute__((section(".ordeal.cases"), used, aligned(64))) = {                   \
			.name = FAMILY "." #id,                                                    \
			.row = (row_),                                                             \
			.sentence = (sentence_),                                                   \
			.citation = (citation_),                                                   \
			.twin = (twin_),                                                           \
			.run = (run_),                                                             \
			.argument = (argument_),                                                   \
		}

/* A case whose body follows. */
#define CASE(id, row, sentence, citation)                                                          \
	static void case_##id(const void *argument);                                               \
	CASE_RECORD(id, row, sentence, citation, NULL, case_##id, NULL);                           \
	static void case_##id(const void *argument __attribute__((unused)))

/* A case that calls @run with @argument. */
#define CASE_OF(id, row, sentence, citation, run, argument)                                        \
	CASE_RECORD(id, row, sentence, citation, NULL, run, argument)

/* The same; the argument is a `struct type` of the initializers that follow. */
#define CASE_WITH(id, row, sentence, citation, run, type, ...)                                     \
	static const struct type case_data_##id = { __VA_ARGS__ };                                 \
	CASE_OF(id, row, sentence, citation, run, &case_data_##id)

/* The same for a case whose native twin is the case named @twin, "stories.sti_rdmsr_trap_gate". */
#define TWIN_OF(id, row, sentence, citation, twin, run, argument)                                  \
	CASE_RECORD(id, row, sentence, citation, twin, run, argument)

/* A vector in the middle of the range, and one of a higher and one of a lower class. */
enum {
	VEC_LOW = 0x30,
	VEC_SOFT = 0x50, /* the vector of the fragment INT 0x50 */
	VEC = 0x60,
	VEC_SAME_CLASS = 0x68,
	VEC_HIGH = 0x90,
};

#define STEPS(...) ((const u16[]){ __VA_ARGS__ })

/* Lays out the scene of this case; see scene.h for what may be set on it before play(). */
#define scene(...) scene_build(the_scene(), STEPS(__VA_ARGS__), ARRAY_SIZE(STEPS(__VA_ARGS__)))
struct scene *the_scene(void);

/* Address of a place of the scene, which is laid out already; 0 for a label that no step bears. */
u64 address_of(int place);

/* Plays it once, ending at CPL 3. Else as play(). */
void play_to_cpl3(void);

/*
 * Plays it once, all of it at CPL 3. Its landing needs IOPL 3: in in_rflags, or a fault before it.
 */
void play_at_cpl3(void);

/* Instruction breakpoint @n (0..3) at a place of the scene, which is laid out already. */
void break_on(unsigned int n, int place);

/* Makes an interrupt pending: IF=0, self-IPI, poll IRR until it is there, settle. Else ERROR. */
void pend_irq(u8 vector);

/*
 * Blocks NMIs, and makes one pending. An IRET opens: that which enters the scene, so that the
 * boundary is before the first step, or one of the scene's own after play_with_nmi_blocked(). Puts
 * the NMI's gate back: change that gate after this.
 */
void pend_blocked_nmi(void);

/* Plays the scene without an IRET on the way in. in_rflags has IF=0 and TF=0. */
void play_with_nmi_blocked(void);

/* Writes an MSR that exists; its value of now is back when the next case begins. */
void set_msr(u32 index, u64 value);

/* SYSCALL leads to @place and clears the flags in @mask; SYSRET leads to CPL 3. As set_msr(). */
void syscall_to(int place, u64 mask);

/* Plays the scene once. Events since the case began stay in the log. */
void play(void);

/* Judges the trace so far against @wants; a case does this exactly once. */
#define WANTS(...)  ((const struct want[]){ __VA_ARGS__ })
#define expect(...) expect_trace(WANTS(__VA_ARGS__), ARRAY_SIZE(WANTS(__VA_ARGS__)))
void expect_trace(const struct want *wants, size_t n);

/*
 * The same where the manuals allow more than one order: one of them it must be. Says which it was.
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
 * The events of a fault in the shadow of STI, then the interrupt VEC at @place: the first
 * instruction of the fault's handler, or AFTER_IRET. That delivery ends the shadow is the SDM's
 * word ("STI-Set Interrupt Flag"). The APM has a "single-instruction window" ("Interrupt Shadows")
 * and does not say whether a fault closes it, so that on AMD's processors it may cover the
 * handler's first instruction, too.
 */
#define expect_behind_shadow(place, ...)                                                           \
	do {                                                                                       \
		if (cpu_is_amd() && (place) != AFTER_IRET)                                         \
			expect_one_of(LEGAL("delivery ended the shadow", __VA_ARGS__,              \
					    IRQ(VEC, AT(place), IF(1))),                           \
				      LEGAL("the shadow outlived the delivery", __VA_ARGS__,       \
					    IRQ(VEC, IF(1))));                                     \
		else                                                                               \
			expect(__VA_ARGS__, IRQ(VEC, AT(place), IF(1)));                           \
	} while (0)

/* Fails the case unless @condition holds; the message says what was found. */
void check(bool condition, const char *format, ...) PRINTF(2, 3);

/* The case ends here as SKIP: @format says what would enable it. */
NORETURN void skip(const char *format, ...) PRINTF(1, 2);

/*
 * Unless @condition holds, the case ends here as SKIP. @what would enable it, and where the CPU
 * says whether it has that: "VMX (CPUID 1 ECX bit 5)".
 */
void require(bool condition, const char *what);

/* The case ends here as ERROR: it could not be staged. */
NORETURN void error(const char *format, ...) PRINTF(1, 2);

/* What the manuals leave open: printed as a fingerprint, never judged. */
void observed(const char *format, ...) PRINTF(1, 2);

/* Both types of gate, for cases that come in two variants. */
extern const enum gate_type interrupt_gate, trap_gate;

#endif
