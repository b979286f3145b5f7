/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest and its hypervisor as a situation of the model, for the host to ask about: what root has
 * changed between an exit and the next entry is found by comparing the control structure at both.
 * Only in images that are linked with this file: when a case is judged, NOTE lines say what it
 * played.
 */
#include "base/string.h"
#include "hv/vcpu.h"
#include "machine/desc.h"
#include "machine/nmi.h"
#include "machine/processor.h"
#include "order/log.h"
#include "report/report.h"
#include "stage/case.h"
#include "stage/note.h"
#include "stage/stage.h"

enum { TEXT_SIZE = 2400 };

static struct {
	const char *name;    /* of the case that this is of */
	const char *outside; /* why it is not in the model's world; NULL: it may be */
	struct guest_situation guest;
	struct layout layout;

	/* As the last exit has left them. */
	struct guest_note left;
	u8 pending[SITUATION_PENDING], in_service[SITUATION_PENDING];
	struct sent sent;
	size_t logged;
	char text[TEXT_SIZE];
} noted;

static void outside(const char *why)
{
	if (!noted.outside)
		noted.outside = why;
}

static bool is_among(const u8 *vectors, u8 vector)
{
	for (size_t i = 0; i < SITUATION_PENDING; i++)
		if (vectors[i] == vector)
			return true;
	return false;
}

/* --- The first entry --- */

static bool has_step(u16 fragment)
{
	for (size_t i = 0; i < noted.layout.step_count; i++)
		if ((noted.layout.steps[i] & FRAGMENT_MASK) == fragment)
			return true;
	return false;
}

/* What the situation would not say. */
static void note_outside(const struct guest_situation *guest)
{
	u64 rbp = guest->scene.registers[BASE_RBP];

	if (read_cr4() & CR4_TSD)
		outside("CR4.TSD is not in the model's world");
	if (has_step(FRAGMENT_MONITOR_ALONE)) /* another with a record has the same name */
		outside("an instruction of the scene has no record");
	if (has_step(FRAGMENT_PUSH_IRET_FRAME_CPL3_IOPL0) &&
	    (has_step(FRAGMENT_IN) || has_step(FRAGMENT_OUT)))
		outside("the I/O permission bit map is not in the model's world");
	if (has_step(FRAGMENT_LOAD_RSP_RBP) && (rbp & ~(u64)(PAGE_SIZE - 1)) != PLAY_WRITABLE)
		outside("the stack is on a page of the playground");
}

/* Has a case changed the IDT since the guest was entered first? */
static void compare_gates(void)
{
	static struct situation now;

	situation_begin(&now, &noted.layout);
	note_gates(&now);
	if (memcmp(now.gates, noted.guest.scene.gates, sizeof(now.gates)))
		outside("root changes the guest's IDT");
}

static void begin(void)
{
	struct guest_situation *guest = &noted.guest;
	const char *problem;

	noted.name = stage_case_name();
	noted.outside = NULL;
	*guest = (struct guest_situation){ 0 };
	problem = note_scene(&guest->scene, &noted.layout, the_scene());
	if (problem)
		outside(problem);
	noted.left = (struct guest_note){ .rip = noted.layout.addresses[0],
					  .rflags = the_scene()->in_rflags };
	memcpy(noted.pending, guest->scene.pending, sizeof(noted.pending));
	memcpy(noted.in_service, guest->scene.in_service, sizeof(noted.in_service));
	noted.sent = events_sent();
	noted.sent.nmis -= guest->scene.nmis;
	guest->scene.nmis = 0; /* they are the entry's */
	noted.logged = log_count();
	if (noted.logged)
		outside("something has happened before the guest is entered");
	note_outside(guest);
}

/* --- What root has changed --- */

static void note_written(struct vcpu *v, struct vm_entry *e, const struct guest_note *now)
{
	e->written = v->written | (now->rip != noted.left.rip ? WRITES_RIP : 0);
	v->written = 0;
	if (e->cr2 != noted.left.entry.cr2 && EVENT_VECTOR(v->event) == PF_VECTOR)
		e->written |= WRITES_CR2;
	e->rip = now->rip;
	e->flags_set = (u32)(now->rflags & ~noted.left.rflags);
	e->flags_cleared = (u32)(noted.left.rflags & ~now->rflags);
	if (!memcmp(&e->request, &noted.left.entry.request, sizeof(e->request)))
		e->request = (struct virtual_request){ 0 };
}

/* What has arrived in root, and what root has ended. */
static void note_arrivals(struct vm_entry *e)
{
	u8 pending[SITUATION_PENDING] = { 0 }, in_service[SITUATION_PENDING] = { 0 };
	struct sent sent = events_sent();
	size_t n = 0;

	note_vectors(pending, LAPIC_IRR);
	note_vectors(in_service, LAPIC_ISR);
	for (size_t i = 0; i < SITUATION_PENDING; i++) {
		if (!pending[i] || is_among(noted.pending, pending[i]))
			continue;
		if (n == ENTRY_ARRIVALS)
			outside("more interrupts arrive in root than the model has room for");
		else
			e->arrivals[n++] = pending[i];
	}
	for (size_t i = 0; i < SITUATION_PENDING; i++)
		e->eoi |= noted.in_service[i] && !is_among(in_service, noted.in_service[i]);
	e->nmi = sent.nmis != noted.sent.nmis;
	e->init = sent.inits != noted.sent.inits;
}

/* The exits of instructions that are in the scene. */
static u64 exits_of_scene(void)
{
	u64 exits = 0;

	for (size_t i = 0; i < noted.layout.step_count; i++)
		exits |= BIT(exit_of_fragment(noted.layout.steps[i] & FRAGMENT_MASK));
	return exits & ~BIT(EXIT_NONE);
}

/* Which page nested paging lacks. */
static u8 lost_page(const struct vcpu *v)
{
	if (!v->lost_page)
		return LACKS_NOTHING;
	if (v->lost_page == idt_page())
		return LACKS_IDT;
	if (v->lost_page != interrupt_stack_page(IST_FAULT))
		outside("nested paging lacks a page that is neither the IDT's nor a stack's");
	return LACKS_STACK;
}

void hv_note_entry(struct vcpu *v)
{
	struct guest_situation *guest = &noted.guest;
	struct guest_note now = { 0 };
	const char *problem;

	if (!v->entered && noted.name == stage_case_name())
		outside("the guest is started again");
	else if (!v->entered)
		begin();
	if (guest->count == GUEST_ENTRIES) {
		outside("the guest is entered more often than the model has room for");
		return;
	}
	problem = v->vendor->note(v, &now);
	if (problem)
		outside(problem);
	if (log_count() != noted.logged)
		outside("root itself takes an event");
	compare_gates();
	problem = note_habits(&guest->scene, the_scene());
	if (problem)
		outside(problem);
	if (now.entry.exits & BIT(EXIT_IRET) & ~exits_of_scene())
		outside("the IRET of a handler exits");
	now.entry.exits &= exits_of_scene();
	if (has_step(FRAGMENT_RDMSR) && guest->scene.msr != MSR_MISSING &&
	    !(now.entry.exits & BIT(EXIT_RDMSR)))
		outside("RDMSR reads an MSR of which the situation says nothing");
	now.entry.lost = lost_page(v);
	note_written(v, &now.entry, &now);
	note_arrivals(&now.entry);
	now.entry.event = v->event;
	if (EVENT_TYPE(v->event) < EVENT_SOFT_INT)
		now.entry.length = 0;
	guest->entries[guest->count++] = now.entry;
}

void hv_note_exit(struct vcpu *v)
{
	noted.left = (struct guest_note){ 0 };
	v->vendor->note(v, &noted.left);
	memset(noted.pending, 0, sizeof(noted.pending));
	memset(noted.in_service, 0, sizeof(noted.in_service));
	note_vectors(noted.pending, LAPIC_IRR);
	note_vectors(noted.in_service, LAPIC_ISR);
	noted.sent = events_sent();
	noted.logged = log_count() + 1; /* the exit itself is about to be logged */
}

/* --- When the case is judged --- */

void stage_ask_model(const struct order *orders, size_t n)
{
	struct text text = TEXT(noted.text);

	(void)orders;
	(void)n;
	if (noted.name != stage_case_name()) {
		report_line("NOTE: %s: model: outside: it has no guest", stage_case_name());
		return;
	}
	if (noted.outside) {
		report_line("NOTE: %s: model: outside: %s", noted.name, noted.outside);
		return;
	}
	guest_situation_format(&text, &noted.guest);
	report_line("NOTE: %s: guest: %s", noted.name, text_seal(&text));
}
