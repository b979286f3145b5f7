/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage: what a case's body calls. State of the case that is running lives here and nowhere
 * else.
 */
#include "stage/case.h"
#include "base/mutate.h"
#include "machine/profile.h"
#include "machine/settle.h"
#include "report/panic.h"
#include "report/report.h"
#include "stage/noise.h"
#include "stage/stage.h"
#include "base/text.h"

enum {
	REASON_SIZE = 256,
	MAX_UNDO = 4,
	TRACE_TEXT = 1800,
	IRR_POLLS = 1 << 16,
	MOST_REPLAYS = 3,
};

static struct {
	struct scene scene;
	struct trace trace;
	const char *name;
	enum verdict verdict;
	char reason[REASON_SIZE];
	bool judged; /* expect() was called */
	size_t undo_count;
	void (*undo[MAX_UNDO])(void);
	void (*before_play)(void);
	void *escape[5];
} stage;

const enum gate_type through_interrupt_gate = INTERRUPT_GATE, through_trap_gate = TRAP_GATE;

struct scene *the_scene(void)
{
	return &stage.scene;
}

struct scene *scene_of(const u16 *steps, size_t n)
{
	scene_build(&stage.scene, steps, n);
	return &stage.scene;
}

static void set_verdict(enum verdict verdict, const char *format, va_list args)
{
	struct text t = TEXT(stage.reason);

	if (stage.verdict != VERDICT_PASS)
		return; /* the first reason stands */
	stage.verdict = verdict;
	text_vadd(&t, format, args);
	text_seal(&t);
}

/* Returns to stage_run(). Called from a case's body only, never from a handler. */
static NORETURN void leave_stage(void)
{
	__builtin_longjmp(stage.escape, 1);
}

#define SET_VERDICT(verdict, format)                                                               \
	do {                                                                                       \
		va_list args;                                                                      \
		va_start(args, format);                                                            \
		set_verdict(verdict, format, args);                                                \
		va_end(args);                                                                      \
	} while (0)

void skip(const char *format, ...)
{
	SET_VERDICT(VERDICT_SKIP, format);
	leave_stage();
}

void require(bool condition, const char *what)
{
	if (!condition)
		skip("needs %s", what);
}

void error(const char *format, ...)
{
	SET_VERDICT(VERDICT_ERROR, format);
	leave_stage();
}

/* Unlike the others it returns. */
static void decide(enum verdict verdict, const char *format, ...) PRINTF(2, 3);
static void decide(enum verdict verdict, const char *format, ...)
{
	SET_VERDICT(verdict, format);
}

void stage_fail(const char *format, ...)
{
	SET_VERDICT(VERDICT_FAIL, format);
	leave_stage();
}

void check(bool condition, const char *format, ...)
{
	if (!condition)
		SET_VERDICT(VERDICT_FAIL, format);
}

void observed(const char *format, ...)
{
	char buffer[TRACE_TEXT];
	struct text t = TEXT(buffer);
	va_list args;

	va_start(args, format);
	text_vadd(&t, format, args);
	va_end(args);
	report_line("OBSERVED: %s: %s", stage.name, text_seal(&t));
}

void pend_irq(u8 vector)
{
	int polls = 0;

	ASSERT(!(read_rflags() & RFLAGS_IF));
	if (mutated(MUTATE_NO_EVENT))
		return;
	lapic_self_ipi(vector);
	while (!lapic_irr(vector))
		if (++polls == IRR_POLLS)
			error("self-IPI %#x is not in IRR after %d polls", vector, polls);
	settle_lapic();
}

void prepare_timer(u32 ticks)
{
	lapic_timer_init(VEC, TIMER_ONE_SHOT);
	stage.scene.in.r11 = ticks;
}

u64 address_of(int place)
{
	return layout_address(&stage.scene.layout, place);
}

void stage_before_play(void (*leave)(void))
{
	stage.before_play = leave;
}

void play(void)
{
	if (stage.before_play)
		stage.before_play();
	stage.before_play = NULL;
	if (stage_note_play)
		stage_note_play(&stage.scene);
	scene_play(&stage.scene);
}

void play_to_cpl3(void)
{
	scene_land_from_cpl3(&stage.scene);
	play();
}

void play_at_cpl3(void)
{
	scene_run_at_cpl3(&stage.scene);
	play();
}

void break_on(unsigned int n, int place)
{
	watch(n, WATCH_EXECUTE, address_of(place), 1);
}

void pend_blocked_nmi(void)
{
	nmi_block();
	nmi_send_self();
}

void play_with_nmi_blocked(void)
{
	stage.scene.enter_without_iret = true;
	play();
}

void syscall_to(int place, u64 mask)
{
	set_msr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	set_msr(MSR_STAR, (u64)(SEL_USER_CODE32 | SEL_RPL3) << 48 | (u64)SEL_CODE64 << 32);
	set_msr(MSR_LSTAR, address_of(place));
	set_msr(MSR_FMASK, mask);
}

static void check_places(const struct want *wants, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (wants[i].at && !layout_place(&stage.scene.layout, wants[i].at).place)
			error("event %lu is expected at a label that no step bears", (u64)i + 1);
}

/* Prints the legal orders and the trace. */
static void report_traces(const struct order *orders, size_t n)
{
	static char buffer[TRACE_TEXT];
	struct text want = TEXT(buffer), seen = TEXT(buffer);
	enum profile_section before = profile_enter(PROFILE_FORMAT);

	for (size_t i = 0; i < n; i++) {
		text_add(&want, "%s", i ? " || " : "");
		wants_format(&want, &stage.scene.layout, orders[i].wants, orders[i].n);
	}
	report_line("WANT: %s: %s", stage.name, text_seal(&want));
	trace_format(&seen, &stage.scene.layout, &stage.trace);
	report_line("SEEN: %s: %s", stage.name, text_seal(&seen));
	profile_leave(before);
}

void expect_order(const struct order *orders, size_t n)
{
	int differs = 0, furthest = -1;
	size_t closest = 0;

	profile_enter(PROFILE_JUDGE);
	ASSERT(!stage.judged);
	stage.judged = true;
	for (size_t i = 0; i < n; i++)
		check_places(orders[i].wants, orders[i].n);
	trace_read(&stage.trace, &stage.scene.layout, event_log.entries, log_count());
	report_traces(orders, n);
	if (stage_ask_model)
		stage_ask_model(orders, n);
	if (!stage.trace.count)
		decide(VERDICT_FAIL, "nothing was recorded");
	for (size_t i = 0; i < n; i++) {
		differs = trace_mismatch(orders[i].wants, orders[i].n, &stage.scene.layout,
					 &stage.trace);
		if (differs < 0 && n > 1)
			observed("%s", orders[i].name);
		if (differs < 0)
			return;
		if (differs > furthest) {
			furthest = differs;
			closest = i;
		}
	}
	stage_note_columns(stage.name, &stage.scene.layout, &stage.trace, &orders[closest]);
	decide(VERDICT_FAIL, "event %d is not as the architecture orders it", furthest + 1);
}

void expect_trace(const struct want *wants, size_t n)
{
	expect_order(&(const struct order){ .wants = wants, .n = n }, 1);
}

void stage_judged(void)
{
	ASSERT(!stage.judged);
	stage.judged = true;
}

bool stage_latest_is_at(int place)
{
	const struct log_entry *latest = &event_log.entries[log_count() - 1];

	trace_read(&stage.trace, &stage.scene.layout, event_log.entries, log_count());
	for (size_t i = 0; i < stage.trace.count; i++)
		if (stage.trace.events[i].entry == latest)
			return event_is_at(&stage.trace.events[i], &stage.scene.layout, place);
	return false;
}

void stage_show_trace(const struct want *want)
{
	static char buffer[TRACE_TEXT];
	struct text wanted = TEXT(buffer), seen = TEXT(buffer);

	if (want) {
		wants_format(&wanted, &stage.scene.layout, want, 1);
		report_line("WANT: %s: %s", stage.name, text_seal(&wanted));
	}
	trace_read(&stage.trace, &stage.scene.layout, event_log.entries, log_count());
	trace_format(&seen, &stage.scene.layout, &stage.trace);
	report_line("SEEN: %s: %s", stage.name, text_seal(&seen));
}

bool stage_passing(void)
{
	return stage.verdict == VERDICT_PASS;
}

const char *stage_case_name(void)
{
	return stage.name;
}

void stage_at_end(void (*undo)(void))
{
	for (size_t i = 0; i < stage.undo_count; i++)
		if (stage.undo[i] == undo)
			return;
	ASSERT(stage.undo_count < MAX_UNDO);
	stage.undo[stage.undo_count++] = undo;
}

static void undo_all(void)
{
	while (stage.undo_count > 0)
		stage.undo[--stage.undo_count]();
}

static void run_body(const struct test_case *test, unsigned int attempt)
{
	if (__builtin_setjmp(stage.escape))
		return;
	stage_reset();
	noise_begin(attempt);
	profile_enter(PROFILE_BODY);
	test->run(test->argument);
}

static void begin(const struct test_case *test)
{
	stage.name = test->name;
	stage.verdict = VERDICT_PASS;
	stage.reason[0] = '\0';
	stage.judged = false;
	this_cpu.first_began = this_cpu.latest_ended = 0;
	profile_enter(PROFILE_BODY);
}

/*
 * What disturbs a case does not decide it: the case is played again. A machine that never leaves a
 * case alone passes none.
 */
static void play_until_undisturbed(const struct test_case *test)
{
	u32 disturbed;

	for (unsigned int attempt = 0;; attempt++) {
		begin(test);
		run_body(test, attempt);
		profile_enter(PROFILE_BODY);
		undo_all();
		disturbed = noise_heard();
		if (!disturbed)
			return;
		if (attempt == MOST_REPLAYS)
			break;
		report_line("REPLAY: %s: strays=%u last_vector=%#x", stage.name, disturbed,
			    this_cpu.stray_vector);
	}
	if (stage.verdict == VERDICT_PASS)
		decide(VERDICT_ERROR,
		       "strays in each of %d attempts, the last of vector %#x: this machine interrupts what it runs",
		       MOST_REPLAYS + 1, this_cpu.stray_vector);
}

void stage_run(const struct test_case *test)
{
	report_case_begin(test->name);
	play_until_undisturbed(test);
	if (stage.verdict == VERDICT_PASS && !stage.judged) {
		stage.verdict = VERDICT_ERROR;
		report_case_end(VERDICT_ERROR, test->name, test->sentence,
				"the case asserted nothing");
		return;
	}
	report_case_end(stage.verdict, test->name, test->sentence, stage.reason);
}
