/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a boot that went wrong: one ABORT line that says why, registers and a backtrace that
 * addr2line can read, and exit code 127.
 */
#ifndef ORDEAL_PANIC_H
#define ORDEAL_PANIC_H

#include "base/types.h"

struct frame;

/* Prints "ABORT: " and the message, a backtrace of the caller, and ends the boot. */
NORETURN void panic(const char *format, ...) PRINTF(1, 2);

/* The same for an exception that nobody expected, with its registers. */
NORETURN void panic_exception(const struct frame *frame, const char *why);

#define ASSERT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			panic("assertion failed: %s, %s:%d", #condition, __FILE__, __LINE__);      \
	} while (0)

#endif
