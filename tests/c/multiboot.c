/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lab's Multiboot loader: where an image goes, what it refuses, and the boot information.
 */
#include "check.h"

#include "../../scripts/lab/vmm/multiboot.h"

enum {
	LOAD = 0x100000,
	SIZE = 0x400000,
	OFFSET = 0x100,
};

static uint8_t memory[SIZE], file[0x1000];

/* A file whose header lies at OFFSET, to be loaded from there on at LOAD. */
static void header(uint32_t flags, uint32_t load, uint32_t load_end, uint32_t bss_end)
{
	const uint32_t words[8] = { 0x1badb002, flags,	    -(0x1badb002 + flags),
				    load,	load,	    load_end,
				    bss_end,	load + 0x40 };

	memset(file, 0xaa, sizeof(file));
	memset(memory, 0x55, sizeof(memory));
	memcpy(file + OFFSET, words, sizeof(words));
}

static const char *load(void)
{
	struct multiboot_image image;
	const char *problem = multiboot_load(file, sizeof(file), memory, SIZE, &image);

	if (!problem)
		CHECK_INT(image.entry, LOAD + 0x40);
	return problem ? problem : "loaded";
}

static void check_load(void)
{
	header(0x10003, LOAD, LOAD + 0x200, LOAD + 0x300);
	CHECK_TEXT(load(), "loaded");
	CHECK(!memcmp(memory + LOAD, file + OFFSET, 0x200));
	CHECK_INT(memory[LOAD + 0x200], 0);
	CHECK_INT(memory[LOAD + 0x2ff], 0);
	CHECK_INT(memory[LOAD + 0x300], 0x55);
	CHECK_INT(memory[LOAD - 1], 0x55);
	header(0x10003, LOAD, 0, 0);
	CHECK_TEXT(load(), "loaded");
	CHECK_INT(memory[LOAD + sizeof(file) - OFFSET - 1], 0xaa);
	CHECK_INT(memory[LOAD + sizeof(file) - OFFSET], 0x55);
}

static void check_refused(void)
{
	header(3, LOAD, LOAD + 0x200, 0);
	CHECK(strstr(load(), "has no address fields"));
	header(0x10007, LOAD, LOAD + 0x200, 0);
	CHECK(strstr(load(), "has no address fields"));
	header(0x10003, LOAD, LOAD + sizeof(file), 0);
	CHECK_TEXT(load(), "the file is shorter than its Multiboot header says");
	header(0x10003, LOAD, LOAD - 1, 0);
	CHECK_TEXT(load(), "the Multiboot header's load end lies before its start");
	header(0x10003, 0x1000, 0x1200, 0);
	CHECK_TEXT(load(), "the image does not fit the guest's memory");
	header(0x10003, SIZE, SIZE + 4, 0);
	CHECK_TEXT(load(), "the image does not fit the guest's memory");
	header(0x10003, LOAD, LOAD + 0x200, 0xffffffff);
	CHECK_TEXT(load(), "the image does not fit the guest's memory");
	header(0x10003, LOAD, LOAD + 0x200, 0);
	file[OFFSET + 8]++;
	CHECK_TEXT(load(), "no Multiboot header in the first 8 KiB");
}

static void check_info(void)
{
	char *const words[] = { "some/where/native.flat", "a.*", "nonce=1", NULL };
	static char word[MULTIBOOT_COMMAND_LINE_SIZE];
	char *const too_long[] = { "x", word, NULL };
	struct multiboot_image image;
	uint32_t info[5];

	CHECK(!multiboot_info(memory, SIZE, words, &image));
	memcpy(info, memory + image.info, sizeof(info));
	CHECK_INT(info[0], 5);
	CHECK_INT(info[2], (SIZE >> 10) - 1024);
	CHECK_TEXT((char *)memory + info[4], "native a.* nonce=1");
	memset(word, 'w', sizeof(word) - 1);
	CHECK_TEXT(multiboot_info(memory, SIZE, too_long, &image),
		   "the guest's arguments are too long");
}

int main(void)
{
	check_load();
	check_refused();
	check_info();
	return checks_done("multiboot");
}
