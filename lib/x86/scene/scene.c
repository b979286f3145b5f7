/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Composing and playing scenes. The landing is `cli; jmp scene_leave`: its first instruction closes
 * the window, so that an interrupt still pending there stays pending and is seen to be lost or
 * late.
 */
#include "scene/scene.h"
#include "machine/desc.h"
#include "machine/lapic.h"
#include "base/mutate.h"
#include "machine/nmi.h"
#include "report/panic.h"
#include "machine/percpu.h"
#include "machine/paging.h"
#include "machine/processor.h"
#include "machine/profile.h"
#include "scene/scene_layout.h"
#include "base/string.h"

enum {
	OPCODE_CLI = 0xfa,
	OPCODE_JMP_REL32 = 0xe9,
	OPCODE_INT = 0xcd,
	VECTOR_LEAVE = 0xf0, /* reaches scene_leave from CPL 3; never recorded */
	DPL3 = 3,
	SCENE_STACK_SIZE = 4096,
};

#define NON_CANONICAL (1ull << 63)

static u8 scene_text[SCENE_TEXT_SIZE] PAGE_ALIGNED;
static u8 scene_stack[SCENE_STACK_SIZE] PAGE_ALIGNED;

#define ASSERT_OFFSET(member, offset)                                                              \
	_Static_assert(offsetof(struct scene, member) == (offset), #member " in scene_layout.h")

ASSERT_OFFSET(in, SCENE_IN);
ASSERT_OFFSET(in_rflags, SCENE_IN_RFLAGS);
ASSERT_OFFSET(out, SCENE_OUT);
ASSERT_OFFSET(in_cs, SCENE_IN_CS);
ASSERT_OFFSET(in_ss, SCENE_IN_SS);

/* scene_play.S: loads scene->in, goes to the first step; the landing comes back here. */
void scene_enter(struct scene *scene, u64 first, u64 rsp);
void scene_enter_without_iret(struct scene *scene, u64 first, u64 rsp);
extern const u8 scene_leave[];

static u8 *append(u8 *p, const void *bytes, size_t n)
{
	ASSERT(p + n <= scene_text + sizeof(scene_text));
	memcpy(p, bytes, n);
	return p + n;
}

static u8 *append_landing(u8 *p)
{
	u8 cli_jmp[2] = { OPCODE_CLI, OPCODE_JMP_REL32 };
	s32 distance;

	p = append(p, cli_jmp, sizeof(cli_jmp));
	distance = (s32)((u64)scene_leave - ((u64)p + sizeof(distance)));
	return append(p, &distance, sizeof(distance));
}

static void set_defaults(struct scene *scene)
{
	u64 t = layout_address(&scene->layout, LABEL_T);

	scene->in = (struct gprs){
		.rbx = t ? t : scene->layout.landing,
		.rcx = this_cpu.missing_msr,
		.rsi = PLAY_READ_ONLY,
		.rdi = PLAY_NOT_PRESENT,
		.rbp = PLAY_WRITABLE,
		.r8 = this_cpu.missing_msr,
		.r9 = NON_CANONICAL,
		.r13 = lapic_address(),
		.r14 = SEL_DATA,
	};
	scene->in_rflags = RFLAGS_FIXED;
	scene->in_cs = SEL_CODE64;
	scene->in_ss = SEL_DATA;
	scene->rsp = (u64)scene_stack + sizeof(scene_stack);
}

void scene_rewind(struct scene *scene)
{
	memset(scene, 0, offsetof(struct scene, layout));
	scene->layout.elsewhere = 0;
	scene->elsewhere = 0;
	scene->elsewhere_bytes = 0;
	set_defaults(scene);
}

static const struct code *code_of(u16 step)
{
	return fragment_code(step & FRAGMENT_MASK, this_cpu.lapic_mode == LAPIC_X2APIC);
}

static bool any_label(const u16 *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (steps[i] >> LABEL_SHIFT)
			return true;
	return false;
}

/*
 * The steps as they are, or mutated, which adds one at most. Scenes without labels are the stage's
 * own, and not mutated.
 */
static size_t choose_steps(u16 *chosen, const u16 *steps, size_t n)
{
	bool untouched = true;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		bool labelled = steps[i] >> LABEL_SHIFT;

		if (labelled && untouched && mutated(MUTATE_LATE))
			chosen[count++] = FRAGMENT_NOP;
		chosen[count++] = steps[i];
		if (labelled && untouched && mutated(MUTATE_NO_INSTRUCTION))
			chosen[count - 1] = FRAGMENT_NOP | (steps[i] & ~FRAGMENT_MASK);
		if (steps[i] == FRAGMENT_STI && mutated(MUTATE_IF_CLEAR) && any_label(steps, n))
			chosen[count - 1] = FRAGMENT_NOP;
		untouched &= !labelled;
	}
	return count;
}

void scene_build(struct scene *scene, const u16 *wanted, size_t wanted_count)
{
	u16 steps[LAYOUT_MAX_STEPS + 1];
	enum profile_section before = profile_enter(PROFILE_BUILD);
	size_t n = choose_steps(steps, wanted, wanted_count);
	u8 *p = scene_text;

	ASSERT(n > 0 && n <= LAYOUT_MAX_STEPS);
	page_allow_user((u64)scene_text);
	page_allow_user((u64)scene_stack);
	*scene = (struct scene){ .layout = {
					 .stubs = (u64)entry_stubs,
					 .recorded = (u64)entry_recorded,
					 .stub_size = ENTRY_STUB_SIZE,
				 } };
	for (size_t i = 0; i < n; i++) {
		const struct code *code = code_of(steps[i]);

		layout_add_step(&scene->layout, steps[i], (u64)p);
		if ((steps[i] & FRAGMENT_MASK) == FRAGMENT_SEND_NMI)
			nmi_told();
		p = append(p, code->start, code->end - code->start);
	}
	scene->layout.landing = (u64)p;
	append_landing(p);
	set_defaults(scene);
	profile_leave(before);
}

void scene_land_by(struct scene *scene, const u8 *bytes, size_t n)
{
	u8 *at = (u8 *)scene_leave_address(scene);

	if (memcmp(at, bytes, n)) /* a translator of code would begin anew */
		append(at, bytes, n);
}

void scene_land_from_cpl3(struct scene *scene)
{
	static const u8 int_leave[] = { OPCODE_INT, VECTOR_LEAVE };

	scene_land_by(scene, int_leave, sizeof(int_leave));
	gate_set_target(VECTOR_LEAVE, (u64)scene_leave, DPL3);
}

void scene_go_elsewhere(struct scene *scene, u64 address, u16 fragment)
{
	const struct code *code = code_of(fragment);
	size_t room = PAGE_SIZE - address % PAGE_SIZE;
	size_t n = code->end - code->start;

	memcpy((void *)address, code->start, n < room ? n : room);
	scene->layout.elsewhere = address;
	scene->elsewhere = fragment;
	scene->elsewhere_bytes = n < room ? 0 : (u8)room;
	scene->in.rdi = address;
}

void scene_run_at_cpl3(struct scene *scene)
{
	scene_land_from_cpl3(scene);
	scene_begin_at_cpl3(scene);
}

void scene_begin_at_cpl3(struct scene *scene)
{
	scene->in_cs = SEL_USER_CODE64 | SEL_RPL3;
	scene->in_ss = SEL_USER_DATA | SEL_RPL3;
}

void scene_on_stage(struct scene *scene)
{
	if (!this_cpu.first_began)
		this_cpu.first_began = rdtsc();
	interrupt_stacks_empty();
	this_cpu.playing = scene;
}

void scene_off_stage(void)
{
	this_cpu.playing = NULL;
	this_cpu.latest_ended = rdtsc();
}

void scene_play(struct scene *scene)
{
	enum profile_section before = profile_enter(PROFILE_PLAY);

	ASSERT(!(read_rflags() & RFLAGS_IF));
	ASSERT(!this_cpu.playing);
	if (mutated(MUTATE_IF_CLEAR))
		scene->in_rflags &= ~(u64)RFLAGS_IF;
	scene_on_stage(scene);
	if (scene->enter_without_iret)
		scene_enter_without_iret(scene, scene->layout.addresses[0], scene->rsp);
	else
		scene_enter(scene, scene->layout.addresses[0], scene->rsp);
	for (int looks = 0; scene->ends_with_exit && looks < 2; looks++)
		cpuid(0, 0);
	scene_off_stage();
	profile_leave(before);
}
