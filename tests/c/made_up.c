/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses by arithmetic, so that a test can say where it means to be.
 */
#include "made_up.h"

struct layout made_up;

enum { PROLOGUE_BYTES = 11 }; /* of entry.S, after the stubs: PUSH, MOV, LOCK XADD */

void make_up(const u16 *steps, size_t n)
{
	made_up = (struct layout){
		.landing = FIRST_STEP + STEP_BYTES * n,
		.stubs = STUBS,
		.recorded = STUBS + 256 * ENTRY_STUB_SIZE + PROLOGUE_BYTES,
		.stub_size = ENTRY_STUB_SIZE,
	};
	for (size_t i = 0; i < n; i++)
		layout_add_step(&made_up, steps[i], FIRST_STEP + STEP_BYTES * i);
}

u64 at(int place)
{
	return layout_address(&made_up, place);
}

u64 entry_of(u8 vector, u64 offset)
{
	return STUBS + vector * ENTRY_STUB_SIZE + offset;
}

struct log_entry delivery(u8 vector, u64 rip)
{
	return (struct log_entry){
		.kind = LOG_DELIVERY,
		.vector = vector,
		.rip = rip,
		.cs = SEL_CODE64,
		.rflags = RFLAGS_FIXED | RFLAGS_IF,
		.rsp = STACK,
		.ss = SEL_DATA,
		.frame = STACK - FRAME_BYTES - (vector_has_error_code(vector) ? 8 : 0),
	};
}

struct log_entry irq(u8 vector, u64 rip)
{
	struct log_entry entry = delivery(vector, rip);

	entry.in_service = 1;
	return entry;
}

struct log_entry on_stack(struct log_entry entry, u64 rsp, u64 frame)
{
	entry.rsp = rsp;
	entry.frame = frame;
	return entry;
}

struct log_entry returns(struct log_entry entry, u64 resume)
{
	entry.resume = resume;
	return entry;
}

struct log_entry transition(enum log_kind kind, u64 rip, u64 rsp)
{
	return (struct log_entry){ .kind = (u8)kind, .rip = rip, .rsp = rsp };
}
