/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A situation as words. scripts/explain/notation.c reads them.
 */
#include "model/model.h"

enum { SCENE_TEXT = 512 };

const char *const state_words[] = { "amd", "ts", "am",		 "pvi",		"nxe",
				    "btf", "gd", "sse-unmasked", "nmi-blocked", NULL };
const char *const habit_words[] = { "step-once", "eoi",	       "retry",	     "mend-rdi", "clear-ts",
				    "look",	 "send-again", "mend-stack", "send-nmi", NULL };
const char *const flag_words[] = { "if", "tf", "rf", "ac", "vif", "vip", "iopl3", NULL };
const u32 flag_bits[] = { RFLAGS_IF,  RFLAGS_TF,  RFLAGS_RF,   RFLAGS_AC,
			  RFLAGS_VIF, RFLAGS_VIP, RFLAGS_IOPL3 };
const char *const msr_words[] = { "missing", "good", "refused", "self-ipi", NULL };
const char *const breakpoint_words[] = { "execute", "write", "port", "access", NULL };
const char *const register_words[] = { "rsi", "rdi", "rbp", "r9", "rsp", NULL };

void situation_begin(struct situation *situation, const struct layout *layout)
{
	*situation = (struct situation){
		.layout = layout,
		.rflags = RFLAGS_FIXED,
		.registers = { [BASE_RSP] = USUAL_STACK },
		.idt_vectors = 256,
	};
}

/* "step2+1", "landing"; a number if it is nowhere on the scene. */
static void format_address(struct text *text, const struct layout *layout, u64 address)
{
	size_t step = layout_step(layout, address);

	if (step < layout->step_count && layout->addresses[step] == address)
		text_add(text, "step%zu", step);
	else if (address && address == layout->landing)
		text_add(text, "landing");
	else if (address && address == layout->elsewhere)
		text_add(text, "elsewhere");
	else if (address >= layout->stubs && address < layout->recorded && layout->stub_size)
		text_add(text, "handler%lu", (address - layout->stubs) / layout->stub_size);
	else
		text_add(text, "%#lx", address);
}

static void format_bits(struct text *text, const char *option, const char *const *words, u32 bits)
{
	char separator = ' ';

	for (size_t i = 0; words[i]; i++) {
		if (!(bits >> i & 1))
			continue;
		if (separator == ' ')
			text_add(text, " --%s", option);
		text_add(text, "%c%s", separator, words[i]);
		separator = ',';
	}
}

static void format_vectors(struct text *text, const char *option, const u8 *vectors)
{
	for (size_t i = 0; i < SITUATION_PENDING; i++)
		if (vectors[i])
			text_add(text, " --%s irq%x", option, vectors[i]);
}

static void format_value(struct text *text, const struct situation *s, const char *name, u64 value)
{
	if (!value)
		return;
	text_add(text, " --set %s=", name);
	format_address(text, s->layout, value);
}

static void format_gate(struct text *text, const struct gate_state *gate)
{
	text_add(text, " --gate %u=%s", gate->vector, gate->trap ? "trap" : "interrupt");
	if (gate->absent)
		text_add(text, "+absent");
	if (gate->unusable)
		text_add(text, "+unusable");
	if (gate->dpl)
		text_add(text, "+dpl%u", gate->dpl);
	text_add(text, "+ist%u", gate->ist);
}

static void format_registers(struct text *text, const struct situation *s)
{
	for (size_t i = 0; i < BASE_COUNT; i++)
		if (i != BASE_RSP || s->registers[i] != USUAL_STACK)
			format_value(text, s, register_words[i], s->registers[i]);
	format_value(text, s, "rax", s->rax);
	format_value(text, s, "rbx", s->rbx);
	format_value(text, s, "rcx", s->rcx);
	format_value(text, s, "r10", s->r10);
	format_value(text, s, "r11", s->r11);
	format_value(text, s, "lstar", s->lstar);
	format_value(text, s, "fmask", s->fmask);
	format_value(text, s, "sysenter", s->sysenter_rip);
	if (s->msr)
		text_add(text, " --set msr=%s", msr_words[s->msr]);
}

static void format_debug(struct text *text, const struct situation *s)
{
	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++) {
		const struct breakpoint *b = &s->breakpoints[n];

		if (!b->armed)
			continue;
		text_add(text, " --watch %u=", n);
		format_address(text, s->layout, b->address);
		text_add(text, "/%u:%s", b->bytes, breakpoint_words[b->kind]);
	}
}

static void format_arrivals(struct text *text, const struct situation *s)
{
	for (size_t i = 0; i < SITUATION_ARRIVALS; i++) {
		const struct arrival *a = &s->arrivals[i];

		if (!a->vector)
			continue;
		if (a->vector == NMI_VECTOR)
			text_add(text, " --arrive nmi@");
		else
			text_add(text, " --arrive irq%x@", a->vector);
		if (a->place == AT_FAULT)
			text_add(text, "fault");
		else if (a->place & PLACE_STEP)
			text_add(text, "step%u", a->place & 0xff);
		else if (a->place & PLACE_ENTRY)
			text_add(text, "handler%u", a->place & 0xff);
		else
			text_add(text, "landing");
	}
}

void situation_format(struct text *text, const struct situation *s)
{
	char buffer[SCENE_TEXT];
	struct text scene = TEXT(buffer);
	u32 flags = 0;

	for (size_t i = 0; flag_words[i]; i++)
		if ((s->rflags & flag_bits[i]) == flag_bits[i])
			flags |= 1u << i;
	layout_describe(s->layout, &scene);
	text_add(text, "'%s'", text_seal(&scene));
	if (s->layout->elsewhere) /* first: what comes after may be said in terms of it */
		text_add(text, " --elsewhere %#lx", s->layout->elsewhere);
	format_bits(text, "state", state_words, s->state);
	format_bits(text, "flags", flag_words, flags);
	format_bits(text, "handlers", habit_words, s->habits);
	if (s->settled)
		text_add(text, " --choose %s=%u", choices[s->settled - 1].name, s->settled_answer);
	if (s->cpl)
		text_add(text, " --cpl %u", s->cpl);
	format_vectors(text, "pending", s->pending);
	for (size_t i = 0; i < s->nmis; i++)
		text_add(text, " --pending nmi");
	format_vectors(text, "in-service", s->in_service);
	if (s->tpr_class)
		text_add(text, " --tpr %u", s->tpr_class);
	if (s->timer)
		text_add(text, " --timer irq%x", s->timer);
	format_arrivals(text, s);
	for (size_t i = 0; i < s->gate_count; i++)
		format_gate(text, &s->gates[i]);
	if (s->idt_vectors != 256)
		text_add(text, " --idt-limit %u", s->idt_vectors);
	format_debug(text, s);
	format_registers(text, s);
	for (size_t i = 0; i < s->stack_words; i++) {
		text_add(text, " --stack ");
		format_address(text, s->layout, s->stack[i]);
	}
	if (s->elsewhere)
		text_add(text, " --there '%s'", fragments[s->elsewhere].name);
	if (s->elsewhere_bytes)
		text_add(text, " --there-bytes %u", s->elsewhere_bytes);
}
