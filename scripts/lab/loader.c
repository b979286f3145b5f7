/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads what the head of the lab's disk names to where it says, and returns where to go. It knows
 * nothing of kernels: what Linux wants to find in memory, lab/disk.py has put on the disk.
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
