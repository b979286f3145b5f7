/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a boot that went wrong: one ABORT line that says why, a backtrace that addr2line can
 * read, and exit code 127.
 */
#ifndef ORDEAL_PANIC_H
#define ORDEAL_PANIC_H

#include "base/types.h"

/* Prints "ABORT: " and the message, a backtrace of the caller, and ends the boot. */
NORETURN void panic(const char *format, ...) PRINTF(1, 2);

/* What RBP leads to: "Stack Frames" of the System V ABI. */
struct stack_frame {
	const struct stack_frame *caller;
	u64 return_address;
};

/* Prints one line that begins with @rip; feed it to `addr2line -fipe x86/NAME.elf`. */
void panic_backtrace(u64 rip, const struct stack_frame *frame);

/* What ASSERT() calls: panic() with these three. */
NORETURN void assertion_failed(const char *condition, const char *file, int line);

#define ASSERT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			assertion_failed(#condition, __FILE__, __LINE__);                          \
	} while (0)

#endif
