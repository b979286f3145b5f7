/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --entry: what a hypervisor does before a VM entry, in the words of lib/x86/inner/situation.c, and
 * in shorter ones for events: "inject=GP:0", "inject=irq60", "inject=nmi", "inject=int50".
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "near.h"
#include "order/vectors.h"
#include "words.h"

/* Bits of the list "a+b" or "none". */
static const char *bits_of_list(const char *kind, char *list, const char *const *words, u64 *bits)
{
	char *rest;
	size_t n = 0;

	while (words[n])
		n++;
	*bits = 0;
	if (!strcmp(list, "none"))
		return NULL;
	for (char *word = strtok_r(list, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
		int i = index_of(word, words);

		if (i < 0)
			return unknown_word(kind, word, words, n);
		*bits |= 1ull << i;
	}
	return NULL;
}

static const char *read_number(const char *word, u64 limit, const char *what, u64 *number)
{
	char *end;

	*number = strtoull(word, &end, 0);
	return *end || end == word || *number > limit ? message("%s is 0 to %llu, not \"%s\"", what,
								(unsigned long long)limit, word)
						      : NULL;
}

/* --- Events --- */

/* "GP", "irq60", "nmi", "int50", "mtf": the type that is usual for such an event. */
static const char *read_short_event(const char *word, u64 *event)
{
	int vector;

	if (!strcasecmp(word, "mtf")) {
		*event = event_make(EVENT_OTHER, 0);
		return NULL;
	}
	vector = vector_of(word);
	if (vector < 0)
		return bad_vector(word);
	if (vector == NMI_VECTOR)
		*event = event_make(EVENT_NMI, NMI_VECTOR);
	else if (!strncasecmp(word, "int", 3))
		*event = event_make(EVENT_SOFT_INT, (u8)vector);
	else
		*event = event_make(vector < FIRST_IRQ_VECTOR ? EVENT_EXCEPTION : EVENT_INTR,
				    (u8)vector);
	if (vector < FIRST_IRQ_VECTOR && vector_has_error_code((u8)vector) &&
	    EVENT_TYPE(*event) == EVENT_EXCEPTION)
		*event = event_with_error(*event, 0);
	return NULL;
}

/* "TYPE:VECTOR[:ERROR]", or a short word, "[:ERROR]" */
static const char *read_event(struct vm_entry *e, char *value)
{
	char *rest, *first = strtok_r(value, ":", &rest), *next = strtok_r(NULL, ":", &rest);
	const char *problem = NULL;
	int type = first ? index_of(first, injection_words) : -1;
	u64 error;

	if (!first)
		return "inject= needs an event, such as GP:0, irq60 or exception:13:0x0";
	if (type >= 0 && next) {
		int vector = vector_of(next);

		if (vector < 0)
			return bad_vector(next);
		e->event = event_make((enum event_type)type, (u8)vector);
		next = strtok_r(NULL, ":", &rest);
	} else {
		problem = read_short_event(first, &e->event);
	}
	if (problem || !next)
		return problem;
	problem = read_number(next, 0xffffffff, "an error code", &error);
	e->event = event_with_error(e->event & 0xffffffff, (u32)error);
	return problem;
}

/* --- Words with a value --- */

static const char *read_blocking(struct question_asked *asked, struct vm_entry *e, char *value)
{
	u64 bits;
	const char *problem = bits_of_list("blocking", value, blocking_words, &bits);

	(void)asked;
	e->written |= WRITES_BLOCKING;
	e->blocking = (u8)bits;
	return problem;
}

static const char *read_activity(struct question_asked *asked, struct vm_entry *e, char *value)
{
	int i = index_of(value, activity_words);

	(void)asked;
	if (i < 0)
		return unknown_word("activity state", value, activity_words, ACTIVITY_STATES);
	e->written |= WRITES_ACTIVITY;
	e->activity = (u8)i;
	return NULL;
}

static const char *read_lacks(struct question_asked *asked, struct vm_entry *e, char *value)
{
	int i = index_of(value, lost_words);

	(void)asked;
	e->lost = (u8)i;
	return i < 0 ? unknown_word("page", value, lost_words, LOST_PAGES) : NULL;
}

static const char *read_debug(struct question_asked *asked, struct vm_entry *e, char *value)
{
	u64 bits;
	const char *problem = bits_of_list("pending debug exception", value, debug_words, &bits);

	(void)asked;
	e->written |= WRITES_DEBUG;
	e->debug = 0;
	for (size_t i = 0; debug_words[i]; i++)
		e->debug |= bits >> i & 1 ? debug_bits[i] : 0;
	return problem;
}

static const char *read_flags(char *value, u32 *flags)
{
	u64 bits;
	const char *problem = bits_of_list("flag", value, flag_words, &bits);

	for (size_t i = 0; flag_words[i]; i++)
		*flags |= bits >> i & 1 ? flag_bits[i] : 0;
	return problem;
}

static const char *read_set_flags(struct question_asked *asked, struct vm_entry *e, char *value)
{
	(void)asked;
	return read_flags(value, &e->flags_set);
}

static const char *read_clear_flags(struct question_asked *asked, struct vm_entry *e, char *value)
{
	(void)asked;
	return read_flags(value, &e->flags_cleared);
}

static const char *read_at(struct question_asked *asked, struct vm_entry *e, char *value)
{
	e->written |= WRITES_RIP;
	return address_named(asked, value, &e->rip) ? NULL : bad_address(value);
}

static const char *read_inject(struct question_asked *asked, struct vm_entry *e, char *value)
{
	(void)asked;
	return read_event(e, value);
}

static const char *read_length(struct question_asked *asked, struct vm_entry *e, char *value)
{
	u64 length;
	const char *problem = read_number(value, 255, "the length of an instruction", &length);

	(void)asked;
	e->length = (u8)length;
	return problem;
}

static const char *read_exits(struct question_asked *asked, struct vm_entry *e, char *value)
{
	(void)asked;
	return bits_of_list("exit", value, exit_words, &e->exits);
}

static const char *read_cr2(struct question_asked *asked, struct vm_entry *e, char *value)
{
	e->written |= WRITES_CR2;
	return address_named(asked, value, &e->cr2) ? NULL : bad_address(value);
}

static const char *read_exits_on(struct question_asked *asked, struct vm_entry *e, char *value)
{
	int vector = vector_of(value);

	(void)asked;
	if (vector < 0 || vector >= FIRST_IRQ_VECTOR)
		return bad_vector(value);
	e->exceptions |= 1u << vector;
	return NULL;
}

/* "VECTOR:PRIORITY:V_TPR" */
static const char *read_virtual(struct question_asked *asked, struct vm_entry *e, char *value)
{
	char *rest, *word = strtok_r(value, ":", &rest), *priority = strtok_r(NULL, ":", &rest);
	char *tpr = strtok_r(NULL, ":", &rest);
	int vector = word ? vector_of(word) : -1;
	u64 numbers[2] = { 0 };
	const char *problem;

	(void)asked;
	if (vector < FIRST_IRQ_VECTOR)
		return bad_vector(word ? word : "");
	numbers[0] = (u64)vector >> 4;
	problem = priority ? read_number(priority, 15, "V_INTR_PRIO", &numbers[0]) : NULL;
	if (!problem && tpr)
		problem = read_number(tpr, 15, "V_TPR", &numbers[1]);
	e->request = (struct virtual_request){ (u8)vector, (u8)numbers[0], (u8)numbers[1] };
	return problem;
}

static const struct entry_word {
	const char *name;
	const char *(*read)(struct question_asked *asked, struct vm_entry *e, char *value);
} entry_words[] = {
	{ "lacks", read_lacks },       { "inject", read_inject }, { "blocking", read_blocking },
	{ "activity", read_activity }, { "debug", read_debug },	  { "set", read_set_flags },
	{ "clear", read_clear_flags }, { "at", read_at },	  { "cr2", read_cr2 },
	{ "length", read_length },     { "exits", read_exits },	  { "exits-on", read_exits_on },
	{ "v-irq", read_virtual },
};

/* --- Words without one --- */

static const char *unknown_entry_word(const char *word)
{
	static const char *names[CONTROL_COUNT + ARRAY_SIZE(entry_words) + 5] = { "plain", "nmi",
										  "init", "eoi",
										  "irq60" };
	size_t n = 5;

	for (size_t i = 0; control_words[i]; i++)
		names[n++] = control_words[i];
	for (size_t i = 0; i < ARRAY_SIZE(entry_words); i++)
		names[n++] = entry_words[i].name;
	return unknown_word("word of --entry", word, names, n);
}

const char *wrong_control(const struct guest_situation *guest, bool amd)
{
	static const char *const vendors[] = {
#define CONTROL(id, word, text)	    NULL,
#define VMX_CONTROL(id, word, text) "VMX",
#define SVM_CONTROL(id, word, text) "SVM",
#include "inner/controls.def"
#undef CONTROL
	};

	for (size_t i = 0; i < guest->count; i++) {
		const struct vm_entry *e = &guest->entries[i];

		for (size_t c = 0; c < CONTROL_COUNT; c++)
			if (e->controls >> c & 1 && vendors[c] && (vendors[c][0] == 'S') != amd)
				return message("%s is of %s: write --vendor %s", control_words[c],
					       vendors[c], amd ? "intel" : "amd");
		if (e->request.vector && !amd)
			return "v-irq is of SVM: write --vendor amd";
		if (amd && (e->init || e->written & (WRITES_ACTIVITY | WRITES_DEBUG)))
			return "init, activity and debug are of VMX: write --vendor intel";
	}
	return NULL;
}

static const char *read_arrival(struct vm_entry *e, const char *word)
{
	int vector = vector_of(word);

	if (vector < FIRST_IRQ_VECTOR)
		return bad_vector(word);
	for (size_t i = 0; i < ENTRY_ARRIVALS; i++)
		if (!e->arrivals[i]) {
			e->arrivals[i] = (u8)vector;
			return NULL;
		}
	return "at most 3 interrupts can arrive before an entry";
}

static const char *read_plain_word(struct vm_entry *e, const char *word)
{
	int control = index_of(word, control_words);

	if (control >= 0)
		e->controls |= 1u << control;
	else if (!strcasecmp(word, "nmi"))
		e->nmi = true;
	else if (!strcasecmp(word, "init"))
		e->init = true;
	else if (!strcasecmp(word, "eoi"))
		e->eoi = true;
	else if (!strncasecmp(word, "irq", 3))
		return read_arrival(e, word);
	else if (strcasecmp(word, "plain"))
		return unknown_entry_word(word);
	return NULL;
}

static const char *read_value(struct question_asked *asked, struct vm_entry *e, const char *word,
			      char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(entry_words); i++)
		if (!strcasecmp(word, entry_words[i].name))
			return entry_words[i].read(asked, e, value);
	return unknown_entry_word(word);
}

const char *read_entry(struct question_asked *asked, char *value)
{
	struct guest_situation *guest = &asked->guest;
	struct vm_entry *e = &guest->entries[guest->count];
	const char *problem = NULL;
	char *rest;

	if (guest->count == GUEST_ENTRIES)
		return message("at most %d entries can be played", GUEST_ENTRIES);
	guest->count++;
	*e = (struct vm_entry){ 0 };
	for (char *word = strtok_r(value, ",", &rest); word && !problem;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');

		if (!equals) {
			problem = read_plain_word(e, word);
			continue;
		}
		*equals = '\0';
		problem = read_value(asked, e, word, equals + 1);
	}
	return problem;
}
