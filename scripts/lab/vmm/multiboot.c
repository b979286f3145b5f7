/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header lies at a multiple of 4 in the first 8 KiB of the file. Every length and address in
 * the file is checked before it is used: the file may be any file that a user names.
 */
#include <stdbool.h>
#include <string.h>
#include "multiboot.h"

enum {
	HEADER_MAGIC = 0x1badb002,
	HEADER_SEARCH = 8192, /* the header lies in the first 8 KiB of the file */
	HAS_ADDRESSES = 1 << 16,
	UNKNOWN_NEEDS = 0xfffc, /* bits 2 to 15: required features that this loader does not know */
	INFO_MEMORY = 1 << 0,
	INFO_COMMAND_LINE = 1 << 2,
	LOWER_MEMORY_KIB = 639,
};

struct header {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
};

static bool find_header(const uint8_t *file, size_t size, struct header *header, size_t *offset)
{
	size_t end = size < HEADER_SEARCH ? size : HEADER_SEARCH;

	for (size_t at = 0; at + sizeof(*header) <= end; at += 4) {
		memcpy(header, file + at, sizeof(*header));
		*offset = at;
		if (header->magic == HEADER_MAGIC &&
		    !(header->magic + header->flags + header->checksum))
			return true;
	}
	return false;
}

const char *multiboot_load(const void *file, size_t size, uint8_t *memory, size_t memory_size,
			   struct multiboot_image *image)
{
	struct header header;
	size_t offset, length;
	uint64_t end;

	if (!find_header(file, size, &header, &offset))
		return "no Multiboot header in the first 8 KiB";
	if (!(header.flags & HAS_ADDRESSES) || header.flags & UNKNOWN_NEEDS)
		return "the Multiboot header has no address fields, or requires unknown features";
	if (header.header_addr < header.load_addr || header.header_addr - header.load_addr > offset)
		return "the Multiboot header lies before the load address";
	offset -= header.header_addr - header.load_addr;
	length = header.load_end_addr ? header.load_end_addr - header.load_addr : size - offset;
	if (header.load_end_addr && header.load_end_addr < header.load_addr)
		return "the Multiboot header's load end lies before its start";
	if (length > size - offset)
		return "the file is shorter than its Multiboot header says";
	end = (uint64_t)header.load_addr + length;
	if (header.bss_end_addr > end)
		end = header.bss_end_addr;
	if (header.load_addr < MULTIBOOT_COMMAND_LINE + MULTIBOOT_COMMAND_LINE_SIZE ||
	    end > memory_size)
		return "the image does not fit the guest's memory";
	memcpy(memory + header.load_addr, (const uint8_t *)file + offset, length);
	memset(memory + header.load_addr + length, 0, end - header.load_addr - length);
	image->entry = header.entry_addr;
	return NULL;
}

/* Finds the image's own name and its length: in "x86/native.flat" it is "native". */
static const char *base_name(const char *path, size_t *length)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	*length = dot && dot != name ? (size_t)(dot - name) : strlen(name);
	return name;
}

const char *multiboot_info(uint8_t *memory, size_t memory_size, char *const *argv,
			   struct multiboot_image *image)
{
	uint32_t info[5] = { INFO_MEMORY | INFO_COMMAND_LINE, LOWER_MEMORY_KIB,
			     (uint32_t)((memory_size >> 10) - 1024), 0, MULTIBOOT_COMMAND_LINE };
	char *line = (char *)memory + MULTIBOOT_COMMAND_LINE;
	size_t room = MULTIBOOT_COMMAND_LINE_SIZE;

	for (size_t i = 0; argv[i]; i++) {
		size_t length = strlen(argv[i]);
		const char *word = i ? argv[i] : base_name(argv[i], &length);

		if (length + 2 > room)
			return "the guest's arguments are too long";
		memcpy(line, word, length);
		line[length] = ' ';
		line += length + 1;
		room -= length + 1;
	}
	line[argv[0] ? -1 : 0] = '\0';
	memcpy(memory + MULTIBOOT_INFO, info, sizeof(info));
	image->info = MULTIBOOT_INFO;
	return NULL;
}
