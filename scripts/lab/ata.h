/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the disk on the first IDE channel by programmed I/O, without a driver or an interrupt. */
#ifndef ORDEAL_LAB_ATA_H
#define ORDEAL_LAB_ATA_H

#include <stdbool.h>
#include <stdint.h>
#include "ports.h"

enum {
	ATA = 0x1f0,
	ATA_COUNT = ATA + 2,
	ATA_LBA_LOW = ATA + 3,
	ATA_LBA_MID = ATA + 4,
	ATA_LBA_HIGH = ATA + 5,
	ATA_DEVICE = ATA + 6,
	ATA_STATUS = ATA + 7,
	ATA_LBA_MODE = 0xe0,
	ATA_READ_SECTORS = 0x20,
	ATA_BUSY = 0x80,
	ATA_DATA_REQUEST = 0x08,
	ATA_ERROR = 0x21,
	ATA_MOST = 255, /* sectors that one command reads */
	ATA_SECTOR = 512,
};

/*
 * Reads @count sectors, from sector @number on, to @to, which has room for whole sectors. Returns
 * false if the disk reports an error, or if there is no disk.
 */
static inline bool ata_read(uint32_t number, uint8_t count, void *to)
{
	uint8_t *bytes = to;

	while (inb(ATA_STATUS) & ATA_BUSY)
		;
	outb(ATA_LBA_MODE | (number >> 24 & 0xf), ATA_DEVICE);
	outb(count, ATA_COUNT);
	outb(number & 0xff, ATA_LBA_LOW);
	outb(number >> 8 & 0xff, ATA_LBA_MID);
	outb(number >> 16 & 0xff, ATA_LBA_HIGH);
	outb(ATA_READ_SECTORS, ATA_STATUS);
	for (; count; count--, bytes += ATA_SECTOR) {
		uint8_t status;

		do {
			status = inb(ATA_STATUS);
			if (!(status & ATA_BUSY) && status & ATA_ERROR)
				return false;
		} while (status & ATA_BUSY || !(status & ATA_DATA_REQUEST));
		read_words(ATA, bytes, ATA_SECTOR / 2);
	}
	return true;
}

#endif
