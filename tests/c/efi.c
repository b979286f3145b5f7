/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader against firmware that is made up here: memory of any size, no screen, no ACPI, boot
 * services that do not want to end.
 */
#include "check.h"

#include "loader/efi.h"

enum {
	ENTRY = 48, /* what firmware calls the size of an entry is more than the structure's */
	MANY = 600,
	MIB = 1 << 20,
};

#define TWO_TIB (2ull << 40)

static u8 map[MANY * ENTRY] __attribute__((aligned(8)));
static u32 entries, maps_read, exits, exits_refused;
static u64 key;

static void add(u32 type, u64 start, u64 size)
{
	struct efi_memory *m = (void *)(map + entries++ * ENTRY);

	*m = (struct efi_memory){ .type = type, .start = start, .pages = size / 4096 };
}

static EFIAPI efi_status get_map(u64 *size, void *to, u64 *new_key, u64 *entry_size, u32 *version)
{
	maps_read++;
	if (*size < entries * ENTRY)
		return EFI_ERROR(5);
	*size = entries * ENTRY;
	memcpy(to, map, *size);
	*new_key = ++key;
	*entry_size = ENTRY;
	*version = 1;
	return 0;
}

static EFIAPI efi_status exit_services(efi_handle image, u64 with)
{
	(void)image;
	CHECK_INT(with, key);
	return exits++ < exits_refused ? EFI_ERROR(2) : 0;
}

static struct efi_graphics screen;
static struct efi_graphics_mode mode;

static EFIAPI efi_status no_protocol(efi_handle handle, const struct efi_guid *guid, void **found)
{
	(void)handle, (void)guid, (void)found;
	return EFI_UNSUPPORTED;
}

static EFIAPI efi_status locate(const struct efi_guid *guid, void *registration, void **found)
{
	(void)guid, (void)registration;
	*found = &screen;
	return screen.mode ? 0 : EFI_ERROR(14);
}

static struct efi_boot_services services = {
	.get_memory_map = get_map,
	.exit_boot_services = exit_services,
	.handle_protocol = no_protocol,
	.locate_protocol = locate,
};
static struct efi_system_table table = { .boot = &services };

static const char *take_over(struct machine *m, u32 refused, bool *late)
{
	maps_read = exits = 0;
	exits_refused = refused;
	return efi_take_over(m, NULL, &table, late);
}

static void check_memory(void)
{
	struct machine m = { 0 };
	bool late;

	entries = 0;
	add(EFI_BOOT_SERVICES_CODE, 0, MIB / 2);
	add(0, MIB / 2, MIB / 2);
	add(EFI_CONVENTIONAL, MIB, 2 * MIB);
	add(EFI_BOOT_SERVICES_DATA, 3 * MIB, MIB);
	add(EFI_CONVENTIONAL, 4096ull * MIB, TWO_TIB);
	CHECK(!take_over(&m, 0, &late));
	CHECK_INT(m.range_count, 3);
	CHECK_INT(m.ranges[1].size, 3 * MIB);
	CHECK_INT(m.ranges[2].size, TWO_TIB);

	for (u32 i = 0; entries < MANY; i++) /* every second one is ours: they do not join */
		add(i % 2 ? EFI_CONVENTIONAL : 0, TWO_TIB * 2 + i * 4096ull, 4096);
	CHECK(!take_over(&m, 0, &late));
	CHECK_INT(m.range_count, MOST_RANGES);
}

static void check_taken(void)
{
	struct machine m = { 0 };
	bool late;

	entries = 0;
	add(EFI_CONVENTIONAL, MIB, MIB / 2);
	add(6, MIB + MIB / 2, MIB);
	CHECK(strstr(take_over(&m, 0, &late), "keeps memory between 1 MiB and 2 MiB"));
	CHECK(!late);
	CHECK_INT(exits, 0);
}

static void check_exit(void)
{
	struct machine m = { 0 };
	bool late;

	entries = 0;
	add(EFI_CONVENTIONAL, MIB, 512 * MIB);
	CHECK(!take_over(&m, 0, &late));
	CHECK_INT(maps_read, 1);
	CHECK(!take_over(&m, 1, &late));
	CHECK_INT(maps_read, 2);
	CHECK_INT(m.range_count, 1);
	CHECK_TEXT(take_over(&m, 2, &late), "firmware's ExitBootServices() failed twice");
	CHECK(late);
}

static void look(struct machine *m, u32 format)
{
	mode = (struct efi_graphics_mode){
		.width = 800, .height = 600, .pixels_per_line = 832, .format = format
	};
	*m = (struct machine){ 0 };
	efi_look(m, &table);
}

static void check_look(void)
{
	static typeof(*screen.mode) shown = { .info = &mode, .base = 0x4000000000 };
	static typeof(*table.tables) acpi[2] = {
		{ { 0xeb9d2d30, 0x2d88, 0x11d3, { 0x9a, 0x16, 0, 0x90, 0x27, 0x3f, 0xc1, 0x4d } },
		  1 },
		{ { 0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0, 0x80, 0xc7, 0x3c, 0x88, 0x81 } },
		  2 },
	};
	struct machine m;

	look(&m, EFI_PIXELS_RGB); /* there is nothing */
	CHECK_INT(m.rsdp, 0);
	CHECK_INT(m.screen.base, 0);
	screen.mode = &shown;
	table.tables = acpi;
	table.table_count = 1;
	look(&m, EFI_PIXELS_BGR);
	CHECK_INT(m.rsdp, 1);
	CHECK_INT(m.screen.base, 0x4000000000);
	CHECK_INT(m.screen.pixels_per_line, 832);
	CHECK_INT(m.screen.format, FRAMEBUFFER_BGR);
	table.table_count = 2;
	look(&m, 3); /* drawn by firmware only */
	CHECK_INT(m.rsdp, 2);
	CHECK_INT(m.screen.base, 0);
}

static struct efi_loaded_image loaded;

static EFIAPI efi_status is_loaded(efi_handle handle, const struct efi_guid *guid, void **found)
{
	(void)handle;
	CHECK_INT(guid->a, 0x5b1b31a1);
	*found = &loaded;
	return 0;
}

static void check_options(void)
{
	static const uint16_t text[] = { 'h', 'v', 0 };
	struct machine m = { 0 };

	efi_read_options(&m, NULL, &table); /* no such protocol */
	CHECK_TEXT(m.arguments, "");
	services.handle_protocol = is_loaded;
	efi_read_options(&m, NULL, &table); /* no options */
	CHECK_TEXT(m.arguments, "");
	loaded.options = text;
	loaded.options_size = sizeof(text);
	efi_read_options(&m, NULL, &table);
	CHECK_TEXT(m.arguments, "hv");
}

int main(void)
{
	check_memory();
	check_taken();
	check_exit();
	check_look();
	check_options();
	return checks_done("efi");
}
