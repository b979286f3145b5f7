/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that KVM keeps of a virtual CPU and of the interrupt controllers and the timer around it, as
 * its API hands it out and takes it back ("The Definitive KVM API Documentation").
 */
#ifndef ORDEAL_VMM_STATE_H
#define ORDEAL_VMM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "vm.h"

enum {
	MAX_MSRS = 512,
	XSAVE_SIZE = 16384,
	NESTED_SIZE = 32768,
	CHIPS = 3, /* two PICs and the I/O APIC */
};

struct state {
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp;
	struct kvm_regs regs;
	struct kvm_sregs2 sregs;
	struct kvm_debugregs debug;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	struct kvm_irqchip chips[CHIPS];
	struct kvm_pit_state2 pit;
	struct kvm_clock_data clock;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[MAX_MSRS];
	} msrs;
	union {
		struct kvm_nested_state head;
		uint8_t bytes[NESTED_SIZE];
	} nested;
	uint8_t xsave[XSAVE_SIZE] __attribute__((aligned(64)));
};

/*
 * Finds out what this kernel can save. Returns NULL, or the name of an ioctl that it lacks. Needs a
 * virtual machine that nothing else is done with: every MSR is written.
 */
const char *state_probe(const struct vm *vm);

/* What KVM has to be told about a new virtual machine, so that nothing of its state is hidden. */
void state_enable(const struct vm *vm);

/* NULL, or the ioctl and its error. No port or memory access may be under way (vm_complete). */
const char *state_save(const struct vm *vm, struct state *state);

/* NULL, or the ioctl, its error and, where that can be told, the field. */
const char *state_restore(const struct vm *vm, const struct state *state);

/* The MSR's value in a saved state; 0 if KVM does not list the MSR. */
uint64_t state_msr(const struct state *state, uint32_t index);

#endif
