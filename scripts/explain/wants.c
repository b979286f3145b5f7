/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events of the model in the words of lib/x86/stage/dialect.h.
 */
#include "wants.h"

#include <stdio.h>
#include <string.h>

#include "order/vectors.h"
#include "world/world.h"

static struct model model;

const char *fragment_id(u16 id)
{
	static const char *const names[FRAGMENT_COUNT] = {
#define FRAGMENT(name, text, code, ...) [FRAGMENT_##name] = #name,
#include "order/fragments.def"
#undef FRAGMENT
	};

	return names[id];
}

const char *vector_text(u8 vector)
{
	static char text[24];

	if (vector == IRQ_VECTOR)
		return "VEC";
	if (vector == IRQ_HIGH)
		return "VEC_HIGH";
	if (vector == IRQ_SAME_CLASS)
		return "VEC_SAME_CLASS";
	if (vector == NMI_VECTOR)
		return "NMI_VECTOR";
	if (vector < FIRST_IRQ_VECTOR && exception_mnemonic(vector))
		snprintf(text, sizeof(text), "%s_VECTOR", exception_mnemonic(vector) + 1);
	else
		snprintf(text, sizeof(text), "%#x", vector);
	return text;
}

/* --- Places --- */

/* Appends AT(...), if the place has a name in a case. */
static void add_step(struct text *text, size_t step, struct places *places)
{
	static const char labels[] = { [LABEL_L] = 'L', [LABEL_M] = 'M', [LABEL_T] = 'T' };
	const struct layout *layout = model.situation->layout;
	u16 here = layout->steps[step] >> LABEL_SHIFT;
	u16 before = step ? layout->steps[step - 1] >> LABEL_SHIFT : 0;

	if (here) {
		text_add(text, ", AT(%c)", labels[here]);
	} else if (before) {
		text_add(text, ", AT(AFTER(%c))", labels[before]);
	} else if (!places->m_used || places->m == step) {
		places->m_used = true;
		places->m = step;
		text_add(text, ", AT(M)");
	} else if (places->m + 1 == step) {
		text_add(text, ", AT(AFTER(M))");
	}
}

static void add_place(struct text *text, const struct model_event *e, struct places *places)
{
	u16 place = e->at.place;

	if (e->somewhere || e->at.offset)
		return; /* a case has no word for it, and claims nothing of it */
	if (place == PLACE_LANDING)
		text_add(text, ", AT(LANDING)");
	else if (place == PLACE_AFTER_IRET)
		text_add(text, ", AT(AFTER_IRET)");
	else if (place == PLACE_ELSEWHERE)
		text_add(text, ", AT(ELSEWHERE)");
	else if (place & PLACE_STEP)
		add_step(text, place & 0xff, places);
	else if (place & PLACE_ENTRY)
		text_add(text, ", AT(ENTRY_OF(%s))", vector_text(place & 0xff));
}

/* --- Events --- */

static void add_dr6(struct text *text, u32 dr6)
{
	static const struct {
		u32 bit;
		const char *name;
	} bits[] = { { DR6_B0, "DR6_B0" },
		     { DR6_B1, "DR6_B1" },
		     { DR6_BD, "DR6_BD" },
		     { DR6_BS, "DR6_BS" } };

	for (unsigned int set = 2; set-- > 0;) {
		const char *before = set ? ", DR6(" : ", NO_DR6(";
		bool any = false;

		for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
			if (!(dr6 & bits[i].bit) == !set) {
				text_add(text, "%s%s", before, bits[i].name);
				before = " | ";
				any = true;
			}
		text_add(text, any ? ")" : "");
	}
}

/* "IRQ(VEC", "GP(0x18", "DB(": open, and whether something stands in it. */
static bool add_kind(struct text *text, const struct model_event *e)
{
	const char *name = e->vector < FIRST_IRQ_VECTOR ? exception_mnemonic(e->vector) : NULL;

	if (e->vector == NMI_VECTOR)
		text_add(text, "NMI(");
	else if (name && vector_has_error_code(e->vector) && e->vector != DF_VECTOR &&
		 e->vector != AC_VECTOR)
		text_add(text, "%s(%#x", name + 1, e->error);
	else if (name)
		text_add(text, "%s(", name + 1);
	else
		text_add(text, "%s(%s", e->external ? "IRQ" : "INTN", vector_text(e->vector));
	return e->vector >= FIRST_IRQ_VECTOR || (vector_has_error_code(e->vector) &&
						 e->vector != DF_VECTOR && e->vector != AC_VECTOR);
}

static void add_event(struct text *text, const struct model_event *e, struct places *places)
{
	char buffer[256];
	struct text rest = TEXT(buffer);
	bool inside = add_kind(text, e);
	const char *claims;

	add_place(&rest, e, places);
	text_add(&rest, ", IF(%d), RF(%d), TF(%d)", !!(e->rflags & RFLAGS_IF),
		 !!(e->rflags & RFLAGS_RF), !!(e->rflags & RFLAGS_TF));
	if (e->vector == PF_VECTOR)
		text_add(&rest, ", CR2(%#lx)", e->cr2);
	if (e->vector == DB_VECTOR)
		add_dr6(&rest, e->dr6);
	if (e->cpl)
		text_add(&rest, ", CPL(%u)", e->cpl);
	if (e->ist)
		text_add(&rest, ", ON_IST(%u)", e->ist);
	claims = text_seal(&rest);
	text_add(text, "%s)", inside ? claims : claims + strlen(", "));
}

/* --- Citations --- */

/* Appends the parts of a citation that are not there yet. */
static void cite(char *list, const char *citation)
{
	static char copy[CITATION_TEXT];

	snprintf(copy, sizeof(copy), "%s", citation);
	for (char *part = strtok(copy, ";"); part; part = strtok(NULL, ";")) {
		part += *part == ' ';
		if (strstr(list, part) || strlen(list) + strlen(part) + 3 > CITATION_TEXT)
			continue;
		strcat(list, *list ? "; " : "");
		strcat(list, part);
	}
}

const char *read_orders(struct legal_orders *orders, const struct situation *situation, u16 vendor,
			struct places *places)
{
	static struct situation s;
	struct text text = TEXT(orders->text), first = TEXT(orders->first);

	s = *situation;
	s.state |= vendor;
	orders->count = 0;
	strcpy(orders->citation, "");
	model_begin(&model, &s);
	while (model_next(&model)) {
		if (!model.count)
			return "an order in which nothing is delivered needs a control of its own";
		if (!orders->count++)
			model_format(&first, &model);
		text_add(&text, "%s\t\tLEGAL(\"order %lu\"", orders->count > 1 ? ",\n" : "",
			 (unsigned long)orders->count);
		for (size_t n = 0; n < model.count; n++) {
			text_add(&text, ",\n\t\t      ");
			add_event(&text, &model.events[n], places);
			cite(orders->citation, rules[model.events[n].rule].citation);
			if (model.events[n].held)
				cite(orders->citation, rules[model.events[n].held].citation);
		}
		text_add(&text, ")");
	}
	text_seal(&text);
	text_seal(&first);
	return model.unknown ? model.unknown : text.lost ? "it has too many legal orders" : NULL;
}

void print_head(const char *name, const char *id, const struct legal_orders *intel,
		const struct legal_orders *amd)
{
	static char citation[2 * CITATION_TEXT];

	strcpy(citation, intel->citation);
	cite(citation, amd->citation);
	printf("CASE(%s, \"-\",\n     \"%s: %s%s\",\n     \"%s\")\n", id, name, intel->first,
	       intel->count + amd->count > 2 ? ", or another legal order" : "", citation);
}

static void print_orders(const struct legal_orders *orders, const char *indent)
{
	printf("%sexpect_one_of(\n%s);\n", indent, orders->text);
}

void print_expectation(const struct legal_orders *intel, const struct legal_orders *amd)
{
	if (!strcmp(intel->text, amd->text)) {
		print_orders(intel, "\t");
		return;
	}
	puts("\tif (cpu_is_amd())");
	print_orders(amd, "\t\t");
	puts("\telse");
	print_orders(intel, "\t\t");
}
