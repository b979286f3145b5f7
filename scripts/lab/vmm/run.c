/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exits that the guests of this project cause: ports, memory without a device, and their end.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include "case_log.h"
#include "console.h"
#include "ending.h"
#include "run.h"

enum {
	COM1 = 0x3f8,
	COM1_STATUS = COM1 + 5,
	STATUS_EMPTY = 0x60, /* THRE and TEMT: the transmitter is always empty */
	BLOCK_PORT = 0xe8,   /* console=block writes the address of a struct console_block */
	EXIT_PORT = 0xf4,
};

/* One exit passes a whole line: struct console_block in lib/x86/report/console.h. */
struct console_block {
	uint64_t address, length, stage;
};

static uint64_t stage_address;

static void guest_byte(char byte)
{
	if (!ending_of_play)
		console_byte(byte);
	case_log_byte(byte);
}

static void console_block(const struct vm *vm, uint32_t at)
{
	struct console_block block;

	if (at > MEMORY_SIZE - sizeof(block))
		fail("the guest's console block is outside its memory");
	memcpy(&block, vm->memory + at, sizeof(block));
	if (block.address > MEMORY_SIZE || block.length > MEMORY_SIZE - block.address)
		fail("the guest's console output is outside its memory");
	if (block.stage > MEMORY_SIZE - sizeof(struct stage_words))
		fail("the guest's words about its stage are outside its memory");
	stage_address = block.stage;
	for (uint64_t i = 0; i < block.length; i++)
		guest_byte(vm->memory[block.address + i]);
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
		guest_byte(data[i]);
}

/* Does what the guest left for; ends this program if it does not know what that is. */
static void answer(const struct vm *vm)
{
	struct kvm_run *run = vm->run;
	struct kvm_regs regs;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		port_access(vm);
		return;
	case KVM_EXIT_MMIO:
		if (!run->mmio.is_write)
			memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		return;
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
	fail("KVM exit %u, which this VMM does not know, RIP %#llx", run->exit_reason, regs.rip);
}

bool vm_run(const struct vm *vm)
{
	if (ioctl(vm->vcpu, KVM_RUN, 0) < 0) {
		if (errno != EINTR && errno != EAGAIN)
			fail("KVM_RUN: %s", strerror(errno));
		return false;
	}
	answer(vm);
	return true;
}

void vm_complete(const struct vm *vm)
{
	vm->run->immediate_exit = 1;
	/* The rest of a string instruction may leave once more. */
	while (vm_run(vm))
		;
	vm->run->immediate_exit = 0;
}

struct stage_words vm_stage(const struct vm *vm)
{
	struct stage_words words = { 0 };

	if (stage_address)
		memcpy(&words, vm->memory + stage_address, sizeof(words));
	return words;
}
