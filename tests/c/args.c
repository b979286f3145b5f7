/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * args.c: the guest's command line, good and bad.
 */
#include "check.h"

#include "boot/args.h"
#include "report/console.h"

static struct args args;

static const char *parse(const char *line)
{
	const char *error = args_parse(&args, line, false);

	return error ? error : "accepted";
}

static void defaults(void)
{
	CHECK_TEXT(parse(""), "accepted");
	CHECK_INT(args.glob_count, 0);
	CHECK_INT(args.exclude_count, 0);
	CHECK_TEXT(args.nonce, "-");
	CHECK_INT(args.console_port, CONSOLE_COM1);
	CHECK_INT(args.exit, EXIT_BY_DEFAULT);
	CHECK_INT(args.apic, APIC_BY_DEFAULT);
	CHECK(!args.bad_word);
	CHECK(args_select(&args, "any.case"));
}

static void words(void)
{
	CHECK_TEXT(parse("  a.*\t b?c  nonce=N1 apic=xapic exit=halt console=com2 "), "accepted");
	CHECK_INT(args.glob_count, 2);
	CHECK_TEXT(args.globs[0], "a.*");
	CHECK_TEXT(args.globs[1], "b?c");
	CHECK_INT(args_first_glob(&args, "a.1"), 0);
	CHECK_INT(args_first_glob(&args, "b.c"), 1);
	CHECK_INT(args_first_glob(&args, "c"), 2);
	CHECK_TEXT(args.nonce, "N1");
	CHECK_INT(args.apic, APIC_XAPIC);
	CHECK_INT(args.exit, EXIT_BY_HALT);
	CHECK_INT(args.console_port, CONSOLE_COM2);
	CHECK_TEXT(parse("apic=x2apic exit=debug console=0x3e8"), "accepted");
	CHECK_INT(args.apic, APIC_X2APIC);
	CHECK_INT(args.exit, EXIT_BY_DEBUG_PORT);
	CHECK_INT(args.console_port, 0x3e8);
	CHECK_TEXT(parse("console=block"), "accepted");
	CHECK_INT(args.console_port, CONSOLE_BLOCK);
	CHECK_TEXT(parse("exit=acpi console=none"), "accepted");
	CHECK_INT(args.exit, EXIT_BY_ACPI);
	CHECK_INT(args.console_port, CONSOLE_NONE);
	CHECK(!args.wrong);
	CHECK_TEXT(parse("wrong=skip"), "accepted");
	CHECK_TEXT(args.wrong, "skip");
	CHECK_INT(args.shuffle, 0);
	CHECK_TEXT(parse("shuffle=0x10"), "accepted");
	CHECK_INT(args.shuffle, 16);
	CHECK_TEXT(parse("exit=bochs nonce=a=b"), "accepted");
	CHECK_INT(args.exit, EXIT_BY_BOCHS);
	CHECK_TEXT(args.nonce, "a=b");
}

static void first_word(void)
{
	CHECK(!args_parse(&args, "path=/x86/native.flat a.b", true));
	CHECK_INT(args.glob_count, 1);
	CHECK_TEXT(args.globs[0], "a.b");
	CHECK(!args_parse(&args, "", true));
	CHECK_INT(args.glob_count, 0);
}

static void selection(void)
{
	CHECK_TEXT(parse("a.* b.x exclude=a.no,*.never"), "accepted");
	CHECK_INT(args.exclude_count, 2);
	CHECK(args_select(&args, "a.yes"));
	CHECK(args_select(&args, "b.x"));
	CHECK(!args_select(&args, "b.y"));
	CHECK(!args_select(&args, "a.no"));
	CHECK(!args_select(&args, "a.never"));
	CHECK_TEXT(parse("exclude=a.no"), "accepted");
	CHECK(args_select(&args, "c.d"));
	CHECK(!args_select(&args, "a.no"));
}

static void bad(const char *line, const char *message, const char *culprit)
{
	CHECK_TEXT(parse(line), message);
	CHECK_TEXT(args.bad_word ? args.bad_word : "(none)", culprit);
}

static void bad_words(void)
{
	const char *unknown =
		"unknown key: the keys are nonce exclude console exit apic wrong mutate profile settle "
		"sample seed depth from to axes then show plant only law shuffle quirks check noise after "
		"dangerous";
	const char *apic = "apic= takes x2apic or xapic";
	const char *port =
		"console= takes com1, com2, e9, virtio, block, none or a port number such as 0x2f8";
	const char *globs = "exclude= takes case globs, separated by commas";

	bad("verbose=1", unknown, "verbose=1");
	bad("noise=smi", "noise= takes nmi, nmis, vector or vectors", "noise=smi");
	bad("dangerous=no", "dangerous= takes yes", "dangerous=no");
	bad("=", unknown, "=");
	bad("apic=", apic, "apic=");
	bad("a.b apic=x2apicc", apic, "apic=x2apicc");
	bad("exit=now", "exit= takes debug, acpi, bochs or halt", "exit=now");
	bad("nonce=", "nonce= takes a word", "nonce=");
	bad("console=com3", port, "console=com3");
	bad("console=0", port, "console=0");
	bad("console=0xfff9", port, "console=0xfff9");
	bad("wrong=", "wrong= takes a name from lib/x86/hv/wrong.def", "wrong=");
	bad("mutate=never",
	    "mutate= takes one of no-event late no-instruction other-gate if-clear no-breakpoint",
	    "mutate=never");
	bad("exclude=", globs, "exclude=");
	bad("exclude=a,,b", globs, "exclude=a");
	bad("exclude=a,", globs, "exclude=a");
	bad("shuffle=0", "shuffle= takes a number from 1 to 4294967295", "shuffle=0");
	bad("after=0", "after= takes a number from 1 to 4294967295", "after=0");
	bad("sample=0", "sample= takes a number from 1 to 4294967295", "sample=0");
	bad("seed=x", "seed= takes a number from 1 to 4294967295", "seed=x");
	bad("depth=4294967296", "depth= takes a number from 1 to 4294967295", "depth=4294967296");
	bad("only=", "only= takes the name of a situation, such as STI.RDMSR.irq60", "only=");
	bad("apic=no exit=no", apic, "apic=no");
	bad("bad=1 console=com2", unknown, "bad=1");
	CHECK_INT(args.console_port, CONSOLE_COM2); /* else nobody would see the message */
}

static void limits(void)
{
	char line[ARGS_TEXT + 16];

	memset(line, 'x', sizeof(line));
	line[ARGS_TEXT - 1] = '\0';
	CHECK_TEXT(parse(line), "accepted");
	CHECK_INT(strlen(args.globs[0]), ARGS_TEXT - 1);
	line[ARGS_TEXT - 1] = 'x';
	line[ARGS_TEXT] = '\0';
	CHECK_TEXT(parse(line), "the command line is longer than 2047 bytes");

	for (size_t i = 0; i < 2 * ARGS_MAX_GLOBS; i++)
		line[i] = i % 2 ? ' ' : 'g';
	line[2 * ARGS_MAX_GLOBS] = '\0';
	CHECK_TEXT(parse(line), "accepted");
	CHECK_INT(args.glob_count, ARGS_MAX_GLOBS);
	strcpy(line + 2 * ARGS_MAX_GLOBS, "g");
	CHECK_TEXT(parse(line), "too many case globs (at most 64)");

	strcpy(line, "exclude=");
	for (size_t i = 0; i <= ARGS_MAX_GLOBS; i++)
		strcat(line, i ? ",g" : "g");
	CHECK_TEXT(parse(line), "too many globs in exclude= (at most 64)");
	CHECK_INT(args.exclude_count, ARGS_MAX_GLOBS);
}

int main(void)
{
	defaults();
	words();
	first_word();
	selection();
	bad_words();
	limits();
	return checks_done("args");
}
