/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM wants the addresses of its own pages before the first CPU, and the interrupt controllers
 * before the CPU whose local APIC they serve ("KVM_SET_TSS_ADDR", "KVM_CREATE_IRQCHIP").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ending.h"
#include "vm.h"

enum {
	/* KVM-Intel needs pages of its own: below 4 GiB, above the guest's memory. */
	TSS_ADDRESS = 0xfffbd000,
	IDENTITY_MAP_ADDRESS = 0xfffbc000,
	CPUID_ENTRIES = 256,
	PAGE = 4096,
};

static struct kvm_cpuid2 *cpuid;

int vm_call(int fd, unsigned long request, const char *name, void *argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail("%s: %s", name, strerror(errno));
	return result;
}

/* The guest's CPUID: all that KVM supports, the local APIC's id, and the hypervisor bit. */
static void choose_cpuid(const struct vm *vm)
{
	cpuid = calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		fail("no memory");
	cpuid->nent = CPUID_ENTRIES;
	CALL(vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 1) {
			entry->ebx = (entry->ebx & 0xff00) | 1 << 16;
			entry->ecx |= 1u << 31;
		}
		if (entry->function == 0xb || entry->function == 0x1f)
			entry->edx = 0;
	}
}

void vm_open(struct vm *vm)
{
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		fail("/dev/kvm: %s", strerror(errno));
	if (CALL(vm->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		fail("/dev/kvm speaks another API version");
	vm->run_size = CALL(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->memory == MAP_FAILED)
		fail("%d MiB of memory: %s", MEMORY_SIZE >> 20, strerror(errno));
	choose_cpuid(vm);
}

void vm_create(struct vm *vm)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY_SIZE };
	uint64_t identity = IDENTITY_MAP_ADDRESS;
	struct kvm_pit_config pit = { 0 };

	vm->vm = CALL(vm->kvm, KVM_CREATE_VM, 0);
	CALL(vm->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);
	CALL(vm->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	CALL(vm->vm, KVM_CREATE_IRQCHIP, 0);
	CALL(vm->vm, KVM_CREATE_PIT2, &pit);
	region.userspace_addr = (uintptr_t)vm->memory;
	CALL(vm->vm, KVM_SET_USER_MEMORY_REGION, &region);
	vm->vcpu = CALL(vm->vm, KVM_CREATE_VCPU, 0);
	vm->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		fail("struct kvm_run: %s", strerror(errno));
	CALL(vm->vcpu, KVM_SET_CPUID2, cpuid);
}

/* Linux 6.11 and later; <linux/kvm.h> may be older. */
#ifndef KVM_PRE_FAULT_MEMORY
struct kvm_pre_fault_memory {
	__u64 gpa;
	__u64 size;
	__u64 flags;
	__u64 padding[5];
};
#define KVM_PRE_FAULT_MEMORY _IOWR(KVMIO, 0xd5, struct kvm_pre_fault_memory)
#endif

void vm_warm(const struct vm *vm)
{
	static unsigned char resident[MEMORY_SIZE / PAGE];
	struct kvm_pre_fault_memory range = { 0 };

	if (mincore(vm->memory, MEMORY_SIZE, resident) < 0)
		fail("mincore: %s", strerror(errno));
	for (size_t i = 0; i < MEMORY_SIZE / PAGE; i++) {
		volatile uint8_t *page = vm->memory + i * PAGE;

		if (!(resident[i] & 1))
			continue;
		*page = *page; /* a page of this process's own: else KVM would map it read-only */
		if (range.gpa + range.size != i * PAGE) {
			if (range.size)
				ioctl(vm->vcpu, KVM_PRE_FAULT_MEMORY, &range);
			range = (struct kvm_pre_fault_memory){ .gpa = i * PAGE };
		}
		range.size += PAGE;
	}
	if (range.size)
		ioctl(vm->vcpu, KVM_PRE_FAULT_MEMORY, &range);
}

void vm_destroy(struct vm *vm)
{
	munmap(vm->run, vm->run_size);
	close(vm->vcpu);
	close(vm->vm);
	vm->run = NULL;
	vm->vcpu = vm->vm = -1;
}

void vm_set_entry(const struct vm *vm, const struct multiboot_image *image)
{
	const struct kvm_segment code = { .limit = 0xffffffff,
					  .selector = 8,
					  .type = 11,
					  .present = 1,
					  .db = 1,
					  .s = 1,
					  .g = 1 };
	const struct kvm_segment data = { .limit = 0xffffffff,
					  .selector = 16,
					  .type = 3,
					  .present = 1,
					  .db = 1,
					  .s = 1,
					  .g = 1 };
	struct kvm_regs regs = {
		.rip = image->entry, .rax = MULTIBOOT_LOADED, .rbx = image->info, .rflags = 2
	};
	struct kvm_sregs sregs;

	CALL(vm->vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = (sregs.cr0 | 1) & ~0x80000000ull;
	CALL(vm->vcpu, KVM_SET_SREGS, &sregs);
	CALL(vm->vcpu, KVM_SET_REGS, &regs);
}
