/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of the disk that Bochs boots in the lab: 17 sectors of code (mbr.S, loader.c), one
 * sector with the head below, then the parts that the head lists. scripts/ordeal/platforms/
 * bochs_disk.py writes the disk; fetch.c finds the payload through the head.
 */
#ifndef ORDEAL_LAB_BOOTDISK_H
#define ORDEAL_LAB_BOOTDISK_H

#define SECTOR		 512
#define CODE_SECTORS	 17
#define HEAD_SECTOR	 CODE_SECTORS
#define LOAD_ADDRESS	 0x7c00
#define HEAD_ADDRESS	 (LOAD_ADDRESS + HEAD_SECTOR * SECTOR)
#define DISK_MAGIC	 "ordeal\0"
#define DISK_PARTS	 16
#define HEAD_INFORMATION 20

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* A part of the disk: its first sector, its size in bytes, and the address it is loaded to. */
struct disk_part {
	uint32_t sector, size, address;
};

struct disk_head {
	char magic[8];
	uint32_t payload_sector, payload_size;
	/* The address to jump to, and the value of EBX (PVH) and ESI (Linux) at that jump. */
	uint32_t entry, information;
	uint32_t count;
	struct disk_part parts[DISK_PARTS];
};

_Static_assert(offsetof(struct disk_head, information) == HEAD_INFORMATION, "mbr.S reads it");
_Static_assert(sizeof(struct disk_head) <= SECTOR, "the head is one sector");
#endif

#endif
