/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim's neutral half: it starts the guest, runs it and stops it. Every exit and every entry
 * passes through step(), which logs them.
 */
#include "hv/vcpu.h"
#include "stage/case.h"
#include "order/event_names.h"
#include "hv/wrong.h"
#include "base/mutate.h"
#include "report/panic.h"
#include "report/report.h"
#include "machine/nmi.h"
#include "machine/processor.h"
#include "machine/profile.h"
#include "machine/segments.h"
#include "machine/settle.h"
#include "stage/stage.h"
#include "base/string.h"
#include "base/text.h"

bool hv_is_vmx(void)
{
	return !vmx_vendor.unavailable();
}

bool hv_is_svm(void)
{
	return !svm_vendor.unavailable();
}

static const struct hv_vendor *choose_vendor(void)
{
	if (hv_is_vmx())
		return &vmx_vendor;
	if (hv_is_svm())
		return &svm_vendor;
	skip("%s; %s", vmx_vendor.unavailable(), svm_vendor.unavailable());
}

/* The vcpu for which VMX or SVM is on, or NULL. */
static struct vcpu *on_for;

static void switch_off(void)
{
	if (!on_for)
		return;
	on_for->vendor->off(on_for);
	on_for = NULL;
	stage_hold_bits(0, 0);
}

/* NULL, or what went wrong. */
static const char *switch_on(struct vcpu *v)
{
	u64 cr0 = read_cr0(), cr4 = read_cr4();
	const char *problem = v->vendor->on(v);

	if (problem || on_for)
		return problem;
	on_for = v;
	stage_hold_bits(read_cr0() & ~cr0, read_cr4() & ~cr4);
	stage_before_play(switch_off);
	return NULL;
}

/* An exit widens the limits of GDTR and IDTR, and resets DR7. */
static void restore_what_exits_change(const struct vcpu *v)
{
	asm volatile("lgdt %0; lidt %1" ::"m"(v->before.gdtr), "m"(v->before.idtr));
	write_dr7(v->before.dr7);
}

void hv_end(void)
{
	struct vcpu *v = this_cpu.vcpu;

	this_cpu.vcpu = NULL;
	v->vendor->pause(v);
	restore_what_exits_change(v);
	scene_off_stage();
}

/* The guest has ended: nothing of it may stay, so the machine must be as it was before. */
void hv_stop(void)
{
	struct vcpu *v = this_cpu.vcpu;
	struct machine_state after;
	const char *difference;

	if (!v)
		return;
	profile_enter(PROFILE_SHIM_OFF);
	hv_end();
	machine_state_read(&after);
	difference = machine_state_difference(&v->before, &after);
	check(!difference, "the shim left %s changed", difference);
	if (!stage_passing())
		switch_off();
	profile_enter(PROFILE_BODY);
}

static void clone_registers(struct vcpu *v)
{
	struct scene *scene = the_scene();

	memcpy(&v->gprs, &scene->in, sizeof(v->gprs));
	if (mutated(MUTATE_IF_CLEAR))
		scene->in_rflags &= ~(u64)RFLAGS_IF;
	v->exit.rip = scene->layout.addresses[0];
	v->exit.rsp = scene->rsp;
	v->vendor->set(v, VCPU_RIP, v->exit.rip);
	v->vendor->set(v, VCPU_RSP, v->exit.rsp);
	v->vendor->set(v, VCPU_RFLAGS, scene->in_rflags);
}

static void prepare(struct vcpu *v, const struct hv_vendor *vendor, struct hv_options options)
{
	const char *problem;

	*v = (struct vcpu){ .vendor = vendor,
			    .nested_paging = options.nested_paging,
			    .reads_msrs = options.reads_msrs };
	problem = switch_on(v);
	if (problem)
		error("%s: %s", vendor->name, problem);
	machine_state_read(&v->before);
	this_cpu.vcpu = v;
	stage_at_end(hv_stop);
	problem = vendor->set_up(v);
	if (problem)
		skip("this CPU's %s does not offer %s", vendor->name, problem);
	clone_registers(v);
}

/*
 * A guest that leaves as soon as VM entry has delivered an exception to its landing. Emulators keep
 * what no guest should see of an earlier one. Bochs names the event that it recorded last as the
 * one whose delivery an exit interrupted; only an exit for a nested page fault shows that. QEMU's
 * first guest has a virtual GIF of 1. So, where traces are to be the same in any order of cases, no
 * guest is the first one, and the last event before one that may show it is #MF, which no guest
 * raises.
 */
static void rehearse(struct vcpu *v)
{
	const char *refused;

	gate_set_target(MF_VECTOR, scene_leave_address(the_scene()), 0);
	v->event = exception(MF_VECTOR);
	refused = v->vendor->enter(v);
	gate_set(MF_VECTOR, INTERRUPT_GATE, IST_NONE, 0);
	restore_what_exits_change(v);
	if (refused || v->exit.reason != EXIT_HYPERCALL)
		error("the guest that each guest begins with left by %s",
		      refused ? refused : exit_reason_name(v->exit.reason));
}

struct vcpu *hv_start_with(struct hv_options options)
{
	static bool rehearsed;
	const struct hv_vendor *vendor = choose_vendor();
	struct vcpu *v = vendor->vcpu();
	enum profile_section before = profile_enter(PROFILE_SHIM_ON);
	bool first = vendor == &svm_vendor && !rehearsed; /* VMX's is like any other */

	ASSERT(!this_cpu.vcpu);
	scene_land_by(the_scene(), vendor->hypercall, sizeof(vendor->hypercall));
	/* An NMI that is pending would come at once. */
	if (settles_exactly() && (first || options.nested_paging) && !nmi_sent()) {
		prepare(v, vendor, (struct hv_options){ 0 });
		rehearse(v);
		rehearsed = true;
	}
	prepare(v, wrong_around(vendor), options);
	scene_on_stage(the_scene());
	profile_leave(before);
	return v;
}

struct vcpu *hv_start(void)
{
	return hv_start_with((struct hv_options){ 0 });
}

struct vcpu *start_with_interrupts_on(void)
{
	the_scene()->in_rflags |= RFLAGS_IF;
	return hv_start();
}

struct vcpu *hv_again(void)
{
	struct vcpu *v = this_cpu.vcpu;

	if (!v)
		return hv_start();
	v->entered = false;
	v->event = 0;
	v->vendor->set_state(v, 0);
	clone_registers(v);
	return v;
}

void pend_nmi(void)
{
	if (hv_is_vmx())
		nmi_block();
	nmi_send_self();
}

static NORETURN void log_is_full(void)
{
	error("the event log holds %d entries, and the guest's exits go on: an exit repeats without end, or the case needs fewer",
	      LOG_CAPACITY);
}

static ALWAYS_INLINE void log_entry(const struct vcpu *v)
{
	struct log_entry *e = log_reserve();

	if (!e)
		log_is_full();
	e->kind = LOG_ENTRY;
	e->rip = v->exit.rip;
	e->rsp = v->exit.rsp;
	e->state = v->exit.state;
	e->event = v->event;
}

static ALWAYS_INLINE void log_exit(const struct vcpu *v)
{
	struct log_entry *e = log_reserve();

	if (!e)
		log_is_full();
	e->kind = LOG_EXIT;
	e->reason = v->exit.reason;
	e->rip = v->exit.rip;
	e->rsp = v->exit.rsp;
	e->state = v->exit.state;
	e->event = v->exit.event;
}

static bool at_landing(const struct vcpu *v)
{
	return v->exit.reason == EXIT_HYPERCALL && v->exit.rip == scene_leave_address(the_scene());
}

/* One entry and one exit, not judged. Was the exit that of the landing, which is not logged? */
static ALWAYS_INLINE bool step(struct vcpu *v)
{
	const char *refused;

	ASSERT(this_cpu.vcpu == v);
	if (hv_note_entry)
		hv_note_entry(v);
	if (v->entered || v->event)
		log_entry(v);
	refused = v->vendor->enter(v);
	v->entered = true;
	v->event = 0;
	if (refused)
		error("VM entry refused: %s", refused);
	if (hv_note_exit)
		hv_note_exit(v);
	if (at_landing(v)) {
		memcpy(&the_scene()->out, &v->gprs, sizeof(v->gprs));
		return true;
	}
	log_exit(v);
	return false;
}

static void dump(struct vcpu *v)
{
	const struct layout *layout = &the_scene()->layout;
	const struct guest_exit *e = &v->exit;
	struct exit_details d = v->vendor->details(v);
	char place[96], event[48];
	struct text at = TEXT(place), during = TEXT(event);

	layout_name(layout, &at, layout_position(layout, e->rip));
	if (e->event)
		event_value_format(&during, e->event);
	report_line(
		"NOTE: %s: exit %s (%s %#lx) at %s, qualification %#lx %#lx, state %#lx, interruption %#lx, while delivering %s",
		stage_case_name(), exit_reason_name(e->reason), v->vendor->name, e->raw,
		text_seal(&at), d.qualification, d.qualification2, e->state, d.interruption,
		e->event ? text_seal(&during) : "nothing");
}

static bool never_wanted(enum exit_reason reason)
{
	return reason == EXIT_ENTRY_FAILED || reason == EXIT_TRIPLE_FAULT || reason == EXIT_OTHER ||
	       reason == EXIT_PREEMPTION_TIMER || reason == EXIT_NESTED_PAGE_FAULT;
}

/* Ends the case as ERROR if only a broken guest or platform explains the exit. */
static void require_exit_of_a_guest(struct vcpu *v)
{
	if (!never_wanted(v->exit.reason))
		return;
	dump(v);
	if (v->exit.reason == EXIT_ENTRY_FAILED)
		error("%s entry failed (%#lx): %s", v->vendor->name, v->exit.raw,
		      v->vendor->suspect(v));
	error("unexpected exit %s", exit_reason_name(v->exit.reason));
}

/* An address does not tell after which IRET the guest left; the trace does. */
static bool is_at(const struct vcpu *v, int place)
{
	return !place || v->exit.rip == address_of(place) || stage_latest_is_at(place);
}

static NORETURN NOINLINE void wrong_exit(struct vcpu *v, enum exit_reason reason, int place)
{
	if (v->exit.reason != reason)
		require_exit_of_a_guest(v);
	dump(v);
	stage_show_trace(&WANT(WANT_EXIT, .reason = reason, .at = place));
	stage_fail("the guest left by %s, not by %s where the case wants it",
		   exit_reason_name(v->exit.reason), exit_reason_name(reason));
}

const struct guest_exit *run_to(struct vcpu *v, enum exit_reason reason, int place)
{
	step(v);
	if (v->exit.reason != reason || !is_at(v, place))
		wrong_exit(v, reason, place);
	return &v->exit;
}

void run_to_end(struct vcpu *v)
{
	if (step(v))
		return;
	require_exit_of_a_guest(v);
	dump(v);
	stage_show_trace(NULL);
	stage_fail("the guest left by %s on its way to the landing",
		   exit_reason_name(v->exit.reason));
}
