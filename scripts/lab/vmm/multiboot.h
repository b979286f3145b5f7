/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 as far as this project's images use it ("OS image format" and "Boot information
 * format" of the Multiboot Specification 0.6.96): a header with address fields, and a command line.
 * These functions see only bytes and a piece of memory, neither files nor KVM.
 */
#ifndef ORDEAL_LAB_MULTIBOOT_H
#define ORDEAL_LAB_MULTIBOOT_H

#include <stddef.h>
#include <stdint.h>

enum {
	MULTIBOOT_LOADED = 0x2badb002, /* EAX at the entry */
	MULTIBOOT_INFO = 0x10000,      /* the address of the boot information, below any image */
	MULTIBOOT_COMMAND_LINE = 0x11000,
	MULTIBOOT_COMMAND_LINE_SIZE = 0x8000,
	MEMORY_SIZE = 64 << 20,
};

struct multiboot_image {
	uint32_t entry, info;
};

/*
 * Copies the image in @file to the place in @memory that its header names. Returns NULL, or what is
 * wrong with the file.
 */
const char *multiboot_load(const void *file, size_t size, uint8_t *memory, size_t memory_size,
			   struct multiboot_image *image);

/*
 * Writes the boot information. The command line is the words of @argv, the first of them without
 * directories and ending, as a boot loader passes it. Returns NULL, or what is wrong.
 */
const char *multiboot_info(uint8_t *memory, size_t memory_size, char *const *argv,
			   struct multiboot_image *image);

#endif
