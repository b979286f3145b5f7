/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a boot in which an event was delivered that nobody expected.
 */
#ifndef ORDEAL_UNEXPECTED_H
#define ORDEAL_UNEXPECTED_H

#include "base/types.h"

struct frame;

/* Prints "ABORT: " with the event and @why, the registers and a backtrace, and ends the boot. */
NORETURN void panic_exception(const struct frame *frame, const char *why);

#endif
