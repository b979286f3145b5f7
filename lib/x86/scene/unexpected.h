/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a boot in which an event was delivered that nobody expected.
 */
#ifndef ORDEAL_UNEXPECTED_H
#define ORDEAL_UNEXPECTED_H

#include "base/types.h"

struct frame;

/*
 * From now on @escape is called first, with the vector, and may leave the handler for good; NULL:
 * nothing is called. For those who play so many scenes that one must not end the boot.
 */
void unexpected_leads_to(void (*escape)(u8 vector, const char *why));

/* Prints "ABORT: " with the event and @why, the registers and a backtrace, and ends the boot. */
NORETURN void panic_exception(const struct frame *frame, const char *why);

#endif
