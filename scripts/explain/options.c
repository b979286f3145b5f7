/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options: each has one value, and a function that reads it and returns NULL, or what is wrong.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "near.h"
#include "order/vectors.h"
#include "stage/playground.h"
#include "names.h"
#include "words.h"

#define NON_CANONICAL (1ull << 63)

static const char *add_vector(u8 *vectors, const char *word)
{
	int vector = vector_of(word);

	if (vector < FIRST_IRQ_VECTOR)
		return bad_vector(word);
	for (size_t i = 0; i < SITUATION_PENDING; i++) {
		if (vectors[i])
			continue;
		vectors[i] = (u8)vector;
		return NULL;
	}
	return "at most 4 interrupts can be pending, and 4 in service";
}

static const char *read_pending(struct question_asked *asked, char *value)
{
	const char *problem = NULL;

	for (char *word = strtok(value, ","); word && !problem; word = strtok(NULL, ",")) {
		if (vector_of(word) == NMI_VECTOR)
			asked->situation.nmis++;
		else
			problem = add_vector(asked->situation.pending, word);
	}
	return problem;
}

static const char *read_in_service(struct question_asked *asked, char *value)
{
	return add_vector(asked->situation.in_service, value);
}

static const char *read_timer(struct question_asked *asked, char *value)
{
	int vector = vector_of(value);

	asked->situation.timer = (u8)vector;
	return vector < FIRST_IRQ_VECTOR ? bad_vector(value) : NULL;
}

static const char *read_vendor(struct question_asked *asked, char *value)
{
	static const char *const words[] = { "intel", "amd", "both", NULL };
	int i = index_of(value, words);

	if (i < 0)
		return unknown_word("vendor", value, words, 3);
	asked->vendor_given = i < 2;
	asked->situation.state &= (u16)~STATE_AMD;
	asked->situation.state |= i == 1 ? STATE_AMD : 0;
	return NULL;
}

static const char *read_state(struct question_asked *asked, char *value)
{
	u32 bits = 0;
	const char *problem = bits_of("state", value, state_words, &bits);

	asked->situation.state |= (u16)bits;
	asked->vendor_given |= bits & STATE_AMD;
	return problem;
}

static const char *read_handlers(struct question_asked *asked, char *value)
{
	u32 bits = 0;
	const char *problem = bits_of("habit of handlers", value, habit_words, &bits);

	asked->situation.habits |= (u16)bits;
	return problem;
}

static const char *read_flags(struct question_asked *asked, char *value)
{
	u32 bits = 0;
	const char *problem = bits_of("flag", value, flag_words, &bits);

	for (size_t i = 0; flag_words[i]; i++)
		if (bits >> i & 1)
			asked->situation.rflags |= flag_bits[i];
	return problem;
}

static const char *read_cpl(struct question_asked *asked, char *value)
{
	if (strcmp(value, "0") && strcmp(value, "3"))
		return message("CPL is 0 or 3, not \"%s\"", value);
	asked->situation.cpl = (u8)(value[0] - '0');
	return NULL;
}

static const char *read_number(const char *value, u64 limit, const char *what, u64 *number)
{
	char *end;

	*number = strtoull(value, &end, 0);
	return *end || end == value || *number > limit
		       ? message("%s is 0 to %llu, not \"%s\"", what, (unsigned long long)limit,
				 value)
		       : NULL;
}

static const char *read_tpr(struct question_asked *asked, char *value)
{
	u64 class;
	const char *problem = read_number(value, 15, "the class of the TPR", &class);

	asked->situation.tpr_class = (u8) class;
	return problem;
}

static const char *read_idt_limit(struct question_asked *asked, char *value)
{
	u64 vectors;
	const char *problem = read_number(value, 256, "the number of gates in the IDT", &vectors);

	asked->situation.idt_vectors = (u16)vectors;
	return problem;
}

static const char *read_stack(struct question_asked *asked, char *value)
{
	struct situation *s = &asked->situation;

	if (s->stack_words == SITUATION_STACK)
		return "at most 5 words can lie on the stack";
	return address_named(asked, value, &s->stack[s->stack_words++]) ? NULL : bad_address(value);
}

static const char *read_elsewhere(struct question_asked *asked, char *value)
{
	u64 *elsewhere = &asked->layout.elsewhere;

	if (!address_named(asked, value, elsewhere))
		return bad_address(value);
	asked->situation.registers[BASE_RDI] = *elsewhere;
	return NULL;
}

static const char *read_there(struct question_asked *asked, char *value)
{
	asked->situation.elsewhere = fragment_named(value);
	return asked->situation.elsewhere ? NULL : message("instruction \"%s\" is unknown", value);
}

static const char *read_there_bytes(struct question_asked *asked, char *value)
{
	asked->situation.elsewhere_bytes = (u8)strtoul(value, NULL, 10);
	return NULL;
}

/* "irq60@M", "nmi@handler13", "irq60@fault" */
static const char *read_arrive(struct question_asked *asked, char *value)
{
	struct situation *s = &asked->situation;
	struct arrival *arrival = s->arrivals;
	char *at = strchr(value, '@');
	struct position position;
	u64 address;
	int vector;

	if (!at)
		return message("\"%s\" does not say where: write it as irq60@M", value);
	*at = '\0';
	vector = vector_of(value);
	if (vector != NMI_VECTOR && vector < FIRST_IRQ_VECTOR)
		return bad_vector(value);
	while (arrival->vector && arrival < s->arrivals + SITUATION_ARRIVALS - 1)
		arrival++;
	*arrival = (struct arrival){ (u8)vector, AT_FAULT };
	if (!strcasecmp(at + 1, "fault"))
		return NULL;
	if (!address_named(asked, at + 1, &address))
		return bad_address(at + 1);
	position = layout_position(&asked->layout, address);
	*arrival = (struct arrival){ (u8)vector, position.place };
	return NULL;
}

static const struct option {
	const char *name, *example;
	const char *(*read)(struct question_asked *asked, char *value);
} options[] = {
	{ "--vendor", "intel, amd or both", read_vendor },
	{ "--pending", "irq60,nmi", read_pending },
	{ "--flags", "if,tf", read_flags },
	{ "--cpl", "3", read_cpl },
	{ "--gate", "GP=trap, NMI=absent, DB=no-stack, irq60=ist5", read_gate },
	{ "--idt-limit", "14", read_idt_limit },
	{ "--break", "L", read_break },
	{ "--watch", "rbp/4:write, 0x80/1:port", read_watch },
	{ "--tpr", "6", read_tpr },
	{ "--in-service", "irq90", read_in_service },
	{ "--timer", "irq60", read_timer },
	{ "--arrive", "irq60@M, nmi@handler13, irq60@fault", read_arrive },
	{ "--state", "ts,nmi-blocked,gd", read_state },
	{ "--handlers", "step-once,eoi,retry", read_handlers },
	{ "--set", "rbp=device, msr=good", read_set },
	{ "--stack", "L", read_stack },
	{ "--elsewhere", "absent", read_elsewhere },
	{ "--there", "UD2", read_there },
	{ "--there-bytes", "1", read_there_bytes },
	{ "--choose", "mov-ss-after-sti=1", read_choose },
	{ "--mutant", "STI_SHADOW", read_mutant },
	{ "--quirk", "unknown-msr-reads-zero", read_quirk },
	{ "--entry", "inject=GP:0,blocking=sti,irq60", read_entry },
	{ "--law", "arrives-before", read_law },
};

static const char *unknown_option(const char *word)
{
	const char *names[ARRAY_SIZE(options)];

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		names[i] = options[i].name;
	return unknown_word("option", word, names, ARRAY_SIZE(options));
}

static const struct option *option_named(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(word, options[i].name))
			return &options[i];
	return NULL;
}

/* --- All together --- */

static void begin(struct question_asked *asked)
{
	struct situation *s = &asked->situation;

	situation_begin(s, &asked->layout);
	situation_add_playground(s);
	s->registers[BASE_RSI] = PLAY_READ_ONLY;
	s->registers[BASE_RDI] = PLAY_NOT_PRESENT;
	s->registers[BASE_RBP] = PLAY_WRITABLE;
	s->registers[BASE_R9] = NON_CANONICAL;
	memset(asked->profile, -1, sizeof(asked->profile));
	memset(asked->inner_profile, -1, sizeof(asked->inner_profile));
	asked->inner_mutant = INNER_RULE_NONE;
	asked->guest.count = 0;
	asked->mutant = RULE_NONE;
	asked->quirks = 0;
	asked->vendor_given = false;
}

static void defaults(struct question_asked *asked)
{
	struct situation *s = &asked->situation;
	u64 t;

	begin(asked);
	t = layout_address(&asked->layout, LABEL_T);
	s->rbx = t ? t : asked->layout.landing;
	s->lstar = s->sysenter_rip = s->rbx;
}

static void set_up_name(struct question_asked *asked, const struct point *point)
{
	struct ground ground = { .x2apic = true };

	begin(asked);
	lay_ground(&ground);
	ground.situation = asked->situation;
	world_situation(&asked->situation, &asked->layout, point, &ground);
}

static const char *read_options(struct question_asked *asked, char **words, int n)
{
	for (int i = 0; i < n; i += 2) {
		const struct option *option = option_named(words[i]);
		const char *problem;

		if (!option)
			return unknown_option(words[i]);
		if (i + 1 == n)
			return message("%s needs a value, such as %s", words[i], option->example);
		problem = option->read(asked, words[i + 1]);
		if (problem)
			return problem;
	}
	return NULL;
}

static const char *read_situation(struct question_asked *asked, char **words, int n)
{
	const char *problem;

	if (n < 1 || words[0][0] == '-')
		return "the first word is the scene, as 'STI; L: RDMSR'";
	problem = read_scene(asked, words[0]);
	if (problem)
		return problem;
	defaults(asked);
	return read_options(asked, words + 1, n - 1);
}

const char *read_question(struct question_asked *asked, char **words, int n)
{
	const char *problem = read_situation(asked, words, n);

	return problem || !asked->guest.count ? problem
					      : "--entry is for a guest: begin with --guest";
}

const char *read_guest(struct question_asked *asked, char **words, int n)
{
	const char *problem = read_situation(asked, words, n);

	if (!problem && !asked->guest.count)
		asked->guest.entries[asked->guest.count++] = (struct vm_entry){ 0 };
	if (!problem && asked->quirks)
		problem = "quirks are of bare hardware: --guest knows none";
	return problem;
}

const char *read_named(struct question_asked *asked, char **words, int n, struct point *point)
{
	const char *problem = n < 1 ? "give the name of a situation, such as STI.RDMSR.irq60.tg"
				    : read_name(words[0], point);

	if (problem)
		return problem;
	set_up_name(asked, point);
	return read_options(asked, words + 1, n - 1);
}

int split_words(char *line, char **words, int limit)
{
	int n = 0;

	for (char *p = line; *p;) {
		while (*p == ' ' || *p == '\n')
			p++;
		if (!*p)
			break;
		if (n == limit)
			return -1;
		if (*p == '\'') {
			words[n++] = ++p;
			p = strchr(p, '\'');
			if (!p)
				return -1;
		} else {
			words[n++] = p;
			p += strcspn(p, " \n");
		}
		if (*p)
			*p++ = '\0';
	}
	return n;
}
