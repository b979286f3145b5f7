/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of both ladders: the next instruction. A fault that comes before its exit is one of
 * decoding, or of its privilege; every other comes after it.
 */
#include "inner/inside.h"

bool breakpoint_waits(struct inner *inner)
{
	return line_waits(&inner->model, LINE_BREAKPOINT);
}

void take_breakpoint(struct inner *inner)
{
	line_take(&inner->model, LINE_BREAKPOINT);
}

bool fetch_waits(struct inner *inner)
{
	return line_waits(&inner->model, LINE_FETCH);
}

void take_fetch(struct inner *inner)
{
	line_take(&inner->model, LINE_FETCH);
}

bool decoding_waits(struct inner *inner)
{
	return line_waits(&inner->model, LINE_DECODE);
}

void take_decoding(struct inner *inner)
{
	line_take(&inner->model, LINE_DECODE);
}

/* In CPL 3 the first fault of an instruction that may exit is that of its privilege. */
bool privilege_waits(struct inner *inner)
{
	return inner->model.cpu.cpl && exit_waits(inner) && execution_waits(inner);
}

bool execution_waits(struct inner *inner)
{
	return line_waits(&inner->model, LINE_EXECUTE);
}

void take_execution(struct inner *inner)
{
	line_take(&inner->model, LINE_EXECUTE);
}
