/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One situation of the generated world is laid out and played. Nothing of it may cost the boot: an
 * event outside the scene, and a log that is full, lead back to here. What plays it, the bare
 * processor (native.c) or a guest (x86/guest/), is the image's.
 */
#include "base/string.h"
#include "machine/profile.h"
#include "machine/settle.h"
#include "order/log.h"
#include "scene/unexpected.h"
#include "stage/case.h"
#include "stage/playground.h"
#include "stage/stage.h"
#include "world.h"

enum { WAKE_TICKS = 20000000 /* longer than any stall of the host: x86/native/halt.c */ };

static struct {
	const struct situation *situation;
	struct point point; /* its name */
	bool is_laid_out;
	struct point of; /* the situation whose scene is laid out, with its layout */
	struct layout laid_out;
	bool arrived;
	bool plays; /* no: what comes belongs to a situation before */
	const char *left_by;
	u8 left_by_vector;
	void *escape[5];
	struct stray stray;
	struct {
		bool known;
		struct point point;
	} sender_of_nmi, sender_of_interrupt;
} world;

/* Under a hypervisor the first access to a page may exit. No situation is to be the first. */
static void touch_memory(void)
{
	extern u8 image_start[], boot_stack_guard[], image_end[];

	for (u8 *page = image_start; page < image_end; page += PAGE_SIZE)
		if (page != boot_stack_guard)
			*(volatile u8 *)page = *(volatile u8 *)page;
}

void survey(struct ground *ground)
{
	struct situation *s = &ground->situation;
	const struct scene *scene = scene_of(STEPS(NOP), 1);

	touch_memory();
	player_begin();
	world.is_laid_out = false;
	situation_begin(s, NULL);
	situation_add_playground(s);
	s->state = (cpu_is_amd() ? STATE_AMD : 0) | (rdmsr(MSR_EFER) & EFER_NXE ? STATE_NXE : 0);
	s->registers[BASE_RSI] = scene->in.rsi;
	s->registers[BASE_RDI] = scene->in.rdi;
	s->registers[BASE_RBP] = scene->in.rbp;
	s->registers[BASE_R9] = scene->in.r9;
	ground->steps = scene->layout.addresses[0];
	ground->stubs = scene->layout.stubs;
	ground->recorded = scene->layout.recorded;
	ground->stub_size = scene->layout.stub_size;
	ground->x2apic = this_cpu.lapic_mode == LAPIC_X2APIC;
}

/* --- The scene --- */

static void lay_out(const struct point *p)
{
	struct scene *scene = the_scene();
	u16 steps[WORLD_STEPS];
	size_t at;

	if (world.is_laid_out && world_same_scene(&world.of, p) &&
	    scene->layout.step_count == world.laid_out.step_count &&
	    scene->layout.landing == world.laid_out.landing) {
		scene_rewind(scene);
	} else {
		scene_of(steps, world_steps(steps, &at, p));
		world.laid_out = scene->layout;
		world.of = *p;
		world.is_laid_out = true;
	}
	player_land(scene); /* all scenes of a block have one landing */
	if (p->values[AXIS_CPL] != CPL_USUAL)
		scene_begin_at_cpl3(scene);
}

/* What arrives in a handler. */
static void send(struct scene *scene, struct frame *frame, struct log_entry *entry)
{
	const struct arrival *a = &world.situation->arrivals[0];

	(void)scene;
	(void)entry;
	if (world.arrived || frame->vector != (a->place & 0xff))
		return;
	world.arrived = true;
	if (a->vector == NMI_VECTOR)
		nmi_send_self();
	else
		lapic_self_ipi(a->vector);
}

static void load_registers(struct scene *scene, const struct situation *s, u16 how)
{
	scene->in_rflags = s->rflags;
	scene->in.r10 = s->r10;
	if (s->rcx)
		scene->in.rcx = s->rcx;
	if (s->r11)
		scene->in.r11 = s->r11;
	if (how & PREPARE_KNOWN_MSR)
		scene->in.rcx = MSR_KERNEL_GS;
	if (how & PREPARE_SAME_CR0)
		scene->in.rax = read_cr0() | (s->state & STATE_CR0_TS ? CR0_TS : 0);
	if (how & PREPARE_SAME_CR3)
		scene->in.rax = read_cr3();
	if (how & PREPARE_SELECTOR)
		*(volatile u16 *)PLAY_WRITABLE = SEL_DATA;
	scene->layout.elsewhere = s->layout->elsewhere;
	scene->eoi_in_handler = s->habits & HANDLERS_SEND_EOI;
	scene->enter_without_iret = s->state & STATE_NMI_BLOCKED;
	scene->expect_abort = true;
	scene->ends_with_exit = true;
	if (s->arrivals[0].vector && s->arrivals[0].place != AT_FAULT)
		scene->on_delivery = send;
	world.arrived = false;
}

/* --- The machine --- */

static void set_gates(const struct situation *s)
{
	for (size_t i = 0; i < s->gate_count; i++) {
		const struct gate_state *g = &s->gates[i];

		gate_stack_set(g->vector, g->ist);
		if (g->trap)
			gate_type_set(g->vector, TRAP_GATE);
	}
}

static bool returns_by_sysret(void)
{
	const struct layout *layout = &the_scene()->layout;

	for (size_t i = 0; i < layout->step_count; i++)
		if ((layout->steps[i] & FRAGMENT_MASK) == FRAGMENT_SYSRETQ)
			return true;
	return false;
}

static void prepare_machine(const struct situation *s, const struct instruction *instruction)
{
	if (instruction->effect == EFFECT_WRMSR) /* some write what they should refuse */
		set_msr(MSR_LSTAR, 0);
	if (s->state & STATE_CR0_TS)
		write_cr0(read_cr0() | CR0_TS);
	if (s->state & STATE_CR0_AM)
		write_cr0(read_cr0() | CR0_AM);
	if (s->lstar || returns_by_sysret())
		syscall_to(LABEL_T, 0);
	if (s->tpr_class)
		lapic_set_tpr_class(s->tpr_class);
	if (s->nmis)
		pend_blocked_nmi();
	for (size_t i = 0; i < SITUATION_PENDING; i++)
		if (s->pending[i])
			pend_irq(s->pending[i]);
	set_gates(s);
	for (unsigned int n = 0; n < DEBUG_ADDRESSES; n++)
		if (s->breakpoints[n].armed)
			watch(n, (enum watch_kind)s->breakpoints[n].kind, s->breakpoints[n].address,
			      s->breakpoints[n].bytes);
	if (s->timer)
		lapic_timer_init(s->timer, TIMER_ONE_SHOT);
}

void arm_timer(const struct situation *s)
{
	if (s->timer)
		lapic_timer_arm((u32)longer_than_stalls(WAKE_TICKS));
}

/* --- What must not end the boot --- */

void leave_scene(u8 vector, const char *why)
{
	world.left_by = why;
	world.left_by_vector = vector;
	__builtin_longjmp(world.escape, 1);
}

static void recover(void)
{
	asm volatile("mov %0, %%ss" ::"r"((u32)SEL_DATA));
	asm volatile("pushq %0; popfq" ::"i"(RFLAGS_FIXED) : "cc", "memory");
	this_cpu.playing = NULL;
	nmi_dismiss_all(); /* one that a hypervisor has held back may come at its next exit */
	profile_enter(PROFILE_PREPARE);
}

/* The situation is about to be prepared; what it sends may come late. */
static void note_sender(const struct situation *s)
{
	bool nmi_arrives = s->arrivals[0].vector == NMI_VECTOR;

	if (s->nmis || nmi_arrives) {
		world.sender_of_nmi.known = true;
		world.sender_of_nmi.point = world.point;
	}
	if (s->pending[0] || s->timer || (s->arrivals[0].vector && !nmi_arrives)) {
		world.sender_of_interrupt.known = true;
		world.sender_of_interrupt.point = world.point;
	}
}

static void note_stray(void)
{
	bool nmi = world.left_by_vector == NMI_VECTOR;

	if (world.stray.count++)
		return;
	world.stray.vector = world.left_by_vector;
	world.stray.was_sent = nmi ? world.sender_of_nmi.known : world.sender_of_interrupt.known;
	world.stray.sent_by = nmi ? world.sender_of_nmi.point : world.sender_of_interrupt.point;
}

/* Does @act until it is over, or a scene has been left by an event that is not the scene's. What
 * comes before a scene plays is noted, and @act done again. */
static void do_undisturbed(void (*act)(void))
{
	enum { TRIES = 8 };

	for (int tries = 0; tries < TRIES; tries++) {
		world.left_by = NULL;
		world.plays = false;
		unexpected_leads_to(leave_scene);
		if (__builtin_setjmp(world.escape))
			recover();
		else
			act();
		unexpected_leads_to(NULL);
		if (!world.left_by || world.plays)
			return;
		note_stray();
		is_left(false);
	}
	error("vector %u comes again and again when no scene plays", world.left_by_vector);
}

struct stray leave_clean(void)
{
	struct stray stray;

	do_undisturbed(clean_stage);
	stray = world.stray;
	memset(&world.stray, 0, sizeof(world.stray));
	return stray;
}

static void stage_and_play(void)
{
	const struct situation *situation = world.situation;
	const struct world_instruction *i = &world_instructions[world.point.instruction];

	clean_stage();
	profile_enter(PROFILE_PREPARE);
	if (!world.stray.count && planted_at(&world.point) == PLANT_STRAY)
		nmi_send_self();
	will_be_left(situation);
	note_sender(situation);
	lay_out(&world.point);
	load_registers(the_scene(), situation, i->preparation);
	prepare_machine(situation, &instructions[i->fragment]);
	world.plays = true;
	if (!situation->timer)
		player_watch();
	plant_sticks(planted_at(&world.point));
	world.left_by = player_play(the_scene(), situation);
	nmi_dismiss_all();
}

const char *play_situation(const struct point *point, const struct situation *situation)
{
	enum { PLAYS = 3 }; /* a stall of the host wakes the watchdog, too, but hardly each time */

	world.situation = situation;
	world.point = *point;
	for (int plays = 0; plays < PLAYS; plays++) {
		do_undisturbed(stage_and_play);
		is_left(!watchdog_end() && !world.left_by);
		if (world.left_by != does_not_end)
			break;
	}
	return world.left_by;
}
