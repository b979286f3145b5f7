/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Argument parsing: pure, also built and tested on the host.
 */
#include "boot/args.h"
#include "report/console.h"
#include "base/text.h"

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

struct choice {
	const char *word;
	int value;
};

static bool choose(const struct choice *choices, size_t n, const char *word, int *value)
{
	for (size_t i = 0; i < n; i++) {
		if (same(choices[i].word, word)) {
			*value = choices[i].value;
			return true;
		}
	}
	return false;
}

static const char *set_console(struct args *args, char *value)
{
	static const struct choice choices[] = {
		{ "com1", CONSOLE_COM1 }, { "com2", CONSOLE_COM2 }, { "block", CONSOLE_BLOCK },
		{ "e9", CONSOLE_E9 },	  { "none", CONSOLE_NONE }, { "virtio", CONSOLE_VIRTIO },
	};
	u64 number;
	int port;

	if (choose(choices, ARRAY_SIZE(choices), value, &port))
		args->console_port = (u16)port;
	else if (parse_number(value, &number) && number && number <= 0xfff8)
		args->console_port = (u16)number;
	else
		return "console= takes com1, com2, e9, virtio, block, none or a port number such as 0x2f8";
	return NULL;
}

static const char *set_exit(struct args *args, char *value)
{
	static const struct choice choices[] = {
		{ "debug", EXIT_BY_DEBUG_PORT },
		{ "acpi", EXIT_BY_ACPI },
		{ "bochs", EXIT_BY_BOCHS },
		{ "halt", EXIT_BY_HALT },
	};
	int rung;

	if (!choose(choices, ARRAY_SIZE(choices), value, &rung))
		return "exit= takes debug, acpi, bochs or halt";
	args->exit = rung;
	return NULL;
}

static const char *set_apic(struct args *args, char *value)
{
	static const struct choice choices[] = {
		{ "x2apic", APIC_X2APIC },
		{ "xapic", APIC_XAPIC },
	};
	int mode;

	if (!choose(choices, ARRAY_SIZE(choices), value, &mode))
		return "apic= takes x2apic or xapic";
	args->apic = mode;
	return NULL;
}

static const char *set_nonce(struct args *args, char *value)
{
	if (!*value)
		return "nonce= takes a word";
	args->nonce = value;
	return NULL;
}

static const char *set_wrong(struct args *args, char *value)
{
	if (!*value)
		return "wrong= takes a name from lib/x86/hv/wrong.def";
	args->wrong = value;
	return NULL;
}

static const char *set_mutate(struct args *args, char *value)
{
	args->mutate = mutation_named(value);
	if (args->mutate == MUTATE_NOTHING)
		return "mutate= takes one of"
#define MUTATION(id, name, what) " " name
#include "base/mutate.def"
#undef MUTATION
			;
	return NULL;
}

static const char *set_settle(struct args *args, char *value)
{
	if (!same(value, "exact") && !same(value, "time"))
		return "settle= takes exact or time";
	args->exact = same(value, "exact");
	return NULL;
}

static const char *set_noise(struct args *args, char *value)
{
	static const struct choice choices[] = {
		{ "nmi", NOISE_NMI },
		{ "nmis", NOISE_NMIS },
		{ "vector", NOISE_VECTOR },
		{ "vectors", NOISE_VECTORS },
	};
	int noise;

	if (!choose(choices, ARRAY_SIZE(choices), value, &noise))
		return "noise= takes nmi, nmis, vector or vectors";
	args->noise = noise;
	return NULL;
}

static const char *set_profile(struct args *args, char *value)
{
	if (!same(value, "yes"))
		return "profile= takes yes";
	args->profile = true;
	return NULL;
}

static const char *set_dangerous(struct args *args, char *value)
{
	if (!same(value, "yes"))
		return "dangerous= takes yes";
	args->dangerous = true;
	return NULL;
}

static const char *set_check(struct args *args, char *value)
{
	if (!same(value, "clean") && !same(value, "dirty"))
		return "check= takes clean or dirty";
	args->check_clean = true;
	args->dirty = same(value, "dirty");
	return NULL;
}

static const char *set_number(u32 *number, char *value, const char *problem)
{
	const u64 most = 0xffffffff;
	u64 n;

	if (!parse_number(value, &n) || !n || n > most)
		return problem;
	*number = (u32)n;
	return NULL;
}

static const char *set_shuffle(struct args *args, char *value)
{
	return set_number(&args->shuffle, value, "shuffle= takes a number from 1 to 4294967295");
}

static const char *set_after(struct args *args, char *value)
{
	return set_number(&args->after, value, "after= takes a number from 1 to 4294967295");
}

static const char *set_sample(struct args *args, char *value)
{
	return set_number(&args->sample, value, "sample= takes a number from 1 to 4294967295");
}

static const char *set_seed(struct args *args, char *value)
{
	return set_number(&args->seed, value, "seed= takes a number from 1 to 4294967295");
}

static const char *set_depth(struct args *args, char *value)
{
	return set_number(&args->depth, value, "depth= takes a number from 1 to 4294967295");
}

static const char *set_from(struct args *args, char *value)
{
	return set_number(&args->from, value, "from= takes a number from 1 to 4294967295");
}

static const char *set_to(struct args *args, char *value)
{
	return set_number(&args->to, value, "to= takes a number from 1 to 4294967295");
}

static const char *set_show(struct args *args, char *value)
{
	return set_number(&args->show, value, "show= takes a number from 1 to 4294967295");
}

static const char *set_plant(struct args *args, char *value)
{
	if (!*value)
		return "plant= takes WHAT:NAME, see x86/world/plant.def";
	args->plant = value;
	return NULL;
}

static const char *set_axes(struct args *args, char *value)
{
	if (!*value)
		return "axes= takes axes of lib/x86/world/axes.def, separated by commas";
	args->axes = value;
	return NULL;
}

static const char *set_then(struct args *args, char *value)
{
	if (!*value)
		return "then= takes all, or instructions of the generated world, separated by commas";
	args->then = value;
	return NULL;
}

static const char *set_only(struct args *args, char *value)
{
	if (!*value)
		return "only= takes the name of a situation, such as STI.RDMSR.irq60";
	args->only = value;
	return NULL;
}

static const char *set_law(struct args *args, char *value)
{
	if (!*value)
		return "law= takes a law of lib/x86/world/laws.def";
	args->law = value;
	return NULL;
}

static const char *set_quirks(struct args *args, char *value)
{
	if (!*value)
		return "quirks= takes names, separated by commas";
	args->quirks = value;
	return NULL;
}

static const char *set_exclude(struct args *args, char *value)
{
	for (;;) {
		char *comma = value;

		while (*comma && *comma != ',')
			comma++;
		if (comma == value)
			return "exclude= takes case globs, separated by commas";
		if (args->exclude_count == ARGS_MAX_GLOBS)
			return "too many globs in exclude= (at most 64)";
		args->excludes[args->exclude_count++] = value;
		if (!*comma)
			return NULL;
		*comma = '\0';
		value = comma + 1;
	}
}

static const struct {
	const char *key;
	const char *(*set)(struct args *args, char *value);
} keys[] = {
	{ "console", set_console },	{ "exit", set_exit },	    { "apic", set_apic },
	{ "nonce", set_nonce },		{ "exclude", set_exclude }, { "wrong", set_wrong },
	{ "mutate", set_mutate },	{ "profile", set_profile }, { "settle", set_settle },
	{ "sample", set_sample },	{ "seed", set_seed },	    { "depth", set_depth },
	{ "from", set_from },		{ "to", set_to },	    { "axes", set_axes },
	{ "show", set_show },		{ "plant", set_plant },	    { "only", set_only },
	{ "shuffle", set_shuffle },	{ "quirks", set_quirks },   { "check", set_check },
	{ "then", set_then },		{ "noise", set_noise },	    { "after", set_after },
	{ "dangerous", set_dangerous }, { "law", set_law },
};

static const char *parse_word(struct args *args, char *word)
{
	const char *problem =
		"unknown key: the keys are nonce exclude console exit apic wrong mutate profile settle "
		"sample seed depth from to axes then show plant only law shuffle quirks check noise after "
		"dangerous";
	char *equals = word;

	while (*equals && *equals != '=')
		equals++;
	if (!*equals) {
		if (args->glob_count == ARGS_MAX_GLOBS)
			return "too many case globs (at most 64)";
		args->globs[args->glob_count++] = word;
		return NULL;
	}
	*equals = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (same(keys[i].key, word))
			problem = keys[i].set(args, equals + 1);
	if (problem)
		*equals = '=';
	return problem;
}

const char *args_parse(struct args *args, const char *line, bool drop_first)
{
	const char *error = NULL;
	char *p = args->text;
	size_t n = 0;

	*args = (struct args){ .nonce = "-", .console_port = CONSOLE_COM1 };
	while (line[n] && n < ARGS_TEXT - 1) {
		args->text[n] = line[n];
		n++;
	}
	if (line[n])
		error = "the command line is longer than 2047 bytes";
	for (;;) {
		const char *problem;
		char *word;

		while (*p == ' ' || *p == '\t')
			p++;
		if (!*p)
			return error;
		word = p;
		while (*p && *p != ' ' && *p != '\t')
			p++;
		if (*p)
			*p++ = '\0';
		if (drop_first) {
			drop_first = false;
			continue;
		}
		problem = parse_word(args, word);
		if (problem && !error) {
			error = problem;
			args->bad_word = word;
		}
	}
}

size_t args_first_glob(const struct args *args, const char *name)
{
	size_t i = 0;

	while (i < args->glob_count && !glob_match(args->globs[i], name))
		i++;
	return i;
}

bool args_select(const struct args *args, const char *name)
{
	bool selected = !args->glob_count || args_first_glob(args, name) < args->glob_count;

	for (size_t i = 0; i < args->exclude_count; i++)
		selected &= !glob_match(args->excludes[i], name);
	return selected;
}
