/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a case sets in the vcpu between an exit and the next entry. v->exit is kept up to date with
 * it, so that the log shows the next entry as it really is.
 */
#include "hv/vcpu.h"
#include "stage/case.h"
#include "hv/vcpu_layout.h"
#include "report/panic.h"

#define ASSERT_OFFSET(member, offset)                                                              \
	_Static_assert(offsetof(struct vcpu, member) == (offset), #member " in vcpu_layout.h")

ASSERT_OFFSET(gprs, 0);
ASSERT_OFFSET(root_rsp, VCPU_ROOT_RSP);
ASSERT_OFFSET(opener, VCPU_OPENER);
ASSERT_OFFSET(root_rflags, VCPU_ROOT_RFLAGS);
ASSERT_OFFSET(control, VCPU_CONTROL);
_Static_assert(VCPU_ROOT_RSP == GPRS_SIZE, "RSP of root while the guest runs");

static void set_resume_flag(struct vcpu *v, u64 event)
{
	bool is_fault = EVENT_TYPE(event) == EVENT_EXCEPTION && EVENT_VECTOR(event) != DB_VECTOR &&
			EVENT_VECTOR(event) != BP_VECTOR && EVENT_VECTOR(event) != OF_VECTOR;

	if (is_fault)
		v->vendor->set(v, VCPU_RFLAGS, v->vendor->get(v, VCPU_RFLAGS) | RFLAGS_RF);
}

void vcpu_queue(struct vcpu *v, u64 event)
{
	v->event = event;
	set_resume_flag(v, event);
}

void vcpu_inject(struct vcpu *v, u64 event)
{
	v->vendor->inject(v, event);
}

void vcpu_inject_software(struct vcpu *v, u64 event, u32 length)
{
	v->vendor->set_event_length(v, length);
	v->exit.rip = v->vendor->get(v, VCPU_RIP);
	vcpu_inject(v, event);
}

u64 vcpu_get(struct vcpu *v, enum vcpu_field field)
{
	return v->vendor->get(v, field);
}

void vcpu_set(struct vcpu *v, enum vcpu_field field, u64 value)
{
	v->vendor->set(v, field, value);
	if (field == VCPU_RIP)
		v->exit.rip = value;
	else if (field == VCPU_RSP)
		v->exit.rsp = value;
}

struct exit_details vcpu_details(struct vcpu *v)
{
	return v->vendor->details(v);
}

struct gprs *vcpu_gprs(struct vcpu *v)
{
	return &v->gprs;
}

u64 vcpu_state(struct vcpu *v)
{
	return v->vendor->state(v);
}

void vcpu_set_state(struct vcpu *v, u64 state)
{
	v->vendor->set_state(v, state);
	v->written |= WRITES_BLOCKING;
	v->exit.state = v->vendor->state(v);
}

void vcpu_set_cr2(struct vcpu *v, u64 address)
{
	v->vendor->set_cr2(v, address);
}

void vcpu_intercept(struct vcpu *v, enum intercept what, bool on)
{
	v->vendor->intercept(v, what, on);
}

void vcpu_intercept_rdmsr(struct vcpu *v, u32 msr, bool on)
{
	v->vendor->intercept_rdmsr(v, msr, on);
}

void vcpu_intercept_exceptions(struct vcpu *v, u32 vectors)
{
	v->vendor->intercept_exceptions(v, vectors);
}

void vcpu_map_page(struct vcpu *v, u64 address, bool present)
{
	enum { LOW_TABLE_END = 2 << 20 };

	ASSERT(v->nested_paging && address % PAGE_SIZE == 0 && address < LOW_TABLE_END);
	v->vendor->map_page(v, address, present);
	v->lost_page = present ? 0 : address;
}

void vcpu_skip_instruction(struct vcpu *v)
{
	enum { RDMSR_LENGTH = 2 };
	u32 length = v->vendor->instruction_length(v);

	if (!length && (v->exit.reason == EXIT_RDMSR || v->exit.reason == EXIT_WRMSR))
		length = RDMSR_LENGTH; /* no NextRIP field on this CPU */
	if (!length)
		error("the length of the instruction that exited is not known here");
	v->exit.rip += length;
	v->vendor->set(v, VCPU_RIP, v->exit.rip);
}
