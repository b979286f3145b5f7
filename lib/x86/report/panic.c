/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backtrace follows RBP, which the build keeps (-fno-omit-frame-pointer).
 */
#include "report/panic.h"
#include "report/console.h"
#include "machine/desc.h"
#include "report/power.h"
#include "machine/processor.h"
#include "report/report.h"
#include "base/text.h"

enum { BACKTRACE_DEPTH = 16 };

void panic_backtrace(u64 rip, const struct stack_frame *frame)
{
	print("  backtrace (addr2line -fipe x86/%s.elf ...): %#lx", suite_name, rip);
	for (int i = 0; i < BACKTRACE_DEPTH && stack_name((u64)frame); i++) {
		if (!frame->return_address)
			break;
		print(" %#lx", frame->return_address);
		if ((u64)frame->caller <= (u64)frame)
			break;
		frame = frame->caller;
	}
	print("\n");
}

void assertion_failed(const char *condition, const char *file, int line)
{
	panic("assertion failed: %s, %s:%d", condition, file, line);
}

void panic(const char *format, ...)
{
	char buffer[256];
	struct text t = TEXT(buffer);
	va_list args;

	cli();
	va_start(args, format);
	text_vadd(&t, format, args);
	va_end(args);
	print("ABORT: %s\n", text_seal(&t));
	panic_backtrace((u64)__builtin_return_address(0),
			((const struct stack_frame *)__builtin_frame_address(0))->caller);
	power_exit(EXIT_CODE_ABORT);
}
