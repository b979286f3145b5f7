/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of UEFI that the loader calls, from the UEFI Specification 2.10: "EFI System Table",
 * "EFI Boot Services Table", "EFI_BOOT_SERVICES.GetMemoryMap()", "EFI_GRAPHICS_OUTPUT_PROTOCOL".
 * Functions that are not called are pointers without a type.
 */
#ifndef ORDEAL_EFI_H
#define ORDEAL_EFI_H

#include "loader/machine.h"

#define EFIAPI		  __attribute__((ms_abi))
#define EFI_ERROR(number) ((number) | 1ull << 63)
#define EFI_UNSUPPORTED	  EFI_ERROR(3)

typedef u64 efi_status;
typedef void *efi_handle;

enum {
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA,
	EFI_BOOT_SERVICES_CODE,
	EFI_BOOT_SERVICES_DATA,
	EFI_CONVENTIONAL = 7,
	EFI_ALLOCATE_MAX_ADDRESS = 1,
	EFI_PIXELS_RGB = 0,
	EFI_PIXELS_BGR = 1,
};

struct efi_guid {
	u32 a;
	u16 b, c;
	u8 d[8];
};

struct efi_loaded_image {
	u32 revision;
	efi_handle parent;
	void *system, *device, *path, *reserved;
	u32 options_size; /* in bytes */
	const uint16_t *options;
};

struct efi_memory {
	u32 type;
	u64 start, virtual_start, pages, attributes;
};

struct efi_text_output {
	void *reset;
	efi_status(EFIAPI *output_string)(struct efi_text_output *this, const uint16_t *text);
};

struct efi_graphics_mode {
	u32 version, width, height, format, masks[4], pixels_per_line;
};

struct efi_graphics {
	void *query_mode, *set_mode, *blt;
	struct {
		u32 most, mode;
		struct efi_graphics_mode *info;
		u64 info_size, base, size;
	} * mode;
};

struct efi_boot_services {
	u8 header[24];
	void *raise_tpl, *restore_tpl;
	efi_status(EFIAPI *allocate_pages)(u32 how, u32 type, u64 pages, u64 *address);
	void *free_pages;
	efi_status(EFIAPI *get_memory_map)(u64 *size, void *map, u64 *key, u64 *entry_size,
					   u32 *version);
	void *pool[2], *events[6], *install[3];
	efi_status(EFIAPI *handle_protocol)(efi_handle handle, const struct efi_guid *protocol,
					    void **interface);
	void *reserved, *notify, *locate_handle, *locate_path, *install_table;
	void *load_image, *start_image, *exit, *unload_image;
	efi_status(EFIAPI *exit_boot_services)(efi_handle image, u64 key);
	void *others[9], *locate_buffer;
	efi_status(EFIAPI *locate_protocol)(const struct efi_guid *protocol, void *registration,
					    void **interface);
};

struct efi_system_table {
	u8 header[24];
	void *vendor;
	u32 revision;
	efi_handle console_in_handle;
	void *console_in;
	efi_handle console_out_handle;
	struct efi_text_output *console_out;
	efi_handle error_handle;
	void *error, *runtime;
	struct efi_boot_services *boot;
	u64 table_count;
	struct {
		struct efi_guid kind;
		u64 address;
	} * tables;
};

_Static_assert(offsetof(struct efi_boot_services, handle_protocol) == 152, "UEFI 4.4");
_Static_assert(offsetof(struct efi_boot_services, exit_boot_services) == 232, "UEFI 4.4");
_Static_assert(offsetof(struct efi_boot_services, locate_protocol) == 320, "UEFI 4.4");
_Static_assert(offsetof(struct efi_system_table, boot) == 96, "UEFI 4.3");
_Static_assert(offsetof(struct efi_graphics_mode, pixels_per_line) == 32, "UEFI 12.9");
_Static_assert(offsetof(struct efi_loaded_image, options) == 56, "UEFI 9.1");
_Static_assert(sizeof(struct efi_memory) == 40, "UEFI 7.2");

/* The load options, if they are text. */
void efi_read_options(struct machine *m, efi_handle image, const struct efi_system_table *table);

/* ACPI tables and framebuffer, as far as there are any. */
void efi_look(struct machine *m, const struct efi_system_table *table);

/*
 * Takes the machine over; afterwards no service may be called. Returns NULL, or what is wrong, and
 * then firmware is still in charge unless @too_late.
 */
const char *efi_take_over(struct machine *m, efi_handle image, const struct efi_system_table *table,
			  bool *too_late);

#endif
