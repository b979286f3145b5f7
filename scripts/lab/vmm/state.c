/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of restoring is QEMU's (kvm_arch_put_registers in target/i386/kvm/kvm.c): the MSRs that
 * allow VMX and the control registers come before the nested state that depends on them; the local
 * APIC comes before the timer's deadline and before the events that its vectors cause.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include "state.h"
#include "wrong.h"

enum {
	MSR_FEATURE_CONTROL = 0x3a,
	MSR_DEBUGCTL = 0x1d9,
	MSR_VMX_FIRST = 0x480, /* IA32_VMX_BASIC and what follows it */
	MSR_VMX_LAST = 0x493,
	MSR_TSC_DEADLINE = 0x6e0,
	FLAG_REFUSED = 0x80000000u, /* no flag of struct kvm_vcpu_events */
};

static struct {
	uint32_t msrs[MAX_MSRS];
	size_t msr_count;
	bool xsave2;
	bool xcrs; /* KVM offers them on CPUs that have XSAVE */
	char trouble[160];
} kernel;

static bool extension(const struct vm *vm, long number)
{
	return ioctl(vm->kvm, KVM_CHECK_EXTENSION, number) > 0;
}

static const char *missing(const struct vm *vm)
{
	static const struct {
		const char *name;
		long number;
	} wanted[] = {
		{ "KVM_GET_SREGS2", KVM_CAP_SREGS2 },
		{ "KVM_GET_DEBUGREGS", KVM_CAP_DEBUGREGS },
		{ "KVM_GET_XSAVE", KVM_CAP_XSAVE },
		{ "KVM_GET_VCPU_EVENTS", KVM_CAP_VCPU_EVENTS },
		{ "KVM_GET_MP_STATE", KVM_CAP_MP_STATE },
		{ "KVM_GET_PIT2", KVM_CAP_PIT_STATE2 },
		{ "KVM_GET_CLOCK", KVM_CAP_ADJUST_CLOCK },
		{ "KVM_GET_NESTED_STATE", KVM_CAP_NESTED_STATE },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		bool hidden = wrong == WRONG_NO_IOCTL && wanted[i].number == KVM_CAP_NESTED_STATE;

		if (hidden || !extension(vm, wanted[i].number))
			return wanted[i].name;
	}
	return NULL;
}

/* MSRs that cannot be written with what was read from them hold no state of the guest. */
static void choose_msrs(const struct vm *vm)
{
	struct {
		struct kvm_msr_list head;
		uint32_t indices[MAX_MSRS];
	} list = { .head.nmsrs = MAX_MSRS };

	CALL(vm->kvm, KVM_GET_MSR_INDEX_LIST, &list);
	for (uint32_t i = 0; i < list.head.nmsrs; i++) {
		struct {
			struct kvm_msrs head;
			struct kvm_msr_entry entry;
		} one = { { .nmsrs = 1 }, { .index = list.head.indices[i] } };

		if (ioctl(vm->vcpu, KVM_GET_MSRS, &one) == 1 &&
		    ioctl(vm->vcpu, KVM_SET_MSRS, &one) == 1)
			kernel.msrs[kernel.msr_count++] = list.head.indices[i];
	}
}

const char *state_probe(const struct vm *vm)
{
	const char *name = missing(vm);

	if (name)
		return name;
	kernel.xsave2 =
		ioctl(vm->vm, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2) > (int)sizeof(struct kvm_xsave);
	kernel.xcrs = extension(vm, KVM_CAP_XCRS);
	choose_msrs(vm);
	return NULL;
}

void state_enable(const struct vm *vm)
{
	static const uint32_t wanted[] = { KVM_CAP_EXCEPTION_PAYLOAD,
					   KVM_CAP_X86_TRIPLE_FAULT_EVENT };

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct kvm_enable_cap cap = { .cap = wanted[i], .args = { 1 } };

		if (extension(vm, wanted[i]))
			CALL(vm->vm, KVM_ENABLE_CAP, &cap);
	}
}

static bool refused(int fd, unsigned long request, const char *name, void *argument)
{
	if (ioctl(fd, request, argument) >= 0)
		return false;
	snprintf(kernel.trouble, sizeof(kernel.trouble), "%s: %s", name, strerror(errno));
	return true;
}
#define REFUSED(fd, request, argument) refused(fd, request, #request, (void *)(uintptr_t)(argument))

/* Which of the MSRs are to be read or written: those of @only, or all but these two. */
enum msr_turn { VMX_FIRST, MOST, DEADLINE_LAST };

static enum msr_turn turn_of(uint32_t index)
{
	/* In VMX operation KVM lets nobody change what VMX can do. */
	if (index == MSR_FEATURE_CONTROL || (index >= MSR_VMX_FIRST && index <= MSR_VMX_LAST))
		return VMX_FIRST;
	return index == MSR_TSC_DEADLINE ? DEADLINE_LAST : MOST;
}

/* KVM-AMD writes a line to the kernel's log, which takes longer than all the rest. */
static bool is_noise(const struct kvm_msr_entry *entry)
{
	return entry->index == MSR_DEBUGCTL && !entry->data;
}

static bool msrs_refused(const struct vm *vm, const struct state *state, enum msr_turn turn)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[MAX_MSRS];
	} some;
	int n;

	some.head.nmsrs = 0;
	for (uint32_t i = 0; i < state->msrs.head.nmsrs; i++)
		if (turn_of(state->msrs.entries[i].index) == turn &&
		    !is_noise(&state->msrs.entries[i]))
			some.entries[some.head.nmsrs++] = state->msrs.entries[i];
	if (wrong == WRONG_FORGET_MSRS)
		return false;
	n = ioctl(vm->vcpu, KVM_SET_MSRS, &some);
	if (n == (int)some.head.nmsrs)
		return false;
	snprintf(kernel.trouble, sizeof(kernel.trouble), "KVM_SET_MSRS: MSR %#x = %#llx: %s",
		 some.entries[n < 0 ? 0 : n].index, some.entries[n < 0 ? 0 : n].data,
		 n < 0 ? strerror(errno) : "refused");
	return true;
}

static bool msrs_unread(const struct vm *vm, struct state *state)
{
	int n;

	state->msrs.head.nmsrs = kernel.msr_count;
	for (size_t i = 0; i < kernel.msr_count; i++)
		state->msrs.entries[i].index = kernel.msrs[i];
	n = ioctl(vm->vcpu, KVM_GET_MSRS, &state->msrs);
	if (n == (int)kernel.msr_count)
		return false;
	snprintf(kernel.trouble, sizeof(kernel.trouble), "KVM_GET_MSRS: MSR %#x is not readable",
		 kernel.msrs[n < 0 ? 0 : n]);
	return true;
}

static bool chips_unread(const struct vm *vm, struct state *state)
{
	for (uint32_t i = 0; i < CHIPS; i++) {
		state->chips[i].chip_id = i;
		if (REFUSED(vm->vm, KVM_GET_IRQCHIP, &state->chips[i]))
			return true;
	}
	return REFUSED(vm->vm, KVM_GET_PIT2, &state->pit) ||
	       REFUSED(vm->vm, KVM_GET_CLOCK, &state->clock);
}

const char *state_save(const struct vm *vm, struct state *state)
{
	unsigned long get_xsave = kernel.xsave2 ? KVM_GET_XSAVE2 : KVM_GET_XSAVE;

	memset(&state->nested.head, 0, sizeof(state->nested.head));
	state->nested.head.size = sizeof(state->nested);
	/* KVM_GET_MP_STATE may accept an INIT, and so change registers: it comes before them. */
	if (REFUSED(vm->vcpu, KVM_GET_VCPU_EVENTS, &state->events) ||
	    REFUSED(vm->vcpu, KVM_GET_MP_STATE, &state->mp) ||
	    REFUSED(vm->vcpu, KVM_GET_REGS, &state->regs) ||
	    REFUSED(vm->vcpu, get_xsave, state->xsave) ||
	    (kernel.xcrs && REFUSED(vm->vcpu, KVM_GET_XCRS, &state->xcrs)) ||
	    REFUSED(vm->vcpu, KVM_GET_SREGS2, &state->sregs) || msrs_unread(vm, state) ||
	    REFUSED(vm->vcpu, KVM_GET_LAPIC, &state->lapic) ||
	    REFUSED(vm->vcpu, KVM_GET_DEBUGREGS, &state->debug) ||
	    REFUSED(vm->vcpu, KVM_GET_NESTED_STATE, &state->nested) || chips_unread(vm, state))
		return kernel.trouble;
	return NULL;
}

static bool events_refused(const struct vm *vm, const struct state *state)
{
	struct kvm_vcpu_events events = state->events;

	/* Without these flags KVM_SET_VCPU_EVENTS leaves out what they stand for. */
	events.flags |= KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	if (wrong == WRONG_FORGET_EVENTS)
		return false;
	if (wrong == WRONG_FORGET_SHADOW)
		events.interrupt.shadow = 0;
	if (wrong == WRONG_REFUSED)
		events.flags |= FLAG_REFUSED;
	return REFUSED(vm->vcpu, KVM_SET_VCPU_EVENTS, &events);
}

static bool chips_refused(const struct vm *vm, const struct state *state)
{
	struct kvm_clock_data clock = { .clock = state->clock.clock };

	for (uint32_t i = 0; i < CHIPS; i++)
		if (REFUSED(vm->vm, KVM_SET_IRQCHIP, &state->chips[i]))
			return true;
	return (wrong != WRONG_FORGET_PIT && REFUSED(vm->vm, KVM_SET_PIT2, &state->pit)) ||
	       REFUSED(vm->vm, KVM_SET_CLOCK, &clock);
}

const char *state_restore(const struct vm *vm, const struct state *state)
{
	if (msrs_refused(vm, state, VMX_FIRST) ||
	    REFUSED(vm->vcpu, KVM_SET_SREGS2, &state->sregs) ||
	    (wrong != WRONG_FORGET_NESTED &&
	     REFUSED(vm->vcpu, KVM_SET_NESTED_STATE, &state->nested)) ||
	    REFUSED(vm->vcpu, KVM_SET_REGS, &state->regs) ||
	    REFUSED(vm->vcpu, KVM_SET_XSAVE, state->xsave) ||
	    (kernel.xcrs && REFUSED(vm->vcpu, KVM_SET_XCRS, &state->xcrs)) ||
	    msrs_refused(vm, state, MOST) || chips_refused(vm, state) ||
	    (wrong != WRONG_FORGET_LAPIC && REFUSED(vm->vcpu, KVM_SET_LAPIC, &state->lapic)) ||
	    events_refused(vm, state) || REFUSED(vm->vcpu, KVM_SET_MP_STATE, &state->mp) ||
	    msrs_refused(vm, state, DEADLINE_LAST) ||
	    (wrong != WRONG_FORGET_DEBUG && REFUSED(vm->vcpu, KVM_SET_DEBUGREGS, &state->debug)))
		return kernel.trouble;
	return NULL;
}

uint64_t state_msr(const struct state *state, uint32_t index)
{
	for (uint32_t i = 0; i < state->msrs.head.nmsrs; i++)
		if (state->msrs.entries[i].index == index)
			return state->msrs.entries[i].data;
	return 0;
}
