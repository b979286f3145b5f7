/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ABORT line names the place on the scene, if one is playing, and the stack, if it overflowed.
 */
#include "scene/unexpected.h"
#include "base/text.h"
#include "machine/desc.h"
#include "machine/entry.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "order/vectors.h"
#include "report/console.h"
#include "report/panic.h"
#include "report/power.h"
#include "scene/scene.h"

static void print_registers(const struct frame *f)
{
	const struct gprs *g = &f->gprs;

	print("  rip %016lx cs %04lx rflags %08lx rsp %016lx ss %04lx\n", f->rip, f->cs, f->rflags,
	      f->rsp, f->ss);
	print("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", g->rax, g->rbx, g->rcx, g->rdx);
	print("  rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", g->rsi, g->rdi, g->rbp, g->r8);
	print("  r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", g->r9, g->r10, g->r11, g->r12);
	print("  r13 %016lx r14 %016lx r15 %016lx\n", g->r13, g->r14, g->r15);
	print("  cr0 %08lx cr2 %016lx cr3 %08lx cr4 %08lx\n", read_cr0(), read_cr2(), read_cr3(),
	      read_cr4());
}

static void (*leave)(u8 vector, const char *why);

void unexpected_leads_to(void (*escape)(u8 vector, const char *why))
{
	leave = escape;
}

void panic_exception(const struct frame *frame, const char *why)
{
	const char *mnemonic = exception_mnemonic((u8)frame->vector);
	char place[64] = "", name[16];
	struct text at = TEXT(place), vector = TEXT(name);

	cli();
	if (leave)
		leave((u8)frame->vector, why);
	if (mnemonic)
		text_add(&vector, "%s", mnemonic);
	else
		text_add(&vector, frame->vector == NMI_VECTOR ? "NMI" : "interrupt");
	if (this_cpu.playing) {
		const struct layout *layout = &this_cpu.playing->layout;

		text_add(&at, " @");
		layout_name(layout, &at, layout_position(layout, frame->rip));
	}
	/* A push onto the guard page cannot be reported as #PF: that #PF needs the same stack. */
	if (frame->vector == DF_VECTOR &&
	    (is_stack_guard(read_cr2()) || is_stack_guard(frame->rsp - 1)))
		why = "the main stack overflowed";
	print("ABORT: unexpected %s, vector %lu, error code %#lx%s: %s\n", text_seal(&vector),
	      frame->vector, frame->error, text_seal(&at), why);
	print_registers(frame);
	panic_backtrace(frame->rip, (const struct stack_frame *)frame->gprs.rbp);
	power_exit(EXIT_CODE_ABORT);
}
