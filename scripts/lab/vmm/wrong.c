/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names are those of the command line.
 */
#include <stddef.h>
#include <string.h>
#include "wrong.h"

enum wrong wrong;

static const char *const names[] = {
	[WRONG_NOTHING] = "nothing",
	[WRONG_FORGET_SHADOW] = "forget-shadow",
	[WRONG_FORGET_EVENTS] = "forget-events",
	[WRONG_FORGET_LAPIC] = "forget-lapic",
	[WRONG_FORGET_DEBUG] = "forget-debug",
	[WRONG_FORGET_MSRS] = "forget-msrs",
	[WRONG_FORGET_NESTED] = "forget-nested",
	[WRONG_FORGET_PIT] = "forget-pit",
	[WRONG_HALF_ACCESS] = "half-access",
	[WRONG_REFUSED] = "refused",
	[WRONG_NO_IOCTL] = "no-ioctl",
	[WRONG_DIES] = "dies",
	[WRONG_HANGS] = "hangs",
	[WRONG_LAUNCHER_DIES] = "launcher-dies",
};

bool wrong_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i])) {
			wrong = i;
			return true;
		}
	return false;
}
