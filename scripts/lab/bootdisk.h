/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk that Bochs boots in the lab: 17 sectors of code (mbr.S, loader.c), one with this head,
 * then what the head names. scripts/ordeal/platforms/lab/disk.py writes it, fetch.c finds its
 * payload by it.
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

/* Bytes of the disk, from a sector's start on, and where in memory they belong. */
struct disk_part {
	uint32_t sector, size, address;
};

struct disk_head {
	char magic[8];
	uint32_t payload_sector, payload_size;
	/* Where to go in the end, and what to have in EBX (PVH) and ESI (Linux) then. */
	uint32_t entry, information;
	uint32_t count;
	struct disk_part parts[DISK_PARTS];
};

_Static_assert(offsetof(struct disk_head, information) == HEAD_INFORMATION, "mbr.S reads it");
_Static_assert(sizeof(struct disk_head) <= SECTOR, "the head is one sector");
#endif

#endif
