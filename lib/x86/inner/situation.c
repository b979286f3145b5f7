/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's situation as words. scripts/explain/guest_options.c reads them.
 */
#include "inner/situation.h"

enum { ENTRY_TEXT = 512 };

const char *const control_words[] = {
#define CONTROL(id, word, text) word,
#include "inner/controls.def"
#undef CONTROL
	NULL,
};
const char *const exit_words[] = {
	"none",
#define EXIT_NAME(name) #name,
#include "order/exits.def"
#undef EXIT_NAME
	NULL,
};
const char *const blocking_words[] = { "sti", "mov-ss", "smi", "nmi", "shadow", NULL };
const char *const activity_words[] = { "active", "hlt", "shutdown", "wait-for-sipi", NULL };
const char *const injection_words[] = { "intr", "reserved", "nmi", "exception", "int",
					"int1", "soft",	    "mtf", NULL };
const char *const lost_words[] = { "nothing", "idt", "stack", NULL };
const char *const debug_words[] = { "b0", "enabled", "bs", NULL };
const u16 debug_bits[] = { DEBUG_B0, DEBUG_ENABLED, DEBUG_BS };

/* "=a+b", "=none" */
static void add_bits(struct text *text, const char *name, const char *const *words, u64 bits)
{
	char separator = '=';

	text_add(text, ",%s", name);
	for (size_t i = 0; words[i]; i++) {
		if (!(bits >> i & 1))
			continue;
		text_add(text, "%c%s", separator, words[i]);
		separator = '+';
	}
	if (separator == '=')
		text_add(text, "=none");
}

static void add_flags(struct text *text, const char *name, u32 flags)
{
	u32 bits = 0;

	for (size_t i = 0; flag_words[i]; i++)
		if ((flags & flag_bits[i]) == flag_bits[i])
			bits |= 1u << i;
	if (bits)
		add_bits(text, name, flag_words, bits);
}

static void add_event(struct text *text, const struct vm_entry *e)
{
	if (!(e->event & EVENT_VALID))
		return;
	text_add(text, ",inject=%s:%u", injection_words[EVENT_TYPE(e->event)],
		 EVENT_VECTOR(e->event));
	if (e->event & EVENT_HAS_ERROR)
		text_add(text, ":%#x", EVENT_ERROR(e->event));
	if (e->length)
		text_add(text, ",length=%u", e->length);
}

static void add_address(struct text *text, const struct layout *layout, u64 address)
{
	struct position position = layout_position(layout, address);

	if (position.place & PLACE_STEP)
		text_add(text, ",at=step%u", position.place & 0xff);
	else if (position.place & PLACE_ENTRY)
		text_add(text, ",at=handler%u", position.place & 0xff);
	else if (position.place == PLACE_LANDING)
		text_add(text, ",at=landing");
	else if (position.place == PLACE_ELSEWHERE)
		text_add(text, ",at=elsewhere");
	else
		text_add(text, ",at=%#lx", address);
	if (position.offset)
		text_add(text, "+%lu", position.offset);
}

static void add_written(struct text *text, const struct layout *layout, const struct vm_entry *e)
{
	u32 debug = 0;

	if (e->written & WRITES_RIP)
		add_address(text, layout, e->rip);
	if (e->written & WRITES_BLOCKING)
		add_bits(text, "blocking", blocking_words, e->blocking);
	if (e->written & WRITES_ACTIVITY)
		text_add(text, ",activity=%s", activity_words[e->activity % ACTIVITY_STATES]);
	for (size_t i = 0; debug_words[i]; i++)
		debug |= (e->debug & debug_bits[i] ? 1u : 0u) << i;
	if (e->written & WRITES_DEBUG)
		add_bits(text, "debug", debug_words, debug);
	if (e->written & WRITES_CR2)
		text_add(text, ",cr2=%#lx", e->cr2);
	add_flags(text, "set", e->flags_set);
	add_flags(text, "clear", e->flags_cleared);
}

enum exit_reason exit_of_fragment(u16 fragment)
{
	static const struct {
		u16 fragment;
		u8 reason;
	} exits[] = {
		{ FRAGMENT_RDMSR, EXIT_RDMSR },
		{ FRAGMENT_WRMSR, EXIT_WRMSR },
		{ FRAGMENT_LOCK_RDMSR, EXIT_RDMSR },
		{ FRAGMENT_CPUID, EXIT_CPUID },
		{ FRAGMENT_LOCK_CPUID, EXIT_CPUID },
		{ FRAGMENT_HLT, EXIT_HLT },
		{ FRAGMENT_RDTSC, EXIT_RDTSC },
		{ FRAGMENT_RDPMC, EXIT_RDPMC },
		{ FRAGMENT_PUSHF, EXIT_PUSHF },
		{ FRAGMENT_POPF, EXIT_POPF },
		{ FRAGMENT_IRETQ, EXIT_IRET },
		{ FRAGMENT_INT_50, EXIT_SOFTWARE_INT },
		{ FRAGMENT_RSM, EXIT_RSM },
		{ FRAGMENT_INVLPG, EXIT_INVLPG },
		{ FRAGMENT_STGI, EXIT_STGI },
		{ FRAGMENT_CLGI, EXIT_CLGI },
		{ FRAGMENT_WBINVD, EXIT_WBINVD },
		{ FRAGMENT_MONITOR_ALONE, EXIT_MONITOR },
		{ FRAGMENT_XSETBV, EXIT_XSETBV },
		{ FRAGMENT_INT1, EXIT_ICEBP },
		{ FRAGMENT_IN, EXIT_IO },
		{ FRAGMENT_OUT, EXIT_IO },
		{ FRAGMENT_MOV_TO_CR3, EXIT_CR_ACCESS },
		{ FRAGMENT_MOV_FROM_DR7, EXIT_DR_ACCESS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(exits); i++)
		if (exits[i].fragment == fragment)
			return exits[i].reason;
	return EXIT_NONE;
}

/* Each word has a comma before it. */
static void add_words(struct text *text, const struct layout *layout, const struct vm_entry *e)
{
	for (size_t i = 0; control_words[i]; i++)
		if (e->controls >> i & 1)
			text_add(text, ",%s", control_words[i]);
	if (e->exits)
		add_bits(text, "exits", exit_words, e->exits);
	for (unsigned int v = 0; v < 32; v++)
		if (e->exceptions >> v & 1)
			text_add(text, ",exits-on=%u", v);
	for (size_t i = 0; i < ENTRY_ARRIVALS && e->arrivals[i]; i++)
		text_add(text, ",irq%x", e->arrivals[i]);
	text_add(text, "%s%s%s", e->nmi ? ",nmi" : "", e->init ? ",init" : "",
		 e->eoi ? ",eoi" : "");
	if (e->request.vector)
		text_add(text, ",v-irq=%u:%u:%u", e->request.vector, e->request.priority,
			 e->request.tpr);
	if (e->lost)
		text_add(text, ",lacks=%s", lost_words[e->lost % LOST_PAGES]);
	add_written(text, layout, e);
	add_event(text, e);
}

void vm_entry_format(struct text *text, const struct layout *layout, const struct vm_entry *e)
{
	char buffer[ENTRY_TEXT];
	struct text words = TEXT(buffer);
	const char *written;

	add_words(&words, layout, e);
	written = text_seal(&words);
	text_add(text, "%s", *written ? written + 1 : "plain");
}

void guest_situation_format(struct text *text, const struct guest_situation *guest)
{
	situation_format(text, &guest->scene);
	for (size_t i = 0; i < guest->count; i++) {
		text_add(text, " --entry ");
		vm_entry_format(text, guest->scene.layout, &guest->entries[i]);
	}
}
