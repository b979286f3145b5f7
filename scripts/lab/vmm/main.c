/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small VMM: it boots one Multiboot image of this project on /dev/kvm with one CPU, and writes
 * the image's serial console to standard output. The lab runs it on the KVM under test, because it
 * starts in a hundredth of the time of a full VMM; `x86/run --vmm launcher` runs it on this
 * machine's /dev/kvm.
 *
 *	launcher [-o PORT] [-t TAG] [-m WHEN [-w WRONG]] IMAGE [GUEST-ARGUMENT]...
 *
 * -o PORT: write the console to this I/O port of the machine (a debug console) instead of standard
 * output.
 * -t TAG: print a line "TAG BEGIN" before the guest's output and "TAG EXIT KIND STATUS TEXT" after
 * it; KIND is exit (the guest wrote STATUS), off (the guest stopped) or vmm (KVM or this program
 * failed).
 * -m WHEN: play every case again, migrated (replay.h), and say so in lines with the tag. -w WRONG:
 * migrate wrongly in this way (wrong.h), to show that cases notice.
 * The exit status is the one that the guest wrote to port 0xf4; 126 if the guest stopped without
 * writing one; 125 if KVM or this program failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "case_log.h"
#include "console.h"
#include "ending.h"
#include "multiboot.h"
#include "replay.h"
#include "run.h"
#include "vm.h"
#include "wrong.h"

static void read_image(struct vm *vm, const char *path, struct multiboot_image *image)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *problem;
	void *file;

	if (fd < 0 || fstat(fd, &stat) < 0)
		fail("%s: %s", path, strerror(errno));
	file = mmap(NULL, stat.st_size ? stat.st_size : 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		fail("%s: %s", path, strerror(errno));
	problem = multiboot_load(file, stat.st_size, vm->memory, MEMORY_SIZE, image);
	if (problem)
		fail("%s: %s", path, problem);
	munmap(file, stat.st_size);
	close(fd);
}

/* Every case is played as it comes, and, where @replay says so, again before the next one. */
static _Noreturn void run_guest(struct vm *vm, const struct move_order *replay)
{
	bool taken = false;

	for (;;) {
		vm_run(vm);
		if (!replay)
			continue;
		if (case_log.begun && !case_log.over && !taken) {
			replay_prepare(vm);
			taken = true;
		}
		if (case_log.over && taken) {
			replay_case(*replay);
			taken = false;
		}
	}
}

static int usage(void)
{
	fprintf(stderr,
		"usage: launcher [-o PORT] [-t TAG] [-m WHEN [-w WRONG]] IMAGE [GUEST-ARGUMENT]...\n"
		"WHEN: " REPLAY_WHEN "\n");
	return STATUS_FAILED;
}

int main(int argc, char **argv)
{
	struct move_order replay = { .when = MOVE_NEVER };
	struct multiboot_image image;
	const char *problem;
	struct vm vm;
	int option;

	while ((option = getopt(argc, argv, "+o:t:m:w:")) != -1) {
		if (option == 'o' && console_use_port(strtoul(optarg, NULL, 0)) < 0) {
			fprintf(stderr, "launcher: port %s: %s\n", optarg, strerror(errno));
			return STATUS_FAILED;
		}
		if (option == 't')
			console_tag = optarg;
		if ((option == 'm' && !replay_parse(optarg, &replay)) ||
		    (option == 'w' && !wrong_parse(optarg)) || option == '?')
			return usage();
	}
	if (optind == argc)
		return usage();
	if (console_tag)
		console_text("\n");
	console_mark("BEGIN");
	vm_open(&vm);
	if (replay.when != MOVE_NEVER && !replay_open(&vm))
		replay.when = MOVE_NEVER;
	vm_create(&vm);
	if (replay.when != MOVE_NEVER)
		state_enable(&vm);
	read_image(&vm, argv[optind], &image);
	problem = multiboot_info(vm.memory, MEMORY_SIZE, argv + optind, &image);
	if (problem)
		fail("%s", problem);
	vm_set_entry(&vm, &image);
	run_guest(&vm, replay.when != MOVE_NEVER ? &replay : NULL);
}
