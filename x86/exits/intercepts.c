/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which comes first, an instruction's exception or its intercept? SVM has an order for each
 * instruction: most look for exceptions of privilege first, some for the intercept. A case shows
 * both: the exit where the intercept comes first, and the exception where the intercept is off, or
 * the exit in CPL 0, and in CPL 3 the exception.
 */
#define FAMILY "intercepts"
#include "stage/case.h"
#include "stage/prepare.h"
#include "hv/hv.h"
#include "svm/controls.h"

#define INTERCEPTS  "APM 2, Instruction Intercepts"
#define IN_AND_OUT  "APM 2, IN and OUT Behavior"
#define FREE_PORT   0x80
#define NO_SELECTOR (SEL_BEYOND & ~SEL_RPL3)

/* --- The intercept first: without it, the same instruction raises its exception --- */

struct intercept_first {
	u16 setup, instruction;
	enum svm_intercept intercept;
	void (*prepare)(void);
	struct want exit, fault;
};

static void intercept_before_exception(const void *argument)
{
	const struct intercept_first *c = argument;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(c->setup, L(c->instruction), NOP);
	c->prepare();
	v = hv_start();
	svm_intercept(v, c->intercept, true);
	run_to(v, c->exit.reason, L);
	svm_intercept(v, c->intercept, false);
	run_to_end(v);
	expect(c->exit, ENTRY(AT(L)), c->fault);
}

#define INTERCEPT_FIRST(id, row, name, ...)                                                        \
	CASE_WITH(id, row, "the intercept of " name " comes before its exceptions", INTERCEPTS,    \
		  intercept_before_exception, intercept_first, __VA_ARGS__)

static void handler_stack_not_present(void)
{
	gate_stack_set(VEC_SOFT, IST_ABSENT);
}

/* The stack of the scene is on a page that is not there. */
static void stack_not_present(void)
{
	the_scene()->in.rbp = PLAY_NOT_PRESENT + PAGE_SIZE / 2;
	gate_stack_set(PF_VECTOR, IST_FAULT);
}

/* XCR0 must have bit 0: "XCR0 Register" */
static void reserved_xcr0(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
		skip("needs XSAVE (CPUID 1 ECX bit 26)");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	the_scene()->in.rcx = 0;
}

INTERCEPT_FIRST(int_n, "S34", "INT n", .setup = NOP, .instruction = INT_50,
		.intercept = SVM_INTERCEPT_INTN, .prepare = handler_stack_not_present,
		.exit = EXIT(SOFTWARE_INT, AT(L), NO_EVENT), .fault = PF(PF_WRITE, AT(L)));
INTERCEPT_FIRST(iret, "S34", "IRET", .setup = PUSH_IRET_FRAME_BAD, .instruction = IRETQ,
		.intercept = SVM_INTERCEPT_IRET, .prepare = no_preparation,
		.exit = EXIT(IRET, AT(L), NO_EVENT), .fault = GP(NO_SELECTOR, AT(L)));
INTERCEPT_FIRST(pushf, "S34", "PUSHF", .setup = LOAD_RSP_RBP, .instruction = PUSHF,
		.intercept = SVM_INTERCEPT_PUSHF, .prepare = stack_not_present,
		.exit = EXIT(PUSHF, AT(L), NO_EVENT), .fault = PF(PF_WRITE, AT(L)));
INTERCEPT_FIRST(popf, "S34", "POPF", .setup = LOAD_RSP_RBP, .instruction = POPF,
		.intercept = SVM_INTERCEPT_POPF, .prepare = stack_not_present,
		.exit = EXIT(POPF, AT(L), NO_EVENT), .fault = PF(0, AT(L)));
INTERCEPT_FIRST(rsm, "S34", "RSM", .setup = NOP, .instruction = RSM, .intercept = SVM_INTERCEPT_RSM,
		.prepare = no_preparation, .exit = EXIT(RSM, AT(L), NO_EVENT), .fault = UD(AT(L)));
INTERCEPT_FIRST(xsetbv, "S36", "XSETBV", .setup = NOP, .instruction = XSETBV,
		.intercept = SVM_INTERCEPT_XSETBV, .prepare = reserved_xcr0,
		.exit = EXIT(XSETBV, AT(L), NO_EVENT), .fault = GP(0, AT(L)));

/* --- The exception first: in CPL 0 the instruction exits, in CPL 3 it faults --- */

struct exception_first {
	u16 instruction, frame;
	enum svm_intercept intercept;
	void (*prepare)(void);
	struct want exit, fault;
};

static struct vcpu *skip_to(struct vcpu *v, int label)
{
	vcpu_set(v, VCPU_RIP, address_of(label));
	return v;
}

static void exception_before_intercept(const void *argument)
{
	const struct exception_first *c = argument;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(c->instruction), M(c->frame), IRETQ, T(c->instruction), NOP);
	c->prepare();
	v = hv_start();
	if (c->intercept == SVM_INTERCEPT_IO)
		svm_intercept_port(v, FREE_PORT, true);
	svm_intercept(v, c->intercept, true);
	run_to(v, c->exit.reason, L);
	run_to_end(skip_to(v, M));
	expect(c->exit, ENTRY(AT(M)), c->fault);
}

#define EXCEPTION_FIRST(id, row, sentence, cite, insn, name, prepare_, fault_)                     \
	CASE_WITH(id, row, sentence, cite, exception_before_intercept, exception_first,            \
		  .instruction = (insn), .frame = PUSH_IRET_FRAME_CPL3_IOPL0,                      \
		  .intercept = SVM_INTERCEPT_##name, .prepare = (prepare_),                        \
		  .exit = EXIT(name, AT(L), NO_EVENT), .fault = fault_)

#define PRIVILEGED(id, insn, name)                                                                 \
	EXCEPTION_FIRST(id, "S35", "the #GP of " #insn " in CPL 3 comes before its intercept",     \
			INTERCEPTS, insn, name, no_preparation, GP(0, AT(T), CPL(3)))

static void time_stamp_disabled(void)
{
	write_cr4(read_cr4() | CR4_TSD);
}

static void first_counter(void)
{
	the_scene()->in.rcx = 0;
}

static void monitored_line(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_MONITOR))
		skip("needs MONITOR (CPUID 1 ECX bit 3)");
	the_scene()->in.rcx = 0;
	the_scene()->in.rax = PLAY_WRITABLE;
}

PRIVILEGED(hlt, HLT, HLT);
PRIVILEGED(invlpg, INVLPG, INVLPG);
PRIVILEGED(wbinvd, WBINVD, WBINVD);
PRIVILEGED(stgi, STGI, STGI);
PRIVILEGED(clgi, CLGI, CLGI);
EXCEPTION_FIRST(rdtsc, "S35", "the #GP of RDTSC in CPL 3 with CR4.TSD=1 comes before its intercept",
		INTERCEPTS, RDTSC, RDTSC, time_stamp_disabled, GP(0, AT(T), CPL(3)));
EXCEPTION_FIRST(rdpmc, "S35", "the #GP of RDPMC in CPL 3 with CR4.PCE=0 comes before its intercept",
		INTERCEPTS, RDPMC, RDPMC, first_counter, GP(0, AT(T), CPL(3)));
EXCEPTION_FIRST(monitor, "S35", "the #UD of MONITOR in CPL 3 comes before its intercept",
		INTERCEPTS, MONITOR_ALONE, MONITOR, monitored_line, UD(AT(T), CPL(3)));
EXCEPTION_FIRST(
	out_not_permitted, "S33",
	"the #GP of OUT to a port that neither IOPL nor the TSS permits comes before its intercept",
	IN_AND_OUT, OUT, IO, no_preparation, GP(0, AT(T), CPL(3)));

CASE(out_permitted, "S33", "an OUT in CPL 3 that IOPL permits exits", IN_AND_OUT)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(PUSH_IRET_FRAME_CPL3, IRETQ, T(OUT), M(NOP), NOP);
	v = hv_start();
	svm_intercept_port(v, FREE_PORT, true);
	run_to(v, EXIT_IO, T);
	run_to_end(skip_to(v, M));
	expect(EXIT(IO, AT(T), NO_EVENT), ENTRY(AT(M)));
}

CASE(outs_not_present, "S33", "the intercept of OUTS comes before the #PF of its memory",
     IN_AND_OUT)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(OUTSB), NOP);
	the_scene()->in.rdx = FREE_PORT;
	the_scene()->in.rsi = PLAY_NOT_PRESENT;
	v = hv_start();
	svm_intercept_port(v, FREE_PORT, true);
	run_to(v, EXIT_IO, L);
	svm_intercept_port(v, FREE_PORT, false);
	run_to_end(v);
	expect(EXIT(IO, AT(L), NO_EVENT), ENTRY(AT(L)), PF(0, AT(L), CR2(PLAY_NOT_PRESENT)));
}
