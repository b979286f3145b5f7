/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads each part that the head of the lab's disk lists to its address, and returns the entry
 * point. This loader knows nothing about kernels: lab/disk.py has prepared, on the disk, everything
 * that Linux expects in memory.
 */
#include "bootdisk.h"
#include "ata.h"

uint32_t loader(void);
uint32_t loader(void)
{
	const struct disk_head *head = (const void *)HEAD_ADDRESS;

	for (uint32_t i = 0; i < head->count; i++) {
		uint32_t sector = head->parts[i].sector;
		uint32_t left = (head->parts[i].size + SECTOR - 1) / SECTOR;
		uint8_t *to = (uint8_t *)head->parts[i].address;

		while (left) {
			uint8_t count = left < ATA_MOST ? left : ATA_MOST;

			if (!ata_read(sector, count, to))
				__asm__ volatile("outb %b0, $0xe9; cli; hlt" : : "a"('!'));
			sector += count;
			left -= count;
			to += count * SECTOR;
		}
	}
	return head->entry;
}
