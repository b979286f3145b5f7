/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which comes first, an instruction's exception or its intercept? SVM has an order for each
 * instruction: most look for exceptions of privilege first, some for the intercept. A case shows
 * both: the exit where the intercept comes first, and the exception where the intercept is off, or
 * the exit in CPL 0, and in CPL 3 the exception.
 */
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

static void intercept_first(const struct intercept_first *c)
{
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

#define INTERCEPT_FIRST(what) "the intercept of " what " comes before the exceptions of " what

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
	require(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE, "XSAVE (CPUID 1 ECX bit 26)");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	the_scene()->in.rcx = 0;
}

TABLE(int_n, "S34", INTERCEPT_FIRST("INT n"), INTERCEPTS, intercept_first, .setup = NOP,
      .instruction = INT_50, .intercept = SVM_INTERCEPT_INTN, .prepare = handler_stack_not_present,
      .exit = EXIT(SOFTWARE_INT, AT(L), NO_EVENT), .fault = PF(PF_WRITE, AT(L)));
TABLE(iret, "S34", INTERCEPT_FIRST("IRET"), INTERCEPTS, intercept_first,
      .setup = PUSH_IRET_FRAME_BAD, .instruction = IRETQ, .intercept = SVM_INTERCEPT_IRET,
      .prepare = no_preparation, .exit = EXIT(IRET, AT(L), NO_EVENT),
      .fault = GP(NO_SELECTOR, AT(L)));
TABLE(pushf, "S34", INTERCEPT_FIRST("PUSHF"), INTERCEPTS, intercept_first, .setup = LOAD_RSP_RBP,
      .instruction = PUSHF, .intercept = SVM_INTERCEPT_PUSHF, .prepare = stack_not_present,
      .exit = EXIT(PUSHF, AT(L), NO_EVENT), .fault = PF(PF_WRITE, AT(L)));
TABLE(popf, "S34", INTERCEPT_FIRST("POPF"), INTERCEPTS, intercept_first, .setup = LOAD_RSP_RBP,
      .instruction = POPF, .intercept = SVM_INTERCEPT_POPF, .prepare = stack_not_present,
      .exit = EXIT(POPF, AT(L), NO_EVENT), .fault = PF(0, AT(L)));
TABLE(rsm, "S34", INTERCEPT_FIRST("RSM"), INTERCEPTS, intercept_first, .setup = NOP,
      .instruction = RSM, .intercept = SVM_INTERCEPT_RSM, .prepare = no_preparation,
      .exit = EXIT(RSM, AT(L), NO_EVENT), .fault = UD(AT(L)));
TABLE(xsetbv, "S36", INTERCEPT_FIRST("XSETBV"), INTERCEPTS, intercept_first, .setup = NOP,
      .instruction = XSETBV, .intercept = SVM_INTERCEPT_XSETBV, .prepare = reserved_xcr0,
      .exit = EXIT(XSETBV, AT(L), NO_EVENT), .fault = GP(0, AT(L)));

/* --- The exception first: in CPL 0 the instruction exits, in CPL 3 it faults --- */

struct exception_first {
	u16 instruction;
	enum svm_intercept intercept;
	void (*prepare)(void);
	struct want exit, fault;
};

static struct vcpu *skip_to(struct vcpu *v, int label)
{
	vcpu_set(v, VCPU_RIP, address_of(label));
	return v;
}

static void exception_first(const struct exception_first *c)
{
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	scene(L(c->instruction), M(PUSH_IRET_FRAME_CPL3_IOPL0), IRETQ, T(c->instruction), NOP);
	c->prepare();
	v = hv_start();
	if (c->intercept == SVM_INTERCEPT_IO)
		svm_intercept_port(v, FREE_PORT, true);
	svm_intercept(v, c->intercept, true);
	run_to(v, c->exit.reason, L);
	run_to_end(skip_to(v, M));
	expect(c->exit, ENTRY(AT(M)), c->fault);
}

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
	struct scene *s = the_scene();

	require(cpuid(1, 0).ecx & CPUID_1_ECX_MONITOR, "MONITOR (CPUID 1 ECX bit 3)");
	s->in.rcx = 0;
	s->in.rax = PLAY_WRITABLE;
}

#define PRIVILEGED(what) "the #GP of " what " in CPL 3 comes before the intercept of " what

TABLE(hlt, "S35", PRIVILEGED("HLT"), INTERCEPTS, exception_first, .instruction = HLT,
      .intercept = SVM_INTERCEPT_HLT, .prepare = no_preparation, .exit = EXIT(HLT, AT(L), NO_EVENT),
      .fault = GP(0, AT(T), CPL(3)));
TABLE(invlpg, "S35", PRIVILEGED("INVLPG"), INTERCEPTS, exception_first, .instruction = INVLPG,
      .intercept = SVM_INTERCEPT_INVLPG, .prepare = no_preparation,
      .exit = EXIT(INVLPG, AT(L), NO_EVENT), .fault = GP(0, AT(T), CPL(3)));
TABLE(wbinvd, "S35", PRIVILEGED("WBINVD"), INTERCEPTS, exception_first, .instruction = WBINVD,
      .intercept = SVM_INTERCEPT_WBINVD, .prepare = no_preparation,
      .exit = EXIT(WBINVD, AT(L), NO_EVENT), .fault = GP(0, AT(T), CPL(3)));
TABLE(stgi, "S35", PRIVILEGED("STGI"), INTERCEPTS, exception_first, .instruction = STGI,
      .intercept = SVM_INTERCEPT_STGI, .prepare = no_preparation,
      .exit = EXIT(STGI, AT(L), NO_EVENT), .fault = GP(0, AT(T), CPL(3)));
TABLE(clgi, "S35", PRIVILEGED("CLGI"), INTERCEPTS, exception_first, .instruction = CLGI,
      .intercept = SVM_INTERCEPT_CLGI, .prepare = no_preparation,
      .exit = EXIT(CLGI, AT(L), NO_EVENT), .fault = GP(0, AT(T), CPL(3)));
TABLE(rdtsc, "S35", "the #GP of RDTSC in CPL 3 with CR4.TSD=1 comes before the intercept of RDTSC",
      INTERCEPTS, exception_first, .instruction = RDTSC, .intercept = SVM_INTERCEPT_RDTSC,
      .prepare = time_stamp_disabled, .exit = EXIT(RDTSC, AT(L), NO_EVENT),
      .fault = GP(0, AT(T), CPL(3)));
TABLE(rdpmc, "S35", "the #GP of RDPMC in CPL 3 with CR4.PCE=0 comes before the intercept of RDPMC",
      INTERCEPTS, exception_first, .instruction = RDPMC, .intercept = SVM_INTERCEPT_RDPMC,
      .prepare = first_counter, .exit = EXIT(RDPMC, AT(L), NO_EVENT),
      .fault = GP(0, AT(T), CPL(3)));
TABLE(monitor, "S35", "the #UD of MONITOR in CPL 3 comes before the intercept of MONITOR",
      INTERCEPTS, exception_first, .instruction = MONITOR_ALONE, .intercept = SVM_INTERCEPT_MONITOR,
      .prepare = monitored_line, .exit = EXIT(MONITOR, AT(L), NO_EVENT),
      .fault = UD(AT(T), CPL(3)));
TABLE(out_not_permitted, "S33",
      "the #GP of OUT in CPL 3 to a port that neither IOPL nor the TSS permits comes before the intercept of the port",
      IN_AND_OUT, exception_first, .instruction = OUT, .intercept = SVM_INTERCEPT_IO,
      .prepare = no_preparation, .exit = EXIT(IO, AT(L), NO_EVENT), .fault = GP(0, AT(T), CPL(3)));

CASE(out_permitted, "S33",
     "an OUT in CPL 3 to a port that IOPL permits exits, and does not raise #GP", IN_AND_OUT)
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

CASE(outs_not_present, "S33", "the intercept of OUTS comes before the #PF of its memory operand",
     IN_AND_OUT)
{
	struct scene *s;
	struct vcpu *v;

	require(hv_is_svm(), "SVM (CPUID 80000001H ECX bit 2)");
	s = scene(L(OUTSB), NOP);
	s->in.rdx = FREE_PORT;
	s->in.rsi = PLAY_NOT_PRESENT;
	v = hv_start();
	svm_intercept_port(v, FREE_PORT, true);
	run_to(v, EXIT_IO, L);
	svm_intercept_port(v, FREE_PORT, false);
	run_to_end(v);
	expect(EXIT(IO, AT(L), NO_EVENT), ENTRY(AT(L)), PF(0, AT(L), CR2(PLAY_NOT_PRESENT)));
}
