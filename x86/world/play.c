/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One situation of the generated world is laid out and played. Nothing of it may cost the boot: an
 * event outside the scene, and a log that is full, lead back to here.
 */
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
	bool is_laid_out;
	struct point of; /* the situation whose scene is laid out, with its layout */
	struct layout laid_out;
	bool arrived;
	const char *left_by;
	void *escape[5];
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
	if (p->values[AXIS_CPL] != CPL_USUAL)
		scene_run_at_cpl3(scene);
	else
		scene_land_from_cpl3(scene); /* all scenes of a block have one landing */
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
	if (s->arrivals[0].vector)
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
	if (s->state & STATE_GD)
		debug_guard();
	if (s->timer) {
		lapic_timer_init(s->timer, TIMER_ONE_SHOT);
		lapic_timer_arm((u32)longer_than_stalls(WAKE_TICKS));
	}
}

/* From a handler, which is left for good. */
static void escape(const char *why)
{
	world.left_by = why;
	__builtin_longjmp(world.escape, 1);
}

static void recover(void)
{
	asm volatile("mov %0, %%ss" ::"r"((u32)SEL_DATA));
	asm volatile("pushq %0; popfq" ::"i"(RFLAGS_FIXED) : "cc", "memory");
	this_cpu.playing = NULL;
}

const char *play_situation(const struct point *point, const struct situation *situation)
{
	const struct world_instruction *i = &world_instructions[point->instruction];

	world.situation = situation;
	world.left_by = NULL;
	clean_stage();
	profile_enter(PROFILE_PREPARE);
	will_be_left(situation);
	lay_out(point);
	load_registers(the_scene(), situation, i->preparation);
	prepare_machine(situation, &instructions[i->fragment]);
	if (__builtin_setjmp(world.escape)) {
		recover();
		profile_enter(PROFILE_PREPARE);
	} else {
		unexpected_leads_to(escape);
		scene_play(the_scene());
	}
	unexpected_leads_to(NULL);
	is_left(!world.left_by);
	return world.left_by;
}
