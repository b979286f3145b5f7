/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts against the faults of fetching (class 8 of the priority table) and decoding (9) the
 * next instruction. They are served at its address even where there is nothing to fetch; then comes
 * the fault: of fetching before that of decoding, and that before those of executing (10).
 */
#include "stage/irq_before.h"

#define NON_CANONICAL (1ull << 63)

/* Bit I/D is only there with EFER.NXE (or CR4.SMEP, which we leave alone). */
static u32 fetch_error(u32 error)
{
	return rdmsr(MSR_EFER) & EFER_NXE ? error | PF_FETCH : error;
}

static void jump_to(u64 address, u16 fragment, struct want fault)
{
	struct scene *s = scene(STI, JMP_ELSEWHERE, UD2);

	scene_go_elsewhere(s, address, fragment);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(ELSEWHERE), IF(1)), fault);
}

CASE(not_present, "B01",
     "after a JMP to a page that is not present a pending interrupt is served there, before the #PF of fetching",
     PRIORITY)
{
	jump_to(PLAY_NOT_PRESENT, FRAGMENT_NONE,
		PF(fetch_error(0), AT(ELSEWHERE), CR2(PLAY_NOT_PRESENT)));
}

CASE(across_pages, "B02",
     "a pending interrupt is served before the #PF of an instruction that reaches into a page that is not present",
     PRIORITY)
{
	jump_to(PLAY_BEYOND - 1, LOAD, PF(fetch_error(0), AT(ELSEWHERE), CR2(PLAY_BEYOND)));
}

CASE(execute_never, "B03",
     "after a JMP to an execute-disabled page a pending interrupt is served there, before the #PF of fetching",
     PRIORITY)
{
	require(rdmsr(MSR_EFER) & EFER_NXE, "execute-disable pages (CPUID 80000001H EDX bit 20)");
	jump_to(PLAY_NO_EXECUTE, NOP,
		PF(PF_PRESENT | PF_FETCH, AT(ELSEWHERE), CR2(PLAY_NO_EXECUTE)));
}

CASE(opcode_across_pages, "B05",
     "an undefined opcode whose second half lies on a page that is not present raises #PF, not #UD; a pending interrupt is served before it",
     PRIORITY)
{
	jump_to(PLAY_BEYOND - 1, UD2, PF(fetch_error(0), AT(ELSEWHERE), CR2(PLAY_BEYOND)));
}

TABLE(too_long, "B04",
      "a pending interrupt is served before the #GP of an instruction that is longer than 15 bytes",
      PRIORITY, irq_before_fault, .setup = NOP, .instruction = TOO_LONG, .irq = IRQ_AT_L,
      .fault = GP(0, AT(L)));

/* Intel raises #GP at the branch; the APM lets the fetch from the target raise it. */
CASE(noncanonical, "B09",
     "a pending interrupt is served before the #GP of a JMP to a non-canonical address", PRIORITY)
{
	struct scene *s = scene(STI, NOP, L(JMP_NONCANONICAL), UD2);

	scene_go_elsewhere(s, NON_CANONICAL, FRAGMENT_NONE);
	pend_irq(VEC);
	play();
	expect_one_of(LEGAL("#GP at the branch", IRQ_AT_L, GP(0, AT(L))),
		      LEGAL("#GP at the target", IRQ_AT_L, GP(0, AT(ELSEWHERE))));
}

static void mend_task_switched(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)frame;
	clts();
	scene->faults = entry->vector == NM_VECTOR ? FAULTS_RETRY : FAULTS_RESUME_AT_LANDING;
}

CASE(nm_before_pf, "B06",
     "an FLD from a page that is not present raises #NM while CR0.TS is 1, and #PF when CR0.TS has been cleared",
     PRIORITY)
{
	struct scene *s = scene(L(FLD_NOT_PRESENT));

	s->on_delivery = mend_task_switched;
	s->habits = HANDLERS_CLEAR_TS;
	write_cr0(read_cr0() | CR0_TS);
	play();
	expect(NM(AT(L)), PF(0, AT(L), CR2(PLAY_NOT_PRESENT)));
}

CASE(nmi_and_irq_not_present, "B11",
     "after an IRETQ to a page that is not present a pending NMI and a pending interrupt are served there, in this order, before the #PF of fetching",
     PRIORITY)
{
	struct scene *s = scene(PUSH_IRET_FRAME, IRETQ, UD2);

	scene_go_elsewhere(s, PLAY_NOT_PRESENT, FRAGMENT_NONE);
	s->in.rbx = PLAY_NOT_PRESENT;
	pend_irq(VEC);
	pend_blocked_nmi();
	play_with_nmi_blocked();
	expect(NMI(AT(ELSEWHERE), IF(1)), IRQ(VEC, AT(ELSEWHERE), IF(1)),
	       PF(fetch_error(0), AT(ELSEWHERE), CR2(PLAY_NOT_PRESENT)));
}

CASE(nmi_and_irq_undefined, "B12",
     "after an IRETQ to UD2 a pending NMI and a pending interrupt are served there, in this order, before the #UD",
     PRIORITY)
{
	struct scene *s = scene(L(UD2));

	s->in_rflags |= RFLAGS_IF;
	pend_irq(VEC);
	pend_blocked_nmi();
	play();
	expect(NMI(AT(L), IF(1)), IRQ(VEC, AT(L), IF(1)), UD(AT(L)));
}
