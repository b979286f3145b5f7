/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader told us, in one shape whichever loader it was.
 */
#ifndef ORDEAL_BOOTINFO_H
#define ORDEAL_BOOTINFO_H

#include "boot/handoff.h"

struct boot_info {
	int kind;		   /* BOOT_MULTIBOOT or BOOT_PVH */
	const char *command_line;  /* NUL-terminated; "" if the loader gave none */
	bool first_word_is_file;   /* Multiboot loaders put the file's name first */
	u64 memory_bytes;	   /* usable RAM above 1 MiB; 0 if unknown */
	u64 rsdp;		   /* physical address of the ACPI RSDP, or 0 */
	u64 leave;		   /* where our own loader wants the boot to end, or 0 */
	struct progress *progress; /* what our own loader wants to know, or NULL */
	struct framebuffer screen;
};

/* @kind: BOOT_*, @info: what the loader left in EBX. */
void boot_info_read(struct boot_info *boot, int kind, u32 info);

#endif
