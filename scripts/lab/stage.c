/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PVH kernel that loads another one in its own place. Xen starts it as dom0. It says READY on
 * COM2, waits until QEMU's firmware configuration device offers a payload, loads the payload and
 * enters it as Xen would have done. The machine's state is saved while this kernel waits, so that
 * Xen boots only once and every image starts from the saved state.
 *
 * The payload is a command line, a NUL, padding to 4096 bytes, and an image of this project. This
 * kernel runs in 32-bit protected mode without paging, as PVH specifies, and lies above any image.
 */
#include <stddef.h>
#include <stdint.h>

enum {
	COM2 = 0x2f8,
	COM_STATUS = 5,
	COM_EMPTY = 0x20,
	FW_CFG_SELECT = 0x510,
	FW_CFG_DATA = 0x511,
	FW_CFG_DIRECTORY = 0x19,
	COMMAND_LINE_SIZE = 4096,
	IMAGE_LIMIT = 1 << 20,
	NOTE_ENTRY = 18, /* XEN_ELFNOTE_PHYS32_ENTRY */
	PT_LOAD = 1,
	PT_NOTE = 4,
	PAUSES = 200,
	DEBUG_EXIT = 0xf4, /* QEMU's isa-debug-exit ends the machine */
};

/* Xen's hvm_start_info (start_info.h), up to the command line. */
struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line;
};

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum;
} __attribute__((packed));

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct fw_cfg_file {
	uint32_t size; /* big endian, as every field of this device */
	uint16_t select, reserved;
	char name[56];
};

static char command_line[COMMAND_LINE_SIZE];
static uint8_t image[IMAGE_LIMIT];

__asm__(".section .note.pvh, \"a\", @note\n"
	".balign 4\n"
	".long 4, 4, 18\n"
	".asciz \"Xen\"\n"
	".long start\n"
	".text\n"
	".globl start\n"
	"start: cli\n"
	"cld\n"
	"mov $stack_top, %esp\n"
	"push %ebx\n"
	"call stage\n"
	"pop %ebx\n"
	"jmp *%eax\n"
	".bss\n"
	".balign 16\n"
	".skip 4096\n"
	"stack_top:\n"
	".text\n");

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/*
 * Exits to the hypervisor and returns. QEMU does not load a saved state of a CPU in guest mode, so
 * the CPU has to spend nearly all of its time in the hypervisor.
 */
static void leave(void)
{
	uint32_t eax = 0, ecx = 0;

	__asm__ volatile("cpuid" : "+a"(eax), "+c"(ecx) : : "ebx", "edx");
}

static void select(uint16_t key)
{
	__asm__ volatile("outw %0, %1" : : "a"(key), "Nd"((uint16_t)FW_CFG_SELECT));
}

static void read_bytes(void *to, size_t n)
{
	uint8_t *bytes = to;

	while (n--)
		*bytes++ = in8(FW_CFG_DATA);
}

static void say(const char *text)
{
	for (; *text; text++) {
		while (!(in8(COM2 + COM_STATUS) & COM_EMPTY))
			;
		out8(COM2, *text);
	}
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Returns the payload's size, or 0 while there is none. The data port then delivers the payload. */
static uint32_t payload(void)
{
	struct fw_cfg_file file;
	uint32_t count;

	select(FW_CFG_DIRECTORY);
	read_bytes(&count, sizeof(count));
	for (count = __builtin_bswap32(count); count; count--) {
		read_bytes(&file, sizeof(file));
		if (same(file.name, "opt/ordeal/payload")) {
			select(__builtin_bswap16(file.select));
			return __builtin_bswap32(file.size);
		}
	}
	return 0;
}

/* The entry point that the image's PVH note names; 0 without one. */
static uint32_t entry_of(const uint32_t *note, uint32_t size)
{
	for (const uint32_t *end = note + size / 4; note + 4 < end;
	     note += 3 + (note[0] + 3) / 4 + (note[1] + 3) / 4)
		if (note[2] == NOTE_ENTRY)
			return note[3 + (note[0] + 3) / 4];
	return 0;
}

static uint32_t load(void)
{
	const struct elf_header *elf = (void *)image;
	const struct elf_segment *segment = (void *)(image + (uint32_t)elf->phoff);
	uint32_t entry = 0;

	for (uint16_t i = 0; i < elf->phnum; i++, segment++) {
		uint8_t *to = (uint8_t *)(uint32_t)segment->paddr;
		const uint8_t *from = image + (uint32_t)segment->offset;

		if (segment->type == PT_NOTE)
			entry = entry_of((const uint32_t *)from, segment->filesz);
		if (segment->type != PT_LOAD)
			continue;
		for (uint32_t at = 0; at < segment->memsz; at++)
			to[at] = at < segment->filesz ? from[at] : 0;
	}
	return entry;
}

/* Returns the entry to jump to. */
uint32_t stage(struct start_info *info);
uint32_t stage(struct start_info *info)
{
	uint32_t size, entry;

	say("READY\n");
	while (!(size = payload()))
		for (int i = 0; i < PAUSES; i++)
			leave();
	if (size == COMMAND_LINE_SIZE) { /* No image: the runner tests a saved state. */
		say("OVER\n");
		out8(DEBUG_EXIT, 0);
	}
	if (size <= COMMAND_LINE_SIZE || size - COMMAND_LINE_SIZE > IMAGE_LIMIT) {
		say("TROUBLE the image does not fit the stage\n");
		for (;;)
			__asm__ volatile("hlt");
	}
	read_bytes(command_line, COMMAND_LINE_SIZE);
	read_bytes(image, size - COMMAND_LINE_SIZE);
	info->command_line = (uint32_t)command_line;
	entry = load();
	if (!entry) {
		say("TROUBLE the image has no PVH note\n");
		for (;;)
			__asm__ volatile("hlt");
	}
	return entry;
}
