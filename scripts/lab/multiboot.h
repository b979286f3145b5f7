/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 as far as this project's images use it ("OS image format" and "Boot information
 * format" of the Multiboot Specification 0.6.96): a header with address fields, and a command line.
 * Pure: it sees bytes and a piece of memory, no files and no KVM.
 */
#ifndef ORDEAL_LAB_MULTIBOOT_H
#define ORDEAL_LAB_MULTIBOOT_H

#include <stddef.h>
#include <stdint.h>

enum {
	MULTIBOOT_LOADED = 0x2badb002, /* EAX at the entry */
	MULTIBOOT_INFO = 0x10000,      /* where the boot information goes, below any image */
	MULTIBOOT_COMMAND_LINE = 0x11000,
	MULTIBOOT_COMMAND_LINE_SIZE = 0x8000,
	MEMORY_SIZE = 64 << 20,
};

struct multiboot_image {
	uint32_t entry, info;
};

/*
 * Copies the image in @file to where its header wants it in @memory. Returns what is wrong with the
 * file, or NULL.
 */
const char *multiboot_load(const void *file, size_t size, uint8_t *memory, size_t memory_size,
			   struct multiboot_image *image);

/*
 * Writes the boot information; the command line is @argv's words, the first of them without its
 * directories and ending, as a boot loader gives it. Returns what is wrong, or NULL.
 */
const char *multiboot_info(uint8_t *memory, size_t memory_size, char *const *argv,
			   struct multiboot_image *image);

#endif
