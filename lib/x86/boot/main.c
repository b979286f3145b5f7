/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From long mode to the END line: bring the machine up, say what it is, run the cases that were
 * asked for, report.
 */
#include "boot/args.h"
#include "boot/bootinfo.h"
#include "stage/case.h"
#include "report/console.h"
#include "boot/env.h"
#include "boot/inherited.h"
#include "machine/nmi.h"
#include "machine/paging.h"
#include "report/panic.h"
#include "machine/pic.h"
#include "machine/profile.h"
#include "report/power.h"
#include "boot/probe.h"
#include "report/report.h"
#include "machine/settle.h"
#include "boot/shuffle.h"
#include "boot/silence.h"
#include "stage/stage.h"

extern const struct test_case cases_start[], cases_end[];

enum {
	MOST_CASES = 2048,
};

static size_t count_selected(const struct args *args)
{
	size_t n = 0;

	for (const struct test_case *c = cases_start; c < cases_end; c++)
		n += args_select(args, c->name);
	return n;
}

static void require_globs_match(const struct args *args)
{
	for (size_t i = 0; i < args->glob_count; i++) {
		struct args only = { .globs = { args->globs[i] }, .glob_count = 1 };

		if (!count_selected(&only))
			panic("no case matches \"%s\": run_tests.sh --list-cases names them all",
			      args->globs[i]);
	}
}

/*
 * Puts the places of the selected cases into @places, and returns how many they are. They are in
 * the order of the globs, and those that match the same glob in the order of the image.
 */
static size_t places_selected(const struct args *args, u16 *places)
{
	size_t glob = 0, n = 0;

	do
		for (const struct test_case *c = cases_start; c < cases_end; c++)
			if (args_select(args, c->name) && args_first_glob(args, c->name) == glob)
				places[n++] = (u16)(c - cases_start);
	while (++glob < args->glob_count);
	return n;
}

void run_cases(const struct args *args)
{
	static u16 places[MOST_CASES];
	struct progress unasked, *progress = this_cpu.boot->progress;
	size_t n;

	if (!progress)
		progress = &unasked;
	ASSERT(cases_end - cases_start <= MOST_CASES);
	require_globs_match(args);
	n = places_selected(args, places);
	if (args->shuffle)
		shuffle(places, n, args->shuffle);
	if (args->after && args->after >= n)
		panic("argument after=%u: the plan has %lu cases, so none is left", args->after,
		      (u64)n);
	report_plan(n - args->after);
	*progress = (struct progress){ .planned = (u32)n, .begun = args->after };
	for (size_t i = args->after; i < n; i++) {
		progress->begun++;
		stage_run(&cases_start[places[i]]);
	}
	report_end();
}

/* An image that runs no cases (x86/empty.c) defines its own. */
void __attribute__((weak)) image_main(const struct args *args)
{
	run_cases(args);
}

static void prove_exact(void)
{
	const char *problem = nmi_prove_exact();

	if (problem)
		panic("argument settle=exact: %s", problem);
	settle_exactly();
}

static void require_silence(void)
{
	int vector = silence_lapic();

	if (vector >= 0)
		panic("vector %#x is requested although every source of interrupts is masked: a device of this machine sends messages; switch it off in the firmware's setup, or boot without it",
		      vector);
}

void start_c(int kind, u32 info);
void start_c(int kind, u32 info)
{
	static struct boot_info boot;
	static struct args args;
	const char *problem, *no_console;

	boot_info_read(&boot, kind, info);
	problem = args_parse(&args, boot.command_line, boot.first_word_is_file);
	this_cpu.boot = &boot;
	this_cpu.args = &args;
	this_cpu.wrong = args.wrong;
	mutate(args.mutate);
	noise_set(args.noise);
	if (args.dangerous)
		init_allow();
	if (args.profile)
		profile_start();
	power_init(args.exit, boot.rsdp, boot.leave);
	no_console = console_init(args.console_port);
	desc_init();
	report_begin(suite_name, args.nonce);
	if (no_console)
		panic("argument console=: %s", no_console);
	if (problem)
		panic("argument \"%s\": %s", args.bad_word ? args.bad_word : "...", problem);
	paging_init();
	inherited_replace();
	pic_mask_all();
	silence_devices();
	problem = lapic_init(args.apic);
	if (problem)
		panic("%s", problem);
	if (args.exact)
		prove_exact();
	else
		settle_by_time();
	require_silence();
	probe_missing_msr();
	probe_virtualization();
	env_report();
	image_main(&args);
	panic("image_main() returned");
}
