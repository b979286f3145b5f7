/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scene.c: what a scene is built of.
 */
#include "machine.h"

struct scene *scene_of(const u16 *steps, size_t n)
{
	scene_build(&fake_scene, steps, n);
	return &fake_scene;
}

static void bytes_and_registers(void)
{
	const struct scene *s = the_scene();
	const u8 *code;

	scene(STI, NOP, L(RDMSR), UD2);
	code = (const u8 *)s->layout.addresses[0];
	CHECK(!memcmp(code, "\xfb\x90\x0f\x32\x0f\x0b\xfa\xe9", 8)); /* … cli; jmp */
	CHECK_INT(s->layout.landing - s->layout.addresses[0], 6);
	CHECK_INT(s->layout.step_count, 4);
	CHECK_INT(s->in.rcx, this_cpu.missing_msr);
	CHECK_INT(s->in.rbx, s->layout.landing);
	CHECK_INT(s->in_rflags, RFLAGS_FIXED);
	CHECK_INT(s->rsp % 16, 0);
	CHECK_INT(s->faults, FAULTS_RESUME_AT_LANDING);
	scene(STI, RET, UD2, T(NOP));
	CHECK_INT(s->in.rbx, s->layout.addresses[3]);
}

static void code_for_the_lapic(void)
{
	const struct layout *layout = &the_scene()->layout;

	this_cpu.lapic_mode = LAPIC_XAPIC;
	scene(READ_IRR, NOP);
	CHECK(!memcmp((const u8 *)layout->addresses[0], "\x45\x8b\x9d", 3)); /* MOV from memory */
	this_cpu.lapic_mode = LAPIC_X2APIC;
	scene(READ_IRR, NOP);
	CHECK(!memcmp((const u8 *)layout->addresses[0], "\xb9\x23\x08", 3)); /* MOV ECX, 823H */
}

static void landing_from_cpl3(void)
{
	const u8 *landing;

	scene(NOP);
	scene_land_from_cpl3(the_scene());
	landing = (const u8 *)the_scene()->layout.landing;
	CHECK(landing[0] == 0xfa && landing[1] == 0xcd);
}

static void elsewhere(void)
{
	struct scene *s = the_scene();
	static u8 page[16];

	scene(L(JMP_ELSEWHERE));
	scene_go_elsewhere(s, (u64)page, UD2);
	CHECK(page[0] == 0x0f && page[1] == 0x0b);
	CHECK_INT(s->layout.elsewhere, (u64)page);
	CHECK_INT(s->in.rdi, (u64)page);
}

static void at_cpl3(void)
{
	const struct scene *s = the_scene();

	scene(NOP);
	CHECK_INT(s->in_cs, SEL_CODE64);
	CHECK_INT(s->in_ss, SEL_DATA);
	scene_run_at_cpl3(the_scene());
	CHECK_INT(s->in_cs & SEL_RPL3, 3);
	CHECK_INT(s->in_ss & SEL_RPL3, 3);
}

static void stubs(void)
{
	const struct layout *layout = &the_scene()->layout;

	scene(NOP);
	CHECK_INT(layout->stubs, (u64)entry_stubs);
	CHECK(layout->recorded > layout->stubs + 256 * ENTRY_STUB_SIZE);
	CHECK(layout->recorded < layout->stubs + 256 * ENTRY_STUB_SIZE + 32);
}

int main(void)
{
	bytes_and_registers();
	code_for_the_lapic();
	landing_from_cpl3();
	elsewhere();
	at_cpl3();
	stubs();
	return checks_done("scene");
}
