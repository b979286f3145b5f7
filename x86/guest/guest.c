/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scenes of the generated world in a guest: started, run by the law of the boot, and ended. The
 * recorder's handlers are the guest's own, so that what they log is what the guest has seen; exits
 * and entries are not logged.
 */
#include "guest.h"
#include "base/string.h"
#include "boot/args.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "order/event_names.h"
#include "order/log.h"
#include "scene/debug.h"
#include "scene/unexpected.h"
#include "report/report.h"
#include "stage/case.h"
#include "stage/stage.h"
#include "world.h"

enum { EXITS_AT_MOST = 10000 /* of one scene: more exits repeat without end */ };

static const struct hv_options options = { .reads_msrs = true };

static struct {
	enum law_name name;
	const struct law *law;
	const struct situation *situation;
	const struct half *half;
	const char *left_by;
	bool root_was_hit, has_faulted, is_wrong;
} guest;

const struct half *half(void)
{
	return guest.half;
}

const struct situation *played(void)
{
	return guest.situation;
}

bool is_wrong(enum law_name law)
{
	return guest.is_wrong && guest.name == law;
}

bool guest_has_faulted(void)
{
	bool before = guest.has_faulted;

	guest.has_faulted = true;
	return before;
}

void player_twin(struct situation *situation)
{
	world_twin(situation, guest.name);
}

/* Virtualization is on before a situation is prepared: VMX asks for bits of CR0. */
void player_begin(void)
{
	const char *obstacle;
	struct vcpu *v;

	guest.name = law_of_boot();
	guest.law = &laws[guest.name];
	guest.is_wrong = this_cpu.args->wrong && !strcmp(this_cpu.args->wrong, "law");
	if (guest.is_wrong) /* else it is one of hv/wrong.def */
		this_cpu.wrong = NULL;
	v = hv_start_with(options);
	guest.half = hv_is_vmx() ? &vmx_half : &svm_half;
	for (unsigned int i = 0; i < EXIT_REASON_COUNT; i++)
		if (guest.law->needs >> i & 1 && !guest.half->exit_on(v, (enum exit_reason)i, true))
			skip("law=%s needs exits for %s, which this CPU has not",
			     this_cpu.args->law, exit_reason_name((enum exit_reason)i));
	obstacle = guest.half->obstacle(v, guest.law);
	hv_end();
	if (obstacle)
		skip("law=%s: %s", this_cpu.args->law, obstacle);
}

/* A guest cannot be left by a handler of root's. */
void player_watch(void)
{
}

/* hv_start_with() does it. */
void player_land(struct scene *scene)
{
	(void)scene;
}

/* From a handler of the guest, which is left for good. */
static void escape(u8 vector, const char *why)
{
	(void)vector;
	guest.left_by = why;
	guest.half->hypercall();
}

/* Whatever the guest before has left of them. */
static void set_exits(struct vcpu *v)
{
	vcpu_intercept_exceptions(v, guest.law->exceptions);
	for (unsigned int i = 0; i < EXIT_REASON_COUNT; i++)
		if (guest.law->exits >> i & 1)
			guest.half->exit_on(v, (enum exit_reason)i, true);
	if (guest.law->exits & BIT(EXIT_INTR))
		guest.half->exit_on(v, EXIT_INTR_WINDOW, false);
	if (guest.law->exits & BIT(EXIT_NMI))
		guest.half->exit_on(v, EXIT_NMI_WINDOW, false);
}

static struct vcpu *start(const struct situation *s)
{
	struct vcpu *v = hv_start_with(options);

	if (s->state & STATE_GD)
		vcpu_set(v, VCPU_DR7, debug_guard_of_guest());
	set_exits(v);
	if (is_wrong(LAW_STRAIGHT))
		guest.half->exit_on(v, EXIT_INTR, true);
	guest.half->pass_nmi(v, guest.law, s->nmis, s->state & STATE_NMI_BLOCKED);
	return v;
}

static const char *answer_exit(struct vcpu *v)
{
	answer *answer = guest.law->answers[v->exit.reason];

	if (answer)
		return answer(v);
	report_line("NOTE: %s: exit %#lx has no answer", stage_case_name(), v->exit.raw);
	return exit_reason_name(v->exit.reason);
}

/* NULL: the guest has come to its landing. */
static const char *run(struct vcpu *v, const struct scene *scene)
{
	for (int exits = 0; exits < EXITS_AT_MOST; exits++) {
		const char *problem = v->vendor->enter(v);

		v->event = 0;
		if (problem || guest.left_by)
			return problem ? problem : guest.left_by;
		if (v->exit.reason == EXIT_HYPERCALL && v->exit.rip == scene_leave_address(scene))
			return NULL;
		problem = answer_exit(v);
		if (problem)
			return problem;
	}
	return "exits without end";
}

/* What came in root is none of the guest's, and should not have come. */
static void take_root_out_of_log(const struct layout *layout)
{
	size_t kept = 0, n = log_count();

	for (size_t i = 0; i < n; i++) {
		if (layout_position(layout, event_log.entries[i].rip).place & PLACE_ROOT)
			continue;
		if (kept != i)
			event_log.entries[kept] = event_log.entries[i];
		kept++;
	}
	guest.root_was_hit = kept != n;
	if (guest.root_was_hit)
		log_truncate(kept);
}

const char *player_play(struct scene *scene, const struct situation *situation)
{
	struct vcpu *v = start(situation);
	const char *left_by;

	guest.left_by = NULL;
	guest.situation = situation;
	guest.has_faulted = false;
	arm_timer(situation);
	unexpected_leads_to(escape);
	left_by = run(v, scene);
	unexpected_leads_to(NULL);
	hv_end();
	take_root_out_of_log(&scene->layout);
	return left_by;
}

bool player_was_hit(void)
{
	return guest.root_was_hit;
}
