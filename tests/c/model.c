/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model: situations that a reader of the manuals can decide by hand, with all their legal
 * traces. Places on the scene, gates and the rest are written as x86/explain takes them.
 */
#include "check.h"

#include <string.h>

#include "near.h"
#include "notation.h"

static struct model model;
static struct question_asked asked;
static char buffer[4096];

/* All legal traces of a situation for one vendor, or "? " and why it is not modelled. */
static const char *legal_for(u16 vendor, const char *words)
{
	static char line[1024];
	struct text text = TEXT(buffer);
	const char *problem;
	char *word[64];

	strcpy(line, words);
	problem = read_question(&asked, word, split_words(line, word, 64));
	if (problem)
		return problem;
	asked.situation.state |= vendor;
	model_begin_with(&model, &asked.situation, asked.mutant, asked.profile);
	model_allow(&model, asked.quirks, QUIRK_COUNT);
	for (int n = 0; model_next(&model); n++) {
		text_add(&text, "%s", n ? " || " : "");
		model_format(&text, &model);
	}
	if (!model.unknown)
		return text_seal(&text);
	text = TEXT(buffer);
	text_add(&text, "? %s", model.unknown);
	return text_seal(&text);
}

#define INTEL(words, traces) CHECK_TEXT(legal_for(0, words), traces)
#define AMD(words, traces)   CHECK_TEXT(legal_for(STATE_AMD, words), traces)
#define BOTH(words, traces)                                                                        \
	do {                                                                                       \
		INTEL(words, traces);                                                              \
		AMD(words, traces);                                                                \
	} while (0)

/* --- model_follow() --- */

static struct model_event known[MODEL_EVENTS];
static size_t known_count;

static bool is_known(const struct model *m, size_t n)
{
	return n < known_count && !memcmp(&known[n], &m->events[n], sizeof(*known));
}

/* Whoever follows one of the legal traces is given that one, as often as it is legal: once. */
static void follow(void)
{
	u64 hashes[MODEL_LEGAL_MAX];
	size_t count = 0;

	legal_for(STATE_AMD, "'STI; L: NOP; NOP' --pending nmi,irq60 --flags tf --break L");
	model_begin(&model, &asked.situation);
	while (model_next(&model))
		hashes[count++] = model_hash(&model);
	CHECK(count > 2);
	for (size_t i = 0; i < count; i++) {
		size_t first = i % 2;

		model_begin(&model, &asked.situation);
		do
			CHECK(model_next(&model));
		while (model_hash(&model) != hashes[i]);
		known_count = model.count;
		memcpy(known, model.events, sizeof(known));
		model_begin(&model, &asked.situation);
		if (first) /* it is there before it is known what is followed */
			CHECK(model_next(&model));
		model_follow(&model, is_known);
		CHECK(model_next(&model) && model_hash(&model) == hashes[i]);
		CHECK(!model_next(&model) && !model.unknown);
	}
}

/* docs/ordering.md: S1 and N1 */
static void stories(void)
{
	BOTH("'STI; NOP; L: RDMSR' --pending irq60",
	     "IRQ(0x60)@RDMSR[if=1,rf=0]; #GP(0x0)@RDMSR[if=1,rf=1]");
	BOTH("'STI; L: RDMSR' --pending irq60",
	     "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@after IRET[if=1,rf=1]");
	INTEL("'STI; L: RDMSR' --pending irq60 --gate GP=trap",
	      "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@GP_ENTRY[if=1,rf=0]");
	AMD("'STI; L: RDMSR' --pending irq60 --gate GP=trap",
	    "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@GP_ENTRY[if=1,rf=0] || "
	    "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@GP_ENTRY+5[if=1,rf=0]");
}

/* "STI-Set Interrupt Flag": one boundary; none after POPF, IRET, SYSRET, or if IF was 1 */
static void shadow_of_sti(void)
{
	BOTH("'STI; NOP; L: PAUSE' --pending irq60", "IRQ(0x60)@PAUSE[if=1,rf=0]");
	BOTH("'STI; STI; L: NOP' --pending irq60", "IRQ(0x60)@NOP[if=1,rf=0]");
	BOTH("'STI; CLI; NOP' --pending irq60", "nothing");
	BOTH("'push flags with IF=1; POPF; L: NOP' --pending irq60", "IRQ(0x60)@NOP[if=1,rf=0]");
	BOTH("'push a frame for IRETQ to T with IF=1; IRETQ; UD2; T: NOP' --pending irq60",
	     "IRQ(0x60)@NOP[if=1,rf=0]");
	BOTH("'STI; HLT; L: NOP' --pending irq60", "IRQ(0x60)@NOP[if=1,rf=0]");
	BOTH("'STI; L: UD2' --pending irq60 --mutant STI_SHADOW",
	     "IRQ(0x60)@UD2[if=1,rf=0]; #UD@UD2[if=1,rf=1]");
}

/* "Masking Exceptions and Interrupts When Switching Stacks" */
static void shadow_of_mov_ss(void)
{
	BOTH("'MOV SS; NOP; L: PAUSE' --flags if --arrive irq60@step1",
	     "IRQ(0x60)@PAUSE[if=1,rf=0]");
	BOTH("'MOV SS; L: UD2'", "#UD@UD2[if=0,rf=1]");
	INTEL("'MOV SS from memory; NOP; L: PAUSE' --watch rbp/2:access",
	      "#DB@PAUSE[if=0,rf=0,dr6=0xffff0ff1,ist=2]");
	INTEL("'MOV SS from memory; INT3; L: NOP' --watch rbp/2:access",
	      "#BP@NOP[if=0,rf=0]; #DB@BP_ENTRY[if=0,rf=0,dr6=0xffff0ff1,ist=2]");
	INTEL("'MOV SS; L: NOP; PAUSE' --arrive nmi@L", "NMI@PAUSE[if=0,rf=0,ist=1]");
	AMD("'MOV SS; L: NOP; PAUSE' --arrive nmi@L",
	    "NMI@PAUSE[if=0,rf=0,ist=1] || NMI@NOP[if=0,rf=0,ist=1]");
	INTEL("'MOV SS; L: UD2' --flags tf",
	      "#UD@UD2[if=0,rf=1,tf=1] || "
	      "#UD@UD2[if=0,rf=1,tf=1]; #DB@UD_ENTRY[if=0,rf=0,dr6=0xffff4ff0,ist=2]");
}

/* "Priority Among Concurrent Events": 4, 5, 6, 7, 9 at one boundary */
static void ladder(void)
{
	const char *scene =
		"'push a frame for IRETQ to T with IF=1; push flags with TF=1; POPF; IRETQ; "
		"UD2; T: UD2' --pending irq60,nmi --state nmi-blocked --break T";
	const char *top =
		"#DB@UD2#2[if=1,rf=0,dr6=0xffff4ff0,ist=2]; NMI@DB_ENTRY[if=0,rf=0,ist=1]; "
		"IRQ(0x60)@UD2#2[if=1,rf=0]; "
		"#DB@UD2#2[if=1,rf=0,dr6=0xffff0ff1,ist=2]; #UD@UD2#2[if=1,rf=1]";
	const char *merged =
		"#DB@UD2#2[if=1,rf=0,dr6=0xffff4ff1,ist=2]; NMI@DB_ENTRY[if=0,rf=0,ist=1]; "
		"IRQ(0x60)@UD2#2[if=1,rf=0]; "
		"#DB@UD2#2[if=1,rf=0,dr6=0xffff0ff1,ist=2]; #UD@UD2#2[if=1,rf=1]";
	char both[1024];

	snprintf(both, sizeof(both), "%s || %s", top, merged);
	INTEL(scene, both);
	/* AMD: the trap may save RF=1, with which its IRET passes the breakpoint. */
	CHECK(strstr(legal_for(STATE_AMD, scene),
		     "IRQ(0x60)@UD2#2[if=1,rf=1]; #UD@UD2#2[if=1,rf=1]"));
	BOTH("'L: UD2' --flags if --pending irq60,nmi",
	     "NMI@UD2[if=1,rf=0,ist=1]; IRQ(0x60)@UD2[if=1,rf=0]; #UD@UD2[if=1,rf=1]");
}

/* "Single-Step Exception Condition", "Instruction-Breakpoint Exception Condition" */
static void debug_exceptions(void)
{
	INTEL("'STI; L: NOP; PAUSE' --flags tf --pending irq60 --handlers step-once",
	      "#DB@NOP[if=1,rf=0,tf=1,dr6=0xffff4ff0,ist=2]; IRQ(0x60)@NOP[if=1,rf=0]");
	BOTH("'L: UD2' --flags tf", "#UD@UD2[if=0,rf=1,tf=1]");
	BOTH("'L: NOP; M: PAUSE' --flags rf --break L --break M",
	     "#DB@PAUSE[if=0,rf=0,dr6=0xffff0ff2,ist=2]");
	BOTH("'L: NOP' --flags rf,if --break L --pending irq60", "IRQ(0x60)@NOP[if=1,rf=1]");
	INTEL("'MOV to memory; L: NOP' --watch rbp/4:write --flags if --arrive irq60@L",
	      "#DB@NOP[if=1,rf=0,dr6=0xffff0ff1,ist=2]; IRQ(0x60)@NOP[if=1,rf=0]");
	INTEL("'MOV to memory; L: NOP' --watch rbp/4:write --flags if --arrive irq60@L --gate DB=trap",
	      "#DB@NOP[if=1,rf=0,dr6=0xffff0ff1,ist=2]; IRQ(0x60)@DB_ENTRY[if=1,rf=0,ist=2]");
	BOTH("'MOV from memory; L: NOP' --watch rbp/4:write", "nothing");
	INTEL("'INT 0x50; L: NOP' --flags tf --handlers step-once",
	      "INT(0x50)@NOP[if=0,rf=0,tf=1]");
	AMD("'SYSRETQ; UD2; T: NOP' --set rcx=T --set r11=0x3102 --handlers step-once",
	    "#DB@NOP[if=0,rf=0,tf=1,cpl=3,dr6=0xffff4ff0,ist=2] || "
	    "#DB@NOP[if=0,rf=1,tf=1,cpl=3,dr6=0xffff4ff0,ist=2]");
}

/* "Handling Multiple NMIs" */
static void nmis(void)
{
	BOTH("'NOP; INT 0x50; L: PAUSE' --pending nmi --state nmi-blocked",
	     "INT(0x50)@PAUSE[if=0,rf=0]; NMI@PAUSE[if=0,rf=0,ist=1]");
	INTEL("'push a frame for IRETQ with a CS beyond the GDT; L: IRETQ' --pending nmi --state "
	      "nmi-blocked",
	      "#GP(0x58)@IRETQ[if=0,rf=1]; NMI@GP_ENTRY[if=0,rf=0,ist=1]");
	AMD("'push a frame for IRETQ with a CS beyond the GDT; L: IRETQ' --pending nmi --state "
	    "nmi-blocked",
	    "#GP(0x58)@IRETQ[if=0,rf=1]; NMI@GP_ENTRY[if=0,rf=0,ist=1] || "
	    "#GP(0x58)@IRETQ[if=0,rf=1]; NMI@after IRET[if=0,rf=1,ist=1]");
	BOTH("'L: NOP; PAUSE' --pending nmi,nmi,nmi", "NMI@NOP[if=0,rf=0,ist=1]");
	BOTH("'L: NOP' --pending nmi --arrive nmi@handler2",
	     "NMI@NOP[if=0,rf=0,ist=1]; NMI@NOP[if=0,rf=0,ist=1]");
	CHECK(strstr(
		legal_for(0, "'L: NOP' --flags if --pending nmi,irq60 --gate NMI=trap+ist1 "
			     "--arrive irq90@handler2 --choose irq-after-nmi=3"),
		"NMI@NOP[if=1,rf=0,ist=1]; IRQ(0x60)@0x0 (outside the scene)[if=1,rf=0,ist=1]; "
		"IRQ(0x90)@0x0"));
}

/* "General-Detect Exception Condition" does not rank it. */
static void general_detect(void)
{
	BOTH("'L: MOV from DR7' --state gd --choose rf-of-general-detect=0",
	     "#DB@MOV from DR7[if=0,rf=0,dr6=0xffff2ff0,ist=2]");
	BOTH("'L: MOV from DR7' --cpl 3 --state gd --choose rf-of-general-detect=0",
	     "#GP(0x0)@MOV from DR7[if=0,rf=1,cpl=3] || "
	     "#DB@MOV from DR7[if=0,rf=0,cpl=3,dr6=0xffff2ff0,ist=2]; "
	     "#GP(0x0)@MOV from DR7[if=0,rf=1,cpl=3]");
}

/* "Interrupt, Task, and Processor Priority" */
static void lapic(void)
{
	BOTH("'STI; NOP; L: PAUSE' --pending irq30,irq90 --handlers eoi",
	     "IRQ(0x90)@PAUSE[if=1,rf=0]; IRQ(0x30)@PAUSE[if=1,rf=0]");
	BOTH("'STI; NOP; L: PAUSE' --pending irq30,irq90", "IRQ(0x90)@PAUSE[if=1,rf=0]");
	BOTH("'STI; NOP; L: PAUSE' --pending irq60 --tpr 6", "nothing");
	BOTH("'STI; NOP; L: PAUSE' --pending irq60 --tpr 5", "IRQ(0x60)@PAUSE[if=1,rf=0]");
	BOTH("'STI; NOP; L: PAUSE' --pending irq60 --in-service irq90", "nothing");
	BOTH("'STI; HLT; L: NOP' --pending irq30 --tpr 3 --timer irq90",
	     "IRQ(0x90)@NOP[if=1,rf=0]");
}

/* "Error Code", "Double Fault Exception" */
static void deliveries_that_fault(void)
{
	BOTH("'STI; NOP; L: PAUSE' --pending irq60 --gate irq60=absent",
	     "#NP(0x303)@PAUSE[if=1,rf=1]");
	BOTH("'L: INT 0x50' --gate 0x50=absent", "#NP(0x282)@INT 0x50[if=0,rf=1]");
	INTEL("'L: UD2' --gate UD=absent", "#NP(0x33)@UD2[if=0,rf=1]");
	AMD("'L: UD2' --gate UD=absent", "#NP(0x33)@UD2[if=0,rf=1] || #NP(0x32)@UD2[if=0,rf=1]");
	BOTH("'L: MOV from a not-present page' --gate PF=absent",
	     "#DF(0x0)@MOV from a not-present page[if=0,rf=1,ist=3]");
	BOTH("'L: UD2' --gate UD=absent --gate NP=absent --gate DF=absent",
	     "? the delivery of #DF faults: the processor shuts down");
}

/* What the model does not know it says. */
static void unknown_worlds(void)
{
	BOTH("'HLT; L: NOP'", "? nothing ends the wait of HLT or MWAIT");
	BOTH("'STI; RSM'", "? an instruction of the scene has no record");
	BOTH("'push T; POP; POP'",
	     "? an instruction takes from the stack what the scene has not put there");
	BOTH("'STI; push a frame for IRETQ to T' --pending irq60",
	     "? an event may come inside a fragment of several instructions");
}

static void answers(void)
{
	const char *words = "'STI; MOV SS; L: NOP; M: PAUSE' --pending irq60";

	INTEL(words, "IRQ(0x60)@NOP[if=1,rf=0] || IRQ(0x60)@PAUSE[if=1,rf=0]");
	INTEL("'STI; MOV SS; L: NOP; M: PAUSE' --pending irq60 --choose mov-ss-after-sti=0",
	      "IRQ(0x60)@NOP[if=1,rf=0]");
	INTEL("'STI; MOV SS; L: NOP; M: PAUSE' --pending irq60 --choose mov-ss-after-sti=1",
	      "IRQ(0x60)@PAUSE[if=1,rf=0]");
	BOTH("'STI; MOV SS; MOV SS; L: NOP; M: PAUSE' --pending irq60 --choose mov-ss-after-sti=1 "
	     "--choose mov-ss-after-mov-ss=0",
	     "IRQ(0x60)@NOP[if=1,rf=0]");
	BOTH("'MOV SS; STI; L: NOP; M: PAUSE' --pending irq60 --choose mov-ss-after-sti=1 "
	     "--choose sti-after-mov-ss=0",
	     "IRQ(0x60)@NOP[if=1,rf=0]");
}

/* REP MOVSB that is stepped over its breakpoint: B0 may be in the #DB between two iterations. */
static void breakpoint_that_rf_passes(void)
{
	const char *words = "'L: REP MOVSB' --flags tf,rf --set rcx=2 --set rdi=rbp --break L";

	INTEL(words, "#DB@REP MOVSB[if=0,rf=1,tf=1,dr6=0xffff4ff0,ist=2]; "
		     "#DB@landing[if=0,rf=0,tf=1,dr6=0xffff4ff0,ist=2] || "
		     "#DB@REP MOVSB[if=0,rf=1,tf=1,dr6=0xffff4ff1,ist=2]; "
		     "#DB@landing[if=0,rf=0,tf=1,dr6=0xffff4ff0,ist=2]");
}

/* Two #DB at once would be on one interrupt stack: the one of the breakpoint reports both. */
static void breakpoint_behind_mov_ss(void)
{
	INTEL("'MOV SS from memory; L: NOP' --watch rbp/2:access --break L --choose "
	      "breakpoint-after-mov-ss=1 --choose kept-breakpoint-over-fault=1",
	      "#DB@NOP[if=0,rf=0,dr6=0xffff0ff3,ist=2]");
}

static void int1_behind_mov_ss(void)
{
	INTEL("'MOV SS from memory; INT1; L: NOP' --watch rbp/2:access --choose "
	      "kept-breakpoint-over-fault=1",
	      "#DB@NOP[if=0,rf=0,dr6=0xffff0ff1,ist=2]");
}

/* What situation_format() writes is the same situation when it is read again. */
static void written_and_read(void)
{
	static char first[2048], second[2048], line[2048];
	struct text a = TEXT(first), b = TEXT(second);
	char *words[64];

	CHECK(strstr(
		legal_for(STATE_AMD,
			  "'push T; STI; L: RET; T: NOP' --pending irq60,nmi --gate NMI=trap+ist1 "
			  "--break L --watch rbp+2/2:write --set msr=good --stack T --flags ac "
			  "--tpr 5 --arrive nmi@L --state nmi-blocked,ts --handlers eoi"),
		"#DB@RET"));
	situation_format(&a, &asked.situation);
	strcpy(line, text_seal(&a));
	CHECK(!read_question(&asked, words, split_words(line, words, 64)));
	situation_format(&b, &asked.situation);
	CHECK_TEXT(text_seal(&b), first);
}

static void bad_input(void)
{
	CHECK(strstr(legal_for(0, "'STI; RDMRS'"), "\"RDMRS\" is unknown; perhaps RDMSR"));
	CHECK(strstr(legal_for(0, "'STI' --pendign irq60"), "perhaps --pending"));
	CHECK(strstr(legal_for(0, "'STI' --pending irqq60"), "perhaps irq60"));
	CHECK(strstr(legal_for(0, "'STI' --gate GP=tarp"), "perhaps trap"));
	CHECK(strstr(legal_for(0, "'STI' --gate GPX=trap"), "perhaps GP"));
	CHECK(strstr(legal_for(0, "'STI' --state tz"), "perhaps ts"));
	CHECK(strstr(legal_for(0, "'STI' --pending"), "needs a value"));
	CHECK(strstr(legal_for(0, "--pending irq60"), "the first word is the scene"));
	CHECK(strstr(legal_for(0, "'STI' --choose eoi-opns=1"), "perhaps eoi-opens"));
	CHECK(strstr(legal_for(0, "'STI' --break K"), "is unknown"));
}

/* Each rule and choice says what it is and where that stands, by title. */
static void texts(void)
{
	for (size_t i = 1; i < RULE_COUNT; i++)
		CHECK(rules[i].name && rules[i].text[0] && strstr(rules[i].citation, ", "));
	for (size_t i = 0; i < CHOICE_COUNT; i++)
		CHECK(choices[i].answers[1] && strstr(choices[i].citation, ", "));
}

int main(void)
{
	follow();
	stories();
	shadow_of_sti();
	shadow_of_mov_ss();
	ladder();
	debug_exceptions();
	nmis();
	general_detect();
	lapic();
	deliveries_that_fault();
	unknown_worlds();
	answers();
	breakpoint_that_rf_passes();
	breakpoint_behind_mov_ss();
	int1_behind_mov_ss();
	written_and_read();
	bad_input();
	texts();
	return checks_done("model");
}
