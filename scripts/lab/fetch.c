/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * This program runs in the lab's small Linux. It waits until the emulator offers a payload, and
 * copies the payload to standard output. The machine's state can be saved while this program waits,
 * and be loaded any number of times, each time with another payload: so the lab boots at once.
 *
 *	fetch [-o PORT WORD] [fw_cfg | ata]
 *	fetch -c PORT
 *
 * -o PORT WORD: first write WORD and a line end to this I/O port; without a source, do no more.
 * -c PORT: copy standard input to this I/O port.
 * fw_cfg: the payload is the file opt/ordeal/payload of QEMU's firmware configuration device.
 * ata: the head of the disk on the first IDE channel (bootdisk.h) names the payload.
 * Both sources are read by port I/O, because not every kernel has the drivers, and because a disk
 * driver would have read the disk before the payload was there.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>
#include "ata.h"
#include "bootdisk.h"
#include "ports.h"

enum {
	FW_CFG_SELECT = 0x510,
	FW_CFG_DATA = 0x511,
	FW_CFG_DIRECTORY = 0x19,
	LONGEST = 64 << 20,
	PAUSE_US = 2000,
};

static const char payload_name[] = "opt/ordeal/payload";

struct fw_cfg_file {
	uint32_t size; /* big endian, as every field of this device */
	uint16_t select, reserved;
	char name[56];
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "fetch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *buffer_of(size_t size)
{
	void *buffer = malloc(size ? size : 1);

	if (!buffer)
		die("payload");
	return buffer;
}

static void *try_fw_cfg(size_t *size)
{
	struct fw_cfg_file file;
	uint32_t count;

	outw(FW_CFG_DIRECTORY, FW_CFG_SELECT);
	read_bytes(FW_CFG_DATA, &count, sizeof(count));
	for (count = __builtin_bswap32(count); count; count--) {
		read_bytes(FW_CFG_DATA, &file, sizeof(file));
		if (!strncmp(file.name, payload_name, sizeof(file.name)))
			break;
	}
	*size = __builtin_bswap32(file.size);
	if (!count || *size > LONGEST)
		return NULL;
	void *buffer = buffer_of(*size);

	outw(__builtin_bswap16(file.select), FW_CFG_SELECT);
	read_bytes(FW_CFG_DATA, buffer, *size);
	return buffer;
}

static void *try_ata(size_t *size)
{
	union {
		struct disk_head head;
		char bytes[SECTOR];
	} first;

	if (!ata_read(HEAD_SECTOR, 1, &first) ||
	    memcmp(first.head.magic, DISK_MAGIC, sizeof(first.head.magic)))
		return NULL;
	*size = first.head.payload_size;
	if (!*size || *size > LONGEST)
		return NULL;
	char *buffer = buffer_of(*size + SECTOR);

	for (size_t done = 0; done < *size; done += SECTOR)
		if (!ata_read(first.head.payload_sector + done / SECTOR, 1, buffer + done))
			return NULL;
	return buffer;
}

static int copy(unsigned short port)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		write_bytes(port, bytes, n);
	return n < 0;
}

int main(int argc, char **argv)
{
	void *(*attempt)(size_t * size) = NULL;
	unsigned short port = 0;
	size_t size;
	void *payload;

	if (iopl(3) < 0)
		die("iopl");
	if (argc == 3 && !strcmp(argv[1], "-c"))
		return copy(strtoul(argv[2], NULL, 0));
	if (argc > 3 && !strcmp(argv[1], "-o")) {
		port = strtoul(argv[2], NULL, 0);
		write_bytes(port, argv[3], strlen(argv[3]));
		outb('\n', port);
		if (argc == 4)
			return 0;
		argv += 3;
		argc -= 3;
	}
	if (argc == 2 && !strcmp(argv[1], "fw_cfg"))
		attempt = try_fw_cfg;
	if (argc == 2 && !strcmp(argv[1], "ata"))
		attempt = try_ata;
	if (!attempt) {
		fprintf(stderr, "usage: fetch [-o PORT WORD] [fw_cfg | ata] | fetch -c PORT\n");
		return 2;
	}
	while (!(payload = attempt(&size)))
		usleep(PAUSE_US);
	if (fwrite(payload, 1, size, stdout) != size || fflush(stdout))
		die("standard output");
	return 0;
}
