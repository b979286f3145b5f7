/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cases that go wrong on purpose, one way each, for the runner's tests: whatever a guest does, the
 * verdict must say so. In group nodefault: an ordinary run never boots this image. The first case
 * passes, so that a log has something to keep.
 */
#include "boot/args.h"
#include "stage/case.h"
#include "report/console.h"
#include "report/panic.h"
#include "report/power.h"
#include "report/report.h"

#define NONE "none: this case tests the runner"

CASE(passes, "-", "a case that passes", NONE)
{
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L)));
}

CASE(wrong_order, "-", "a wrong expectation: the fault before the interrupt", NONE)
{
	scene(STI, NOP, L(UD2));
	pend_irq(VEC);
	play();
	expect(UD(AT(L)), IRQ(VEC, AT(AFTER_IRET)));
}

CASE(wrong_place, "-", "a wrong expectation: the right events, one boundary late", NONE)
{
	scene(STI, NOP, L(NOP), M(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(M)));
}

CASE(one_event_too_many, "-", "a wrong expectation: an event that never comes", NONE)
{
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L)), IRQ(VEC, AT(L)));
}

CASE(asserts_nothing, "-", "a case that forgets to assert", NONE)
{
	scene(NOP);
	play();
}

CASE(records_nothing, "-", "a case that expects nothing, and records nothing", NONE)
{
	scene(NOP);
	play();
	expect_trace(NULL, 0);
}

CASE(missing_label, "-", "a case that expects an event at a label no step bears", NONE)
{
	scene(STI, NOP, NOP);
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L)));
}

CASE(skips, "-", "a case that skips", NONE)
{
	skip("no such feature: nothing would enable it");
}

CASE(errors, "-", "a case that cannot be staged", NONE)
{
	error("the stage is on fire");
}

CASE(unexpected_fault, "-", "a fault outside every scene", NONE)
{
	asm volatile("ud2");
}

CASE(assertion, "-", "a failed assertion", NONE)
{
	ASSERT(event_log.count == ~0u);
}

static u64 __attribute__((noinline)) recurse(u64 depth)
{
	volatile u8 page[1024];

	page[depth % sizeof(page)] = 1;
	return depth == ~0ull ? 0 : recurse(depth + 1) + page[0];
}

CASE(stack_overflow, "-", "recursion without end", NONE)
{
	check(recurse(0) == 0, "it came back");
}

static void retry_for_ever(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)frame;
	(void)entry;
	scene->faults = FAULTS_RETRY;
}

CASE(event_storm, "-", "a fault that is retried until the log is full", NONE)
{
	struct scene *s = scene(L(UD2));

	s->on_delivery = retry_for_ever;
	play();
	expect(UD(AT(L)));
}

static void send_in_its_handler(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	(void)scene;
	(void)frame;
	(void)entry;
	nmi_unblock();
	nmi_send_self();
}

CASE(nmis_without_end, "-", "each handler of an NMI lets in another one", NONE)
{
	struct scene *s = scene(L(NOP));

	s->on_delivery = send_in_its_handler;
	pend_blocked_nmi();
	play();
	expect(NMI(AT(L)));
}

CASE(hangs, "-", "a loop without end", NONE)
{
	for (;;)
		cpu_pause();
}

CASE(halts, "-", "HLT with interrupts off", NONE)
{
	halt();
}

CASE(triple_fault, "-", "a shutdown: the IDT is empty when a fault comes", NONE)
{
	struct descriptor_pointer empty = { 0, 0 };

	asm volatile("lidt %0; ud2" ::"m"(empty));
}

CASE(exits_early, "-", "an exit that claims success in the middle of a case", NONE)
{
	power_exit(EXIT_CODE_PASS);
}

CASE(forged_end, "-", "an END line and a PASS that no case has earned", NONE)
{
	print("PASS: selftest: selftest.forged_end: trust me\nSUMMARY: 1 tests\n"
	      "END - cases=1 pass=1 fail=0 skip=0 error=0 crc=00000000\n");
	power_exit(EXIT_CODE_PASS);
}

CASE(begins_again, "-", "a second ORDEAL line, as after a reboot", NONE)
{
	report_begin("selftest", this_cpu.args->nonce);
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L)));
}

CASE(control_bytes, "-", "escape sequences, NUL and invalid UTF-8 on the console", NONE)
{
	static const char bytes[] = "\033[2J\033]0;owned\a<script>&amp;\0\xff\xfe]]>\r\n";

	console_write(bytes, sizeof(bytes) - 1);
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L)));
}

CASE(chatter, "-", "64 KiB without a line feed", NONE)
{
	for (int i = 0; i < 65536 / 16; i++)
		console_write("................", 16);
	console_write("\n", 1);
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L)));
}

CASE(passes_again, "-", "a case that passes, after all the others", NONE)
{
	scene(STI, NOP, L(NOP));
	pend_irq(VEC);
	play();
	expect(IRQ(VEC, AT(L)));
}
