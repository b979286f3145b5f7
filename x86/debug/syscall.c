/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SYSCALL and SYSRET while single-stepping. SYSCALL clears the flags that FMASK names, TF among
 * them or not; whether it traps is decided by the flags that result. SYSRET loads TF from R11.
 */
#include "stage/case.h"

#define SYSCALL_PAGES "SDM 2B, SYSCALL-Fast System Call; APM 3, SYSCALL"
#define SYSRET_PAGES  "SDM 2B, SYSRET-Return From Fast System Call; APM 3, SYSRET"

/* Stepping ends at T, where the next trap would not tell more. */
CASE(tf_kept, "F03", "a single-stepped SYSCALL with FMASK.TF=0 traps at its target", SYSCALL_PAGES)
{
	struct scene *s = scene(L(SYSCALL), UD2, T(NOP), NOP);

	syscall_to(T, 0);
	s->in_rflags |= RFLAGS_TF;
	s->on_delivery = step_once;
	play();
	expect(DB(AT(T), DR6(DR6_BS), TF(1)));
}

/* The manuals are silent on TF; it is what processors do, as an advisory of Xen tells. */
CASE(tf_masked, "F03",
     "a single-stepped SYSCALL with FMASK.TF=1 does not trap; R11 keeps TF=1 for the way back",
     SYSCALL_PAGES "; Xen Security Advisory 204")
{
	struct scene *s = scene(SYSCALL, UD2, L(INT3), NOP);

	syscall_to(L, RFLAGS_TF);
	s->in_rflags |= RFLAGS_TF;
	play();
	check(s->out.r11 & RFLAGS_TF, "R11 is %#lx: TF=0", s->out.r11);
	expect(BP(AT(AFTER(L)), TF(0)));
}

/* The APM says before it; the SDM does not say at which of the two boundaries. */
CASE(sysret_sets_tf, "F04",
     "a SYSRET that sets TF traps once, before or after the first instruction of CPL 3",
     SYSRET_PAGES "; APM 2, Single Stepping")
{
	struct scene *s =
		scene(LOAD_SYSRET_TO_T, SET_TF_IN_R11, M(SYSRETQ), UD2, T(NOP), L(NOP), NOP);

	syscall_to(T, 0);
	s->on_delivery = step_once;
	play_to_cpl3();
	if (cpu_is_amd())
		expect(DB(AT(T), DR6(DR6_BS), CPL(3)));
	else
		expect_one_of(LEGAL("#DB before the first instruction",
				    DB(AT(T), DR6(DR6_BS), CPL(3))),
			      LEGAL("#DB after the first instruction",
				    DB(AT(L), DR6(DR6_BS), CPL(3))));
}

CASE(sysret_clears_tf, "F13", "a SYSRET that clears TF is stepped itself, and traps at its target",
     SINGLE_STEP)
{
	scene(LOAD_SYSRET_TO_T, PUSH_FLAGS_TF, L(POPF), SYSRETQ, UD2, T(NOP), NOP);
	syscall_to(T, 0);
	play_to_cpl3();
	expect(DB(AT(T), DR6(DR6_BS), TF(0), CPL(3)));
}
