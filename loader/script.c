/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacks the images, and enters one after the other. Around each stand the marks that the runner
 * knows from the lab (scripts/ordeal/platforms/lab/relay.py): `LAB WORD NUMBER BEGIN`, then
 * `LAB WORD NUMBER EXIT KIND STATUS TEXT`, and `LAB WORD OVER` at the end. The script has a title,
 * then WORD, then a line for each image, with its arguments. An image that gave up in a case is
 * entered again behind that case, between marks with the same NUMBER.
 */
#include "loader/script.h"
#include "loader/choice.h"
#include "loader/lzma.h"
#include "loader/serial.h"
#include "base/string.h"
#include "base/text.h"
#include "boot/handoff.h"
#include "report/console.h"
#include "report/power.h"

enum {
	PVH_MAGIC = 0x336ec578,
	UNPACKED = 2 << 20,
	LINE = 2048,
	ELF_LOAD = 1,
	ELF_NOTE = 4,
	NOTE_ENTRY = 18, /* XEN_ELFNOTE_PHYS32_ENTRY */
};

/* scripts/ordeal/platforms/packed.py writes it: this, the packed bytes. */
struct blob {
	u8 magic[8];
	u32 unpacked, count, adler_32;
	struct {
		char name[16];
		u32 at, size;
	} images[32];
	u8 packed[];
};

struct pvh_start_info {
	u32 magic, version, flags, module_count;
	u64 modules, cmdline, rsdp, memory_map;
	u32 memory_map_entries, reserved;
};

struct elf {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, segments_at, sections_at;
	u32 flags;
	u16 size, segment_size, segment_count;
} __attribute__((packed));

struct segment {
	u32 type, flags;
	u64 offset, virtual, physical, file_size, memory_size, align;
};

extern const struct blob blob;
extern const u8 blob_end[];
extern const char script[], script_end[];
void image_left(void);
NORETURN void enter_image(u64 to, const void *from, u64 bytes, u64 zeros, u64 entry,
			  const struct pvh_start_info *info);

static u8 unpacked[UNPACKED];
static struct {
	u64 rsdp;
	const char *next;  /* the rest of the script */
	const char *words; /* what a person wants */
	u32 number;	   /* of the image that runs */
	u32 after;	   /* so many of its cases are over */
} now;
static char word[32], line[LINE], arguments[LINE + ARGUMENTS + sizeof(" after=4294967295")];
static struct handoff handoff;
static struct pvh_start_info info;
static u64 module[4];
static const struct machine *machine;

static void mark(void)
{
	serial_write("LAB ");
	serial_write(word);
	serial_write(" ");
}

static void mark_image(const char *what)
{
	mark();
	serial_number(now.number);
	serial_write(what);
}

static NORETURN void end(enum exit_code code)
{
	power_init(EXIT_BY_DEFAULT, now.rsdp, 0);
	power_exit(code);
}

static NORETURN void give_up(const char *why)
{
	serial_write("ABORT: ");
	serial_write(why);
	serial_write("\r\n");
	end(EXIT_CODE_ABORT);
}

/* Copies the next line that has something in it. Returns false at the end of the script. */
static bool next_line(char *to, size_t size)
{
	size_t n = 0;

	while (*now.next == '\n' || *now.next == '\r')
		now.next++;
	for (; now.next < script_end && *now.next && *now.next != '\n'; now.next++)
		if (n < size - 1 && *now.next != '\r')
			to[n++] = *now.next;
	to[n] = '\0';
	return n > 0;
}

/* Whether @line begins with this word, and nothing else follows in that word. */
static bool names(const char *text, const char *name)
{
	while (*name && *text == *name)
		text++, name++;
	return !*name && (!*text || *text == ' ');
}

static const struct elf *find_image(const char *text)
{
	for (u32 i = 0; i < blob.count; i++)
		if (names(text, blob.images[i].name))
			return (const void *)(unpacked + blob.images[i].at);
	return NULL;
}

static const struct segment *find_segment(const struct elf *elf, u32 type)
{
	const u8 *at = (const u8 *)elf + elf->segments_at;

	for (u32 i = 0; i < elf->segment_count; i++, at += elf->segment_size)
		if (((const struct segment *)at)->type == type)
			return (const void *)at;
	return NULL;
}

/* The note is the first of its segment: the linker script puts nothing before it. */
static u32 pvh_entry(const struct elf *elf)
{
	const struct segment *note = find_segment(elf, ELF_NOTE);
	const u32 *words;

	if (!note)
		return 0;
	words = (const void *)((const u8 *)elf + note->offset);
	return words[2] == NOTE_ENTRY ? words[4] : 0;
}

static void describe(void)
{
	handoff = (struct handoff){ HANDOFF_MAGIC, (u64)image_left, machine->screen, { 0, 0 } };
	module[0] = (u64)&handoff;
	module[1] = sizeof(handoff);
	info = (struct pvh_start_info){
		.magic = PVH_MAGIC,
		.version = 1,
		.module_count = 1,
		.modules = (u64)module,
		.cmdline = (u64)arguments,
		.rsdp = machine->rsdp,
		.memory_map = (u64)machine->ranges,
		.memory_map_entries = machine->range_count,
	};
}

/* What the line says of the image, and behind which case it is to begin. */
static void write_arguments(void)
{
	struct text t = TEXT(arguments);
	const char *words = line;

	while (*words && *words != ' ')
		words++;
	text_add(&t, "%s", words);
	choice_add(&t, now.words, line);
	if (now.after)
		text_add(&t, " after=%u", now.after);
	text_seal(&t);
}

/* Returns if the file has no such image. */
static void run_image(void)
{
	const struct elf *elf = find_image(line);
	const struct segment *all = elf ? find_segment(elf, ELF_LOAD) : NULL;

	mark_image(" BEGIN\r\n");
	if (!all || !pvh_entry(elf)) {
		mark_image(" EXIT vmm 0 the file has no such image\r\n");
		return;
	}
	if (all->physical < IMAGES_START || all->physical + all->memory_size > IMAGES_END)
		give_up("an image does not fit between 1 MiB and 2 MiB");
	write_arguments();
	describe();
	console_drain();
	enter_image(all->physical, (const u8 *)elf + all->offset, all->file_size,
		    all->memory_size - all->file_size, pvh_entry(elf), &info);
}

static NORETURN void run_next(void)
{
	for (; next_line(line, sizeof(line)); now.number++)
		if (choice_takes(now.words, line))
			run_image();
	mark();
	serial_write("OVER\r\n");
	end(EXIT_CODE_PASS);
}

void image_over(u32 code)
{
	serial_init(choice_port(now.words));
	mark_image(" EXIT exit ");
	serial_number(code);
	serial_write("\r\n");
	now.after = 0;
	if (code == EXIT_CODE_ABORT && handoff.progress.begun < handoff.progress.planned) {
		now.after = handoff.progress.begun;
		run_image();
	}
	now.number++;
	run_next();
}

/* RFC 1950, "Appendix: Sample code". */
static u32 adler_32(const u8 *bytes, size_t n)
{
	const u32 prime = 65521;
	const size_t no_overflow = 5552; /* so many bytes before the sums must be reduced */
	u32 a = 1, b = 0;

	for (size_t i = 0; i < n;) {
		for (size_t end = i + no_overflow; i < n && i < end; i++) {
			a += bytes[i];
			b += a;
		}
		a %= prime;
		b %= prime;
	}
	return b << 16 | a;
}

static void require_suites(void)
{
	const char *words = now.words;
	char name[32];

	while (choice_next_suite(&words, name, sizeof(name)))
		if (!find_image(name)) {
			serial_write("ABORT: the file has no suite ");
			serial_write(name);
			serial_write(", which its command line names\r\n");
			end(EXIT_CODE_ABORT);
		}
}

void run_script(const struct machine *m)
{
	size_t packed = (size_t)(blob_end - blob.packed);

	machine = m;
	now.rsdp = m->rsdp;
	now.next = script;
	now.words = choice_words(m->arguments);
	serial_init(choice_port(now.words));
	serial_write("\r\n"); /* firmware may have left a line open */
	if (!machine_has(m, IMAGES_START, IMAGES_END))
		give_up("no memory between 1 MiB and 2 MiB, where the images run");
	if (blob.unpacked > UNPACKED || blob.count > ARRAY_SIZE(blob.images) ||
	    !lzma_unpack(blob.packed, packed, unpacked, blob.unpacked) ||
	    adler_32(unpacked, blob.unpacked) != blob.adler_32)
		give_up("the packed images are damaged: copy the file again");
	require_suites();
	next_line(word, sizeof(word)); /* the title */
	next_line(word, sizeof(word));
	run_next();
}
