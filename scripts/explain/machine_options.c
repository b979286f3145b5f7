/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options for gates, breakpoints and registers, and for the laws of hypervisors.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "near.h"
#include "words.h"

static u8 usual_ist(int vector)
{
	return vector == NMI_VECTOR  ? IST_NMI
	       : vector == DB_VECTOR ? IST_DB
	       : vector == DF_VECTOR ? IST_DF
	       : vector == MC_VECTOR ? IST_MC
				     : IST_NONE;
}

/* "GP=trap", "NMI=absent", "DB=no-stack", "irq60=trap+ist5", "BP=dpl3" */
const char *read_gate(struct question_asked *asked, char *value)
{
	static const char *const words[] = { "interrupt", "trap", "absent", "no-stack", "dpl3",
					     "ist0",	  "ist1", "ist2",   "ist3",	"ist4",
					     "ist5",	  "ist6", "ist7",   "unusable", NULL };
	enum { UNUSABLE = 13 };
	struct situation *s = &asked->situation;
	struct gate_state *gate = &s->gates[s->gate_count];
	char *equals = strchr(value, '=');
	int vector;

	if (!equals)
		return message("\"%s\" is no gate: write it as GP=trap or NMI=absent", value);
	*equals = '\0';
	vector = vector_of(value);
	if (vector < 0)
		return bad_vector(value);
	if (s->gate_count == SITUATION_GATES)
		return "at most 6 gates can be unusual";
	*gate = (struct gate_state){ .vector = (u8)vector, .ist = usual_ist(vector) };
	for (char *word = strtok(equals + 1, "+"); word; word = strtok(NULL, "+")) {
		int i = index_of(word, words);

		if (i < 0)
			return unknown_word("gate", word, words, ARRAY_SIZE(words) - 1);
		gate->trap |= i == 1;
		gate->absent |= i == 2;
		if (i == 3)
			gate->ist = IST_ABSENT;
		else if (i == 4)
			gate->dpl = 3;
		else if (i == UNUSABLE)
			gate->unusable = true;
		else if (i > 4)
			gate->ist = (u8)(i - 5);
	}
	s->gate_count++;
	return NULL;
}

/* "[N=]WHERE[/BYTES][:KIND]" */
static const char *add_breakpoint(struct question_asked *asked, char *value, u8 kind, u8 bytes)
{
	struct situation *s = &asked->situation;
	char *equals = strchr(value, '='), *colon = strchr(value, ':'), *slash = strchr(value, '/');
	unsigned int n = 0;

	if (equals)
		n = (unsigned int)strtoul(value, NULL, 10);
	else
		while (n < DEBUG_ADDRESSES && s->breakpoints[n].armed)
			n++;
	if (n >= DEBUG_ADDRESSES)
		return "there are breakpoints 0 to 3";
	if (colon) {
		int i = index_of(colon + 1, breakpoint_words);

		*colon = '\0';
		if (i < 0)
			return unknown_word("kind of breakpoint", colon + 1, breakpoint_words, 4);
		kind = (u8)i;
	}
	if (slash) {
		*slash = '\0';
		bytes = (u8)strtoul(slash + 1, NULL, 10);
	}
	if (equals)
		value = equals + 1;
	s->breakpoints[n] = (struct breakpoint){ .armed = true, .kind = kind, .bytes = bytes };
	if (!address_named(asked, value, &s->breakpoints[n].address))
		return bad_address(value);
	return NULL;
}

const char *read_break(struct question_asked *asked, char *value)
{
	return add_breakpoint(asked, value, BREAK_EXECUTE, 1);
}

const char *read_watch(struct question_asked *asked, char *value)
{
	return add_breakpoint(asked, value, BREAK_ACCESS, 4);
}

const char *read_set(struct question_asked *asked, char *value)
{
	static const char *const names[] = { "rax", "rbx",   "rcx",	 "r10",	  "r11",
					     "cr2", "lstar", "sysenter", "fmask", "msr",
					     "rsi", "rdi",   "rbp",	 "r9",	  "rsp" };
	struct situation *s = &asked->situation;
	u64 *const values[] = { &s->rax, &s->rbx, &s->rcx,   &s->r10,
				&s->r11, &s->cr2, &s->lstar, &s->sysenter_rip };
	char *equals = strchr(value, '=');
	u64 number = 0;
	int i;

	if (!equals)
		return message("\"%s\" sets nothing: write it as rbp=device", value);
	*equals = '\0';
	if (!strcasecmp(value, "msr")) {
		i = index_of(equals + 1, msr_words);
		s->msr = (u8)i;
		return i < 0 ? unknown_word("MSR", equals + 1, msr_words, 4) : NULL;
	}
	if (!address_named(asked, equals + 1, &number))
		return bad_address(equals + 1);
	for (i = 0; i < (int)ARRAY_SIZE(values); i++)
		if (!strcasecmp(value, names[i])) {
			*values[i] = number;
			return NULL;
		}
	if (!strcasecmp(value, "fmask")) {
		s->fmask = (u32)number;
		return NULL;
	}
	i = index_of(value, register_words);
	if (i < 0)
		return unknown_word("register", value, names, ARRAY_SIZE(names));
	s->registers[i] = number;
	return NULL;
}

/* The twin that the situation has under this law of hypervisors. */
const char *read_law(struct question_asked *asked, char *value)
{
	static const char *names[LAW_COUNT];
	enum law_name law = world_law(value);

	for (size_t i = 0; i < LAW_COUNT; i++)
		names[i] = law_texts[i].word;
	if (law == LAW_COUNT)
		return unknown_word("law", value, names, LAW_COUNT);
	world_twin(&asked->situation, law);
	return NULL;
}
