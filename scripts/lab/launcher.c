/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small VMM: it boots one Multiboot image of this project on /dev/kvm with one CPU, and writes
 * the image's serial console to standard output. The lab runs it on the KVM under test, because it
 * starts in a hundredth of the time of a full VMM; `x86/run --vmm launcher` runs it on this
 * machine's /dev/kvm.
 *
 *	launcher [-o PORT] [-t TAG] IMAGE [GUEST-ARGUMENT]...
 *
 * -o PORT: write the console to this I/O port of the machine (a debug console) instead of standard
 * output.
 * -t TAG: print a line "TAG BEGIN" before the guest's output and "TAG EXIT KIND STATUS TEXT" after
 * it; KIND is exit (the guest wrote STATUS), off (the guest stopped) or vmm (KVM or this program
 * failed).
 * The exit status is the one that the guest wrote to port 0xf4; 126 if the guest stopped without
 * writing one; 125 if KVM or this program failed. The guest has a COM1 to write to and KVM's own
 * interrupt controllers and timer. It has no other device: other ports read as all ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "multiboot.h"
#include "ports.h"

enum {
	COM1 = 0x3f8,
	COM1_STATUS = COM1 + 5,
	STATUS_EMPTY = 0x60, /* THRE and TEMT: the transmitter is always empty */
	BLOCK_PORT = 0xe8,   /* console=block writes the address of a struct console_block */
	EXIT_PORT = 0xf4,
	STATUS_STOPPED = 126,
	STATUS_FAILED = 125,
	/* KVM-Intel needs pages of its own: below 4 GiB, above the guest's memory. */
	TSS_ADDRESS = 0xfffbd000,
	IDENTITY_MAP_ADDRESS = 0xfffbc000,
	CONSOLE_SIZE = 4096,
};

struct vm {
	int kvm, vm, vcpu;
	uint8_t *memory;
	struct kvm_run *run;
};

static struct {
	char bytes[CONSOLE_SIZE];
	size_t used;
	unsigned short port;
} console;

static const char *tag;

static void console_flush(void)
{
	size_t done = 0;

	if (console.port)
		write_bytes(console.port, console.bytes, console.used);
	while (!console.port && done < console.used) {
		ssize_t n = write(STDOUT_FILENO, console.bytes + done, console.used - done);

		if (n < 0 && errno != EINTR)
			_exit(STATUS_FAILED);
		done += n > 0 ? n : 0;
	}
	console.used = 0;
}

static void console_byte(char byte)
{
	console.bytes[console.used++] = byte;
	if (byte == '\n' || console.used == CONSOLE_SIZE)
		console_flush();
}

/* Ends this program. The runner learns how the guest ended from the line with "EXIT" alone. */
static _Noreturn void finish(const char *kind, int status, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (console.used)
		console_byte('\n');
	if (tag) {
		char line[512];

		snprintf(line, sizeof(line), "%s EXIT %s %d %s\n", tag, kind, status, text);
		for (const char *p = line; *p; p++)
			console_byte(*p);
	} else if (strcmp(kind, "exit")) {
		fprintf(stderr, "launcher: %s\n", text);
	}
	exit(status);
}

#define fail(...) finish("vmm", STATUS_FAILED, __VA_ARGS__)

static int call(int fd, unsigned long request, const char *name, void *argument)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail("%s: %s", name, strerror(errno));
	return result;
}
#define CALL(fd, request, argument) call(fd, request, #request, (void *)(uintptr_t)(argument))

static void read_image(struct vm *vm, const char *path, struct multiboot_image *image)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *problem;
	void *file;

	if (fd < 0 || fstat(fd, &stat) < 0)
		fail("%s: %s", path, strerror(errno));
	file = mmap(NULL, stat.st_size ? stat.st_size : 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		fail("%s: %s", path, strerror(errno));
	problem = multiboot_load(file, stat.st_size, vm->memory, MEMORY_SIZE, image);
	if (problem)
		fail("%s: %s", path, problem);
	munmap(file, stat.st_size);
	close(fd);
}

static void create(struct vm *vm)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY_SIZE };
	uint64_t identity = IDENTITY_MAP_ADDRESS;
	struct kvm_pit_config pit = { 0 };
	int size;

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		fail("/dev/kvm: %s", strerror(errno));
	if (CALL(vm->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		fail("/dev/kvm speaks another API version");
	vm->vm = CALL(vm->kvm, KVM_CREATE_VM, 0);
	CALL(vm->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);
	CALL(vm->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	CALL(vm->vm, KVM_CREATE_IRQCHIP, 0);
	CALL(vm->vm, KVM_CREATE_PIT2, &pit);
	vm->memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->memory == MAP_FAILED)
		fail("%d MiB of memory: %s", MEMORY_SIZE >> 20, strerror(errno));
	region.userspace_addr = (uintptr_t)vm->memory;
	CALL(vm->vm, KVM_SET_USER_MEMORY_REGION, &region);
	vm->vcpu = CALL(vm->vm, KVM_CREATE_VCPU, 0);
	size = CALL(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		fail("struct kvm_run: %s", strerror(errno));
}

/* The guest's CPUID: all that KVM supports, the local APIC's id, and the hypervisor bit. */
static void set_cpuid(struct vm *vm)
{
	enum { ENTRIES = 256 };
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + ENTRIES * sizeof(cpuid->entries[0]));

	if (!cpuid)
		fail("no memory");
	cpuid->nent = ENTRIES;
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
	CALL(vm->vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
}

/* The machine state that Multiboot specifies: 32-bit protected mode, flat segments, no paging. */
static void set_registers(struct vm *vm, const struct multiboot_image *image)
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

/* One exit passes a whole line: see struct console_block in lib/x86/report/console.h. */
static void console_block(const struct vm *vm, uint32_t at)
{
	struct {
		uint64_t address, length;
	} block;

	if (at > MEMORY_SIZE - sizeof(block))
		fail("the guest's console block is outside its memory");
	memcpy(&block, vm->memory + at, sizeof(block));
	if (block.address > MEMORY_SIZE || block.length > MEMORY_SIZE - block.address)
		fail("the guest's console output is outside its memory");
	for (uint64_t i = 0; i < block.length; i++)
		console_byte(vm->memory[block.address + i]);
}

static void port_access(const struct vm *vm)
{
	const struct kvm_run *run = vm->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	size_t size = (size_t)run->io.size * run->io.count;

	if (run->io.direction == KVM_EXIT_IO_IN) {
		memset(data, run->io.port == COM1_STATUS ? STATUS_EMPTY : 0xff, size);
		return;
	}
	if (run->io.port == EXIT_PORT)
		finish("exit", data[0], "by the guest");
	if (run->io.port == BLOCK_PORT && size == sizeof(uint32_t))
		console_block(vm, *(uint32_t *)data);
	for (size_t i = 0; run->io.port == COM1 && i < size; i++)
		console_byte(data[i]);
}

static _Noreturn void run_guest(struct vm *vm)
{
	struct kvm_run *run = vm->run;
	struct kvm_regs regs;

	for (;;) {
		if (ioctl(vm->vcpu, KVM_RUN, 0) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				fail("KVM_RUN: %s", strerror(errno));
			continue;
		}
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			port_access(vm);
			continue;
		case KVM_EXIT_MMIO:
			if (!run->mmio.is_write)
				memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
			continue;
		case KVM_EXIT_SHUTDOWN:
			finish("off", STATUS_STOPPED, "shutdown (a triple fault)");
		case KVM_EXIT_SYSTEM_EVENT:
			finish("off", STATUS_STOPPED, "system event %u", run->system_event.type);
		case KVM_EXIT_FAIL_ENTRY:
			fail("KVM could not enter the guest: hardware reason %#llx",
			     run->fail_entry.hardware_entry_failure_reason);
		}
		CALL(vm->vcpu, KVM_GET_REGS, &regs);
		if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
			fail("KVM internal error %u, RIP %#llx", run->internal.suberror, regs.rip);
		fail("KVM exit %u, which this VMM does not know, RIP %#llx", run->exit_reason,
		     regs.rip);
	}
}

int main(int argc, char **argv)
{
	struct multiboot_image image;
	const char *problem;
	struct vm vm;
	int option;

	while ((option = getopt(argc, argv, "+o:t:")) != -1) {
		if (option == 'o')
			console.port = strtoul(optarg, NULL, 0);
		else if (option == 't')
			tag = optarg;
		else
			return STATUS_FAILED;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: launcher [-o PORT] [-t TAG] IMAGE [GUEST-ARGUMENT]...\n");
		return STATUS_FAILED;
	}
	if (console.port && ioperm(console.port, 1, 1) < 0) {
		fprintf(stderr, "launcher: port %#x: %s\n", console.port, strerror(errno));
		return STATUS_FAILED;
	}
	if (tag) {
		char line[256];

		snprintf(line, sizeof(line), "\n%s BEGIN\n", tag);
		for (const char *p = line; *p; p++)
			console_byte(*p);
	}
	create(&vm);
	read_image(&vm, argv[optind], &image);
	problem = multiboot_info(vm.memory, MEMORY_SIZE, argv + optind, &image);
	if (problem)
		fail("%s", problem);
	set_cpuid(&vm);
	set_registers(&vm, &image);
	run_guest(&vm);
}
