/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked of UEFI before its boot services end, and their end. tests/c/efi.c plays firmware.
 */
#include "loader/choice.h"
#include "loader/efi.h"
#include "base/string.h"

enum {
	EFI_PAGE = 4096,
	MAP_SIZE = 128 << 10, /* of 48 bytes an entry: machines have hundreds */
	ATTEMPTS = 2,
};

static const struct efi_guid acpi_2 = {
	0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 }
};
static const struct efi_guid acpi_1 = {
	0xeb9d2d30, 0x2d88, 0x11d3, { 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d }
};
static const struct efi_guid graphics = {
	0x9042a9de, 0x23dc, 0x4a38, { 0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a }
};

static const struct efi_guid loaded_image = {
	0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b }
};

static u64 find_table(const struct efi_system_table *table, const struct efi_guid *kind)
{
	for (u64 i = 0; i < table->table_count; i++)
		if (!memcmp(&table->tables[i].kind, kind, sizeof(*kind)))
			return table->tables[i].address;
	return 0;
}

/* The one that shows the console, if there is more than one screen. */
static const struct efi_graphics *find_graphics(const struct efi_system_table *table)
{
	void *found = NULL;

	if (table->console_out_handle &&
	    !table->boot->handle_protocol(table->console_out_handle, &graphics, &found) && found)
		return found;
	if (!table->boot->locate_protocol(&graphics, NULL, &found))
		return found;
	return NULL;
}

static void look_at_screen(struct framebuffer *screen, const struct efi_graphics *g)
{
	const struct efi_graphics_mode *info = g && g->mode ? g->mode->info : NULL;

	if (!info || !g->mode->base)
		return;
	if (info->format != EFI_PIXELS_RGB && info->format != EFI_PIXELS_BGR)
		return; /* a mask, or no memory at all */
	if (!info->width || !info->height || info->pixels_per_line < info->width)
		return;
	*screen = (struct framebuffer){
		.base = g->mode->base,
		.width = info->width,
		.height = info->height,
		.pixels_per_line = info->pixels_per_line,
		.format = info->format == EFI_PIXELS_RGB ? FRAMEBUFFER_RGB : FRAMEBUFFER_BGR,
	};
}

void efi_look(struct machine *m, const struct efi_system_table *table)
{
	m->rsdp = find_table(table, &acpi_2);
	if (!m->rsdp)
		m->rsdp = find_table(table, &acpi_1);
	look_at_screen(&m->screen, find_graphics(table));
}

void efi_read_options(struct machine *m, efi_handle image, const struct efi_system_table *table)
{
	void *found = NULL;
	const struct efi_loaded_image *loaded;

	if (table->boot->handle_protocol(image, &loaded_image, &found) || !found)
		return;
	loaded = found;
	if (loaded->options)
		choice_from_wide(m->arguments, sizeof(m->arguments), loaded->options,
				 loaded->options_size / sizeof(*loaded->options));
}

/* Once boot services end, their memory is ours; runtime services are never called. */
static bool is_ours(u32 type)
{
	return (type >= EFI_LOADER_CODE && type <= EFI_BOOT_SERVICES_DATA) ||
	       type == EFI_CONVENTIONAL;
}

static void read_map(struct machine *m, const u8 *map, u64 size, u64 entry_size)
{
	m->range_count = 0;
	for (u64 at = 0; at + sizeof(struct efi_memory) <= size; at += entry_size) {
		const struct efi_memory *entry = (const void *)(map + at);

		if (is_ours(entry->type))
			machine_add(m, entry->start, entry->pages * EFI_PAGE);
	}
}

const char *efi_take_over(struct machine *m, efi_handle image, const struct efi_system_table *table,
			  bool *too_late)
{
	static u8 map[MAP_SIZE] __attribute__((aligned(8)));

	*too_late = false;
	for (int i = 0; i < ATTEMPTS; i++) {
		u64 size = sizeof(map), entry_size = 0, key = 0;
		u32 version = 0;

		if (table->boot->get_memory_map(&size, map, &key, &entry_size, &version))
			return "firmware does not tell its memory map";
		if (entry_size < sizeof(struct efi_memory))
			return "firmware's memory map has entries that are too short";
		read_map(m, map, size, entry_size);
		if (!machine_has(m, IMAGES_START, IMAGES_END))
			return "firmware keeps memory between 1 MiB and 2 MiB, where the images run";
		if (!table->boot->exit_boot_services(image, key))
			return NULL;
		*too_late = true; /* from the first call on, only the map may be asked for */
	}
	return "firmware's ExitBootServices() failed twice";
}
