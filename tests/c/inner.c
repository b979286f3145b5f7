/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of guests on the host: entries that are checked, events that they inject, the ladder,
 * and what an exit leaves for the next entry. Situations are written as x86/explain --guest takes
 * them.
 */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "guest.h"
#include "inner/inner.h"

enum { WORDS = 64 };

static struct question_asked asked;

/* The legal traces of a guest's situation, separated by " || ", or what is wrong with its words. */
static const char *legal_for(bool amd, const char *text)
{
	static char line[2048];
	char *words[WORDS];
	const char *problem;

	snprintf(line, sizeof(line), "%s", text);
	problem = read_guest(&asked, words, split_words(line, words, WORDS));
	return problem ? problem : guest_traces(&asked, amd);
}

#define VMX(words, traces) CHECK_TEXT(legal_for(false, words), traces)
#define SVM(words, traces) CHECK_TEXT(legal_for(true, words), traces)

/* "Special Features of VM Entry": each line alone with the next below it. */
static void ladder_of_vmx(void)
{
	VMX("'L: NOP' --entry tpr-below,init --entry init",
	    "EXIT(TPR_THRESHOLD)@NOP; ENTRY@NOP; EXIT(INIT)@NOP");
	VMX("'L: NOP' --entry init,inject=mtf --entry inject=mtf --entry plain",
	    "ENTRY(MTF)@NOP; EXIT(INIT)@NOP; ENTRY(MTF)@NOP; EXIT(MTF)@NOP; ENTRY@NOP");
	VMX("'L: NOP' --flags tf --handlers step-once --entry inject=mtf,debug=bs --entry plain",
	    "ENTRY(MTF)@NOP; EXIT(MTF)@NOP; ENTRY@NOP; "
	    "#DB@NOP[if=0,rf=0,tf=1,dr6=0xffff4ff0,ist=2]");
	VMX("'L: NOP' --flags tf --handlers step-once --entry debug=bs,timer-0 --entry plain",
	    "#DB@NOP[if=0,rf=0,tf=1,dr6=0xffff4ff0,ist=2]; EXIT(PREEMPTION_TIMER)@DB_ENTRY; "
	    "ENTRY@DB_ENTRY");
	VMX("'L: NOP' --entry timer-0,nmi-exits,virtual-nmis,nmi-window",
	    "EXIT(PREEMPTION_TIMER)@NOP");
	VMX("'L: NOP' --entry nmi-exits,virtual-nmis,nmi-window,nmi", "EXIT(NMI_WINDOW)@NOP");
	VMX("'L: NOP' --flags if --entry nmi-exits,nmi,intr-window --entry nmi-exits,intr-window",
	    "EXIT(NMI)@NOP; ENTRY@NOP; EXIT(INTR_WINDOW)@NOP");
	VMX("'L: NOP' --flags if --entry intr-window,intr-exits,irq60 --entry intr-exits --entry plain",
	    "EXIT(INTR_WINDOW)@NOP; ENTRY@NOP; EXIT(INTR)@NOP; ENTRY@NOP; "
	    "IRQ(0x60)@NOP[if=1,rf=0]");
	VMX("'L: CPUID' --entry intr-exits,irq60 --entry plain",
	    "EXIT(INTR)@CPUID; ENTRY@CPUID; EXIT(CPUID)@CPUID");
}

/* "Priorities"; "Injecting Virtual (INTR) Interrupts" */
static void ladder_of_svm(void)
{
	SVM("'L: NOP' --flags if --entry nmi,irq60,v-irq=irq70 --choose irq-after-nmi=0",
	    "NMI@NOP[if=1,rf=0,ist=1]; IRQ(0x60)@NOP[if=1,rf=0]; INT(0x70)@NOP[if=1,rf=0]");
	SVM("'L: NOP' --flags if --entry irq60,intr-exits,vintr-exits,v-irq=irq90 --entry vintr-exits "
	    "--entry plain",
	    "EXIT(INTR)@NOP; ENTRY@NOP; IRQ(0x60)@NOP[if=1,rf=0]; EXIT(VINTR)@NOP; ENTRY@NOP; "
	    "INT(0x90)@NOP[if=1,rf=0]");
	SVM("'L: NOP' --flags if --entry v-irq=irq70:7:7", "nothing");
	SVM("'L: NOP' --flags if --entry v-irq=irq70:7:7,v-ign-tpr", "INT(0x70)@NOP[if=1,rf=0]");
	SVM("'L: NOP; PAUSE' --flags if --entry v-irq=irq70,blocking=shadow",
	    "INT(0x70)@PAUSE[if=1,rf=0]");
	SVM("'L: NOP' --entry v-intr-masking,host-if,irq60", "IRQ(0x60)@NOP[if=0,rf=0]");
	SVM("'L: NOP' --flags if --entry v-intr-masking,irq60", "nothing");
	SVM("'L: NOP' --entry nmi-exits,nmi --entry plain",
	    "EXIT(NMI)@NOP; ENTRY@NOP; NMI@NOP[if=0,rf=0,ist=1]");
}

/* "Event Injection" */
static void injection(void)
{
	const char *gp =
		"'L: NOP' --flags if --gate GP=trap --entry inject=GP:0,blocking=sti,irq60";

	VMX(gp,
	    "ENTRY(#GP(0x0))@NOP[sti=1]; #GP(0x0)@NOP[if=1,rf=0]; IRQ(0x60)@GP_ENTRY[if=1,rf=0]");
	SVM(gp, "ENTRY(#GP(0x0))@NOP[shadow=1]; #GP(0x0)@NOP[if=1,rf=0]; "
		"IRQ(0x60)@GP_ENTRY[if=1,rf=0] || "
		"ENTRY(#GP(0x0))@NOP[shadow=1]; #GP(0x0)@NOP[if=1,rf=0]; "
		"IRQ(0x60)@GP_ENTRY+5[if=1,rf=0]");
	VMX("'L: NOP' --entry inject=UD,set=rf", "ENTRY(#UD)@NOP; #UD@NOP[if=0,rf=1]");
	VMX("'L: INT 0x50; NOP' --entry inject=int50,length=2",
	    "ENTRY(INT(0x50))@INT 0x50; INT(0x50)@NOP[if=0,rf=0]");
	VMX("'L: NOP' --entry inject=nmi,nmi",
	    "ENTRY(NMI)@NOP; NMI@NOP[if=0,rf=0,ist=1]; NMI@NOP[if=0,rf=0,ist=1]");
	SVM("'L: NOP' --gate NMI=ist0 --entry inject=nmi,nmi",
	    "ENTRY(NMI)@NOP; NMI@NOP[if=0,rf=0]; NMI@NMI_ENTRY[if=0,rf=0]");
	VMX("'L: INT3; NOP' --entry "
	    "inject=soft:BP,length=1,blocking=mov-ss,debug=b0+enabled",
	    "ENTRY(#BP)@INT3[movss=1]; #BP@NOP[if=0,rf=0]; "
	    "#DB@BP_ENTRY[if=0,rf=0,dr6=0xffff0ff1,ist=2]");
	VMX("'L: NOP' --flags tf --entry inject=GP:0,debug=bs",
	    "ENTRY(#GP(0x0))@NOP; #GP(0x0)@NOP[if=0,rf=0,tf=1]");
	VMX("'L: NOP' --gate GP=absent --entry inject=GP:0",
	    "ENTRY(#GP(0x0))@NOP; #DF(0x0)@NOP[if=0,rf=1,ist=3]");
}

/* "Checks on Guest Non-Register State"; "VM-Entry Control Fields"; "Event Injection" */
static void checks(void)
{
	static const char *const failing[] = {
		"'L: NOP' --entry inject=irq60",
		"'L: NOP' --flags if --entry inject=irq60,blocking=sti",
		"'L: NOP' --flags if --entry inject=irq60,blocking=mov-ss",
		"'L: NOP' --entry inject=nmi,blocking=mov-ss",
		"'L: NOP' --flags if --entry blocking=sti+mov-ss",
		"'L: NOP' --entry blocking=sti",
		"'L: NOP' --entry blocking=smi",
		"'L: NOP' --flags if --entry activity=hlt,blocking=sti",
		"'L: NOP' --flags if --entry activity=hlt,inject=GP:0",
		"'L: NOP' --flags if --entry activity=shutdown,inject=irq60",
		"'L: NOP' --entry activity=wait-for-sipi,inject=nmi",
		"'L: NOP' --flags if,tf --entry blocking=sti",
		"'L: NOP' --flags if --entry blocking=sti,debug=bs",
		"'L: NOP' --entry nmi-exits,virtual-nmis,inject=nmi,blocking=nmi",
		"'L: NOP' --entry inject=reserved:GP",
		"'L: NOP' --entry inject=nmi:3",
		"'L: NOP' --entry inject=exception:32",
		"'L: NOP' --entry inject=exception:13",
		"'L: NOP' --entry inject=UD:0",
		"'L: NOP' --entry inject=int50",
		"'L: NOP' --entry virtual-nmis",
	};

	for (size_t i = 0; i < ARRAY_SIZE(failing); i++)
		CHECK(strstr(legal_for(false, failing[i]), "EXIT(ENTRY_FAILED)@NOP"));
	CHECK(strstr(legal_for(true, "'L: NOP' --entry inject=exception:2"), "EXIT(ENTRY_FAILED)"));
	CHECK(strstr(legal_for(true, "'L: NOP' --entry inject=exception:BR"),
		     "EXIT(ENTRY_FAILED)"));
	CHECK(strstr(legal_for(true, "'L: NOP' --entry inject=int1:1"), "EXIT(ENTRY_FAILED)"));
	VMX("'L: NOP' --flags if --entry blocking=sti,inject=nmi",
	    "ENTRY(NMI)@NOP[sti=1]; NMI@NOP[if=1,rf=0,ist=1] || "
	    "ENTRY(NMI)@NOP[sti=1]; EXIT(ENTRY_FAILED)@NOP[sti=1]");
	VMX("'L: NOP; PAUSE' --flags if,tf --handlers step-once --entry blocking=sti,debug=bs",
	    "#DB@NOP[if=1,rf=0,tf=1,dr6=0xffff4ff0,ist=2]");
}

/* "Activity State" */
static void activity(void)
{
	VMX("'L: NOP' --flags if --entry activity=hlt,irq60", "IRQ(0x60)@NOP[if=1,rf=0]");
	VMX("'L: NOP' --entry activity=hlt,irq60,timer-later --entry activity=active",
	    "EXIT(PREEMPTION_TIMER)@NOP; ENTRY@NOP");
	VMX("'L: NOP' --entry activity=hlt,irq60,intr-exits", "EXIT(INTR)@NOP");
	VMX("'L: NOP' --entry activity=hlt,irq60", "? nothing ends the guest's wait");
	VMX("'L: NOP' --flags if --entry activity=shutdown,irq60,intr-exits,timer-later",
	    "EXIT(PREEMPTION_TIMER)@NOP");
	VMX("'L: NOP' --flags if --entry activity=shutdown,nmi,nmi-exits", "EXIT(NMI)@NOP");
}

/* "Monitor Trap Flag" */
static void monitor_trap(void)
{
	VMX("'L: NOP; PAUSE' --entry mtf", "EXIT(MTF)@PAUSE");
	VMX("'L: NOP' --flags if --entry mtf,irq60 --entry plain",
	    "IRQ(0x60)@NOP[if=1,rf=0]; EXIT(MTF)@IRQ_0x60_ENTRY; "
	    "ENTRY@IRQ_0x60_ENTRY");
	VMX("'L: CPUID' --entry mtf", "EXIT(CPUID)@CPUID");
	VMX("'L: UD2' --entry mtf", "#UD@UD2[if=0,rf=1]; EXIT(MTF)@UD_ENTRY");
	VMX("'L: STI; PAUSE; NOP' --entry mtf,irq60 --entry plain",
	    "EXIT(MTF)@PAUSE[sti=1]; ENTRY@PAUSE[sti=1]; IRQ(0x60)@NOP[if=1,rf=0]");
}

/* "Relative Priority of Faults and VM Exits"; "Instruction Intercepts"; exceptions that exit */
static void exits(void)
{
	VMX("'L: RDMSR' --entry exits=rdmsr", "EXIT(RDMSR)@RDMSR");
	VMX("'L: RDMSR' --cpl 3 --entry exits=rdmsr", "#GP(0x0)@RDMSR[if=0,rf=1,cpl=3]");
	VMX("'L: LOCK RDMSR' --entry exits=rdmsr", "#UD@LOCK RDMSR[if=0,rf=1]");
	VMX("'L: UD2' --entry exits-on=UD", "EXIT(EXCEPTION)@UD2");
	VMX("'L: UD2' --gate UD=absent --entry exits-on=NP", "EXIT(EXCEPTION during #UD)@UD2");
	VMX("'L: MOV from a non-canonical address' --gate GP=absent --entry exits-on=DF",
	    "EXIT(EXCEPTION)@MOV from a non-canonical address");
	SVM("'L: INT1' --entry exits-on=DB", "#DB@landing[if=0,rf=0,dr6=0xffff0ff0,ist=2] || "
					     "#DB@landing[if=0,rf=1,dr6=0xffff0ff0,ist=2]");
	VMX("'STI; L: RDMSR; M: NOP; PAUSE' --pending irq60 --entry exits=rdmsr --entry at=M",
	    "EXIT(RDMSR)@RDMSR[sti=1]; ENTRY@NOP[sti=1]; IRQ(0x60)@PAUSE[if=1,rf=0]");
	VMX("'STI; L: RDMSR; M: NOP; PAUSE' --pending irq60 --entry exits=rdmsr --entry "
	    "at=M,blocking=none",
	    "EXIT(RDMSR)@RDMSR[sti=1]; ENTRY@NOP; IRQ(0x60)@NOP[if=1,rf=0]");
}

/* What guest_situation_format() writes is the same when it is read again. */
static void written_and_read(void)
{
	static char first[2048], second[2048], line[2048];
	struct text a = TEXT(first), b = TEXT(second);
	char *words[WORDS];

	legal_for(false, "'L: NOP; M: PAUSE' --flags if --entry "
			 "intr-exits,timer-0,irq60,irq90,nmi,init,at=M,blocking=sti+nmi,"
			 "activity=hlt,debug=b0+enabled,set=rf,clear=if,exits-on=GP,exits-on=DB,"
			 "inject=soft:BP,length=1 --entry inject=GP:0x48 --entry plain");
	asked.guest.scene = asked.situation;
	guest_situation_format(&a, &asked.guest);
	strcpy(line, text_seal(&a));
	CHECK(!read_guest(&asked, words, split_words(line, words, WORDS)));
	asked.guest.scene = asked.situation;
	guest_situation_format(&b, &asked.guest);
	CHECK_TEXT(text_seal(&b), first);
}

static void bad_input(void)
{
	CHECK(strstr(legal_for(false, "'L: NOP' --entry intr-window,blockign=sti"),
		     "perhaps blocking"));
	CHECK(strstr(legal_for(false, "'L: NOP' --entry intr-windwo"), "perhaps intr-window"));
	CHECK(strstr(legal_for(false, "'L: NOP' --entry blocking=stj"), "perhaps sti"));
	CHECK(strstr(legal_for(false, "'L: NOP' --entry activity=halt"), "perhaps hlt"));
	CHECK(strstr(legal_for(false, "'L: NOP' --entry inject=GPX"), "perhaps GP"));
	CHECK(strstr(legal_for(false, "'L: NOP' --entry debug=enabeld"), "perhaps enabled"));
	CHECK(strstr(legal_for(false, "'L: NOP' --entry at=K"), "is unknown"));
	CHECK(strstr(legal_for(false, "'L: NOP' --choose exit-in-shadwo=1"),
		     "perhaps exit-in-shadow"));
	CHECK(strstr(legal_for(false, "'L: NOP' --mutant INTR_WINDOV"), "perhaps INTR_WINDOW"));
}

/* Each rule and choice says what it is and where that stands, by title, and has a wrong version. */
static void texts(void)
{
	for (size_t i = 1; i < INNER_RULE_COUNT; i++)
		CHECK(inner_rules[i].name && inner_rules[i].text[0] &&
		      strstr(inner_rules[i].citation, ", "));
	for (size_t i = 0; i < INNER_CHOICE_COUNT; i++)
		CHECK(inner_choices[i].answers[1] && strstr(inner_choices[i].citation, ", "));
	for (size_t i = 0; i < CONTROL_COUNT; i++)
		CHECK(control_words[i][0]);
}

int main(void)
{
	ladder_of_vmx();
	ladder_of_svm();
	injection();
	checks();
	activity();
	monitor_trap();
	exits();
	written_and_read();
	bad_input();
	texts();
	return checks_done("inner");
}
