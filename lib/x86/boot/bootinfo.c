/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decodes the Multiboot 1 information structure ("Boot information format" of the Multiboot
 * Specification 0.6.96) and Xen's hvm_start_info (xen/include/public/arch-x86/hvm/start_info.h).
 */
#include "boot/bootinfo.h"
#include "base/bits.h"

enum {
	MB_HAS_MEMORY = 1 << 0,
	MB_HAS_CMDLINE = 1 << 2,
	PVH_MAGIC = 0x336ec578,
	PVH_RAM = 1,
	ONE_MIB = 1 << 20,
};

struct multiboot_info {
	u32 flags;
	u32 mem_lower; /* KiB below 1 MiB */
	u32 mem_upper; /* KiB above 1 MiB */
	u32 boot_device;
	u32 cmdline;
};

struct pvh_start_info {
	u32 magic;
	u32 version; /* from 1 on there is a memory map */
	u32 flags;
	u32 module_count;
	u64 modules;
	u64 cmdline;
	u64 rsdp;
	u64 memory_map;
	u32 memory_map_entries;
	u32 reserved;
};

struct pvh_module {
	u64 start, size, cmdline, reserved;
};

struct pvh_memory {
	u64 start, size;
	u32 type, reserved;
};

_Static_assert(offsetof(struct multiboot_info, cmdline) == 16, "Multiboot 1 layout");
_Static_assert(offsetof(struct pvh_start_info, memory_map) == 40, "hvm_start_info layout");
_Static_assert(sizeof(struct pvh_memory) == 24, "hvm_memmap_table_entry layout");

static void *at(u64 physical)
{
	return (void *)physical; /* identity map */
}

static void read_multiboot(struct boot_info *boot, const struct multiboot_info *info)
{
	boot->first_word_is_file = true;
	if (info->flags & MB_HAS_CMDLINE)
		boot->command_line = at(info->cmdline);
	if (info->flags & MB_HAS_MEMORY)
		boot->memory_bytes = (u64)info->mem_upper << 10;
}

static void read_handoff(struct boot_info *boot, const struct pvh_start_info *info)
{
	const struct pvh_module *module = at(info->modules);
	struct handoff *handoff;

	if (!info->module_count || module->size != sizeof(*handoff))
		return;
	handoff = at(module->start);
	if (handoff->magic != HANDOFF_MAGIC)
		return;
	boot->leave = handoff->leave;
	boot->screen = handoff->screen;
	boot->progress = &handoff->progress;
}

static void read_pvh(struct boot_info *boot, const struct pvh_start_info *info)
{
	const struct pvh_memory *map = at(info->memory_map);

	if (info->magic != PVH_MAGIC)
		return;
	if (info->cmdline)
		boot->command_line = at(info->cmdline);
	boot->rsdp = info->rsdp;
	read_handoff(boot, info);
	if (info->version < 1)
		return;
	for (u32 i = 0; i < info->memory_map_entries; i++)
		if (map[i].type == PVH_RAM && map[i].start >= ONE_MIB)
			boot->memory_bytes += map[i].size;
}

void boot_info_read(struct boot_info *boot, int kind, u32 info)
{
	*boot = (struct boot_info){ .kind = kind, .command_line = "" };
	if (kind == BOOT_MULTIBOOT)
		read_multiboot(boot, at(info));
	else
		read_pvh(boot, at(info));
}
