/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two beginnings: as an EFI application, and as a Multiboot kernel. Firmware may have put the
 * application anywhere, also above 4 GiB or where the images go, so a copy of it below 4 GiB goes
 * on; GRUB puts the kernel where it may stay.
 */
#include "loader/efi.h"
#include "loader/script.h"
#include "loader/serial.h"
#include "base/string.h"
#include "report/console.h"
#include "report/power.h"

enum {
	FOUR_GIB_LESS_ONE = 0xffffffff,
	PAGE = 4096,
	MB_HAS_MEMORY = 1 << 0,
	MB_HAS_COMMAND_LINE = 1 << 2,
	MB_HAS_MAP = 1 << 6,
	MB_HAS_FRAMEBUFFER = 1 << 12,
	MB_RGB = 1,
	FIRST_MIB_USED = 0x9f000,
};

extern u8 image[], image_end[], data_end[];
void begin(struct machine *m);
NORETURN void begin_at(u64 code, u64 machine);
EFIAPI efi_status efi_main(efi_handle handle, struct efi_system_table *table);
void begin_multiboot(u32 info);

static struct machine machine;

static void complain(struct efi_system_table *table, const char *problem)
{
	static uint16_t wide[128];
	size_t n = 0;

	serial_init(CONSOLE_COM1);
	serial_write("ABORT: ");
	serial_write(problem);
	serial_write("\r\n");
	if (!table || !table->console_out)
		return;
	for (; problem[n] && n < ARRAY_SIZE(wide) - 3; n++)
		wide[n] = (u8)problem[n];
	wide[n] = '\r';
	wide[n + 1] = '\n';
	wide[n + 2] = 0;
	table->console_out->output_string(table->console_out, wide);
}

EFIAPI efi_status efi_main(efi_handle handle, struct efi_system_table *table)
{
	u64 copy = FOUR_GIB_LESS_ONE;
	u64 size = (u64)(image_end - image);
	const char *problem;
	bool too_late;

	efi_look(&machine, table);
	efi_read_options(&machine, handle, table);
	if (table->boot->allocate_pages(EFI_ALLOCATE_MAX_ADDRESS, EFI_LOADER_CODE,
					(size + PAGE - 1) / PAGE, &copy) ||
	    copy < IMAGES_END) {
		complain(table, "no memory below 4 GiB for the loader");
		return EFI_UNSUPPORTED;
	}
	problem = efi_take_over(&machine, handle, table, &too_late);
	if (problem && too_late) {
		complain(NULL, problem);
		for (;;)
			asm volatile("cli; hlt");
	}
	if (problem) {
		complain(table, problem);
		return EFI_UNSUPPORTED;
	}
	asm volatile("cli");
	memcpy((void *)copy, image, size);
	begin_at(copy + (u64)((u8 *)begin - image), copy + (u64)((u8 *)&machine - image));
}

/* "Boot information format" of the Multiboot Specification 0.6.96. */
struct multiboot_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, modules[2], symbols[4];
	u32 map_length, map, drives[2], config_table, loader, apm, vbe[4];
	u64 framebuffer;
	u32 pitch, width, height;
	u8 bits, type, red_at, red_size, green_at, green_size, blue_at, blue_size;
} __attribute__((packed));

struct multiboot_range {
	u32 size;
	u64 start, length;
	u32 type;
} __attribute__((packed));

_Static_assert(offsetof(struct multiboot_info, framebuffer) == 88, "Multiboot 1 layout");

static void read_memory(const struct multiboot_info *info)
{
	u64 at = info->map, end = at + info->map_length;

	if (!(info->flags & MB_HAS_MAP)) {
		machine_add(&machine, 0, FIRST_MIB_USED);
		if (info->flags & MB_HAS_MEMORY)
			machine_add(&machine, IMAGES_START, (u64)info->mem_upper << 10);
		return;
	}
	while (at < end) {
		const struct multiboot_range *range = (const void *)at;

		if (range->type == RANGE_RAM)
			machine_add(&machine, range->start, range->length);
		at += range->size + sizeof(range->size);
	}
}

static void read_command_line(const char *line)
{
	size_t n = 0;

	for (; line[n] && n < sizeof(machine.arguments) - 1; n++)
		machine.arguments[n] = line[n];
}

void begin_multiboot(u32 info_at)
{
	const struct multiboot_info *info = (const void *)(u64)info_at;

	read_memory(info);
	if (info->flags & MB_HAS_COMMAND_LINE)
		read_command_line((const char *)(u64)info->cmdline);
	if (info->flags & MB_HAS_FRAMEBUFFER && info->type == MB_RGB && info->bits == 32)
		machine.screen = (struct framebuffer){
			.base = info->framebuffer,
			.width = info->width,
			.height = info->height,
			.pixels_per_line = info->pitch / sizeof(u32),
			.format = info->red_at ? FRAMEBUFFER_BGR : FRAMEBUFFER_RGB,
		};
	begin(&machine);
}
