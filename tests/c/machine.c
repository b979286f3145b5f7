/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fakes of what scene.c and lapic_timer.c call; most do nothing.
 */
#include "machine.h"
#include "report/panic.h"

struct scene fake_scene;
struct percpu this_cpu = { .missing_msr = 0x1fef };
const u8 scene_leave[16];

void panic(const char *format, ...)
{
	va_list args;

	printf("panic: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(2);
}

void assertion_failed(const char *condition, const char *file, int line)
{
	panic("%s:%d: %s", file, line, condition);
}

void delivered(struct frame *frame, struct log_entry *entry)
{
	(void)entry;
	panic("vector %#lx was delivered on the host", frame->vector);
}

void scene_enter(struct scene *scene, u64 first, u64 rsp);
void scene_enter(struct scene *scene, u64 first, u64 rsp)
{
	(void)scene;
	panic("the scene at %#lx was played on the host, with RSP=%#lx", first, rsp);
}

void scene_enter_without_iret(struct scene *scene, u64 first, u64 rsp);
void scene_enter_without_iret(struct scene *scene, u64 first, u64 rsp)
{
	scene_enter(scene, first, rsp);
}

void page_allow_user(u64 address)
{
	(void)address;
}

void gate_set_target(u8 vector, u64 target, unsigned int dpl)
{
	(void)vector;
	(void)target;
	(void)dpl;
}

void nmi_told(void)
{
}

void interrupt_stacks_empty(void)
{
}

void lapic_ask(u8 vector)
{
	(void)vector;
}

u64 lapic_address(void)
{
	return 0xfee00000;
}

enum fake_timer fake_timer;
u32 fake_timer_initial;

void lapic_write(enum lapic_register reg, u32 value)
{
	if (reg == LAPIC_TIMER_INITIAL && fake_timer != TIMER_MISSING)
		fake_timer_initial = value;
}

u32 lapic_read(enum lapic_register reg)
{
	return reg == LAPIC_TIMER_INITIAL ? fake_timer_initial : 0;
}

struct scene *the_scene(void)
{
	return &fake_scene;
}
