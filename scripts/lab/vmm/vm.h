/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One virtual machine with one CPU, KVM's own interrupt controllers and timer. The guest's memory
 * belongs to this program, so that it outlives the virtual machine.
 */
#ifndef ORDEAL_VMM_VM_H
#define ORDEAL_VMM_VM_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include "multiboot.h"

struct vm {
	int kvm, vm, vcpu;
	uint8_t *memory; /* MEMORY_SIZE bytes */
	struct kvm_run *run;
	size_t run_size;
};

/* An ioctl that must not fail. @name: the request's own name, for the message. */
int vm_call(int fd, unsigned long request, const char *name, void *argument);
#define CALL(fd, request, argument) vm_call(fd, request, #request, (void *)(uintptr_t)(argument))

/* Opens /dev/kvm, allocates the memory, and asks KVM for the guest's CPUID. */
void vm_open(struct vm *vm);

/* A new virtual machine around vm->memory, as KVM makes it: nothing but its CPUID is set. */
void vm_create(struct vm *vm);

/*
 * Has KVM enter the guest's pages into its tables now, where this kernel can do that
 * (KVM_PRE_FAULT_MEMORY), so that the guest does not exit for each. Pages that the guest has never
 * touched are left out.
 */
void vm_warm(const struct vm *vm);

/* Ends the virtual machine; memory and /dev/kvm stay. */
void vm_destroy(struct vm *vm);

/* The machine state that Multiboot specifies: 32-bit protected mode, flat segments, no paging. */
void vm_set_entry(const struct vm *vm, const struct multiboot_image *image);

#endif
