/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place.c and scene.c: what a scene is built of, and the names of the places on it.
 */
#include "machine.h"

static char buffer[256];

static const char *name(u64 rip, bool after_fault)
{
	struct text t = TEXT(buffer);

	scene_name_place(the_scene(), &t, rip, after_fault);
	return text_seal(&t);
}

static const char *described(void)
{
	struct text t = TEXT(buffer);

	scene_describe(the_scene(), &t);
	return text_seal(&t);
}

static u64 address(int place)
{
	return scene_place_address(the_scene(), place);
}

static void layout(void)
{
	const struct scene *s = the_scene();
	const u8 *code;

	scene(STI, NOP, L(RDMSR), UD2);
	code = (const u8 *)s->addresses[0];
	CHECK(!memcmp(code, "\xfb\x90\x0f\x32\x0f\x0b\xfa\xe9", 8)); /* … cli; jmp */
	CHECK_INT(s->landing - s->addresses[0], 6);
	CHECK_INT(s->step_count, 4);
	CHECK_INT(s->in.rcx, this_cpu.missing_msr);
	CHECK_INT(s->in.rbx, s->landing);
	CHECK_INT(s->in_rflags, RFLAGS_FIXED);
	CHECK_INT(s->rsp % 16, 0);
	CHECK_INT(s->faults, FAULTS_RESUME_AT_LANDING);
	scene(STI, RET, UD2, T(NOP));
	CHECK_INT(s->in.rbx, s->addresses[3]);
}

static void landing_from_cpl3(void)
{
	const u8 *landing;

	scene(NOP);
	scene_land_from_cpl3(the_scene());
	landing = (const u8 *)the_scene()->landing;
	CHECK(landing[0] == 0xfa && landing[1] == 0xcd);
}

static void labels(void)
{
	const struct scene *s = the_scene();

	scene(STI, L(NOP), M(RDMSR), T(UD2));
	CHECK_INT(address(L), s->addresses[1]);
	CHECK_INT(address(M), s->addresses[2]);
	CHECK_INT(address(T), s->addresses[3]);
	CHECK_INT(address(AFTER(L)), s->addresses[2]);
	CHECK_INT(address(AFTER(T)), s->landing);
	CHECK_INT(address(LANDING), s->landing);
	CHECK_INT(address(AFTER_IRET), s->landing);
	CHECK_INT(address(ENTRY_OF(GP_VECTOR)), entry_of(GP_VECTOR, 0));
	CHECK_INT(address(ENTRY_OF(255)), entry_of(255, 0));
	CHECK_INT(address(PLACE_ANY), 0);
	scene(STI, NOP);
	CHECK_INT(address(L), 0);
	CHECK_INT(address(AFTER(L)), 0);
}

static void extent(void)
{
	const struct scene *s = the_scene();

	scene(NOP, NOP);
	CHECK(scene_contains(s, s->addresses[0]));
	CHECK(!scene_contains(s, s->addresses[0] - 1));
	CHECK(scene_contains(s, s->landing + 5));
	CHECK(!scene_contains(s, s->landing + 6));
}

static void names(void)
{
	const struct scene *s = the_scene();
	char outside[64];

	scene(STI, NOP, L(RDMSR), NOP);
	CHECK_TEXT(name(s->addresses[0], false), "STI");
	CHECK_TEXT(name(s->addresses[1], false), "NOP#1");
	CHECK_TEXT(name(s->addresses[2], false), "RDMSR");
	CHECK_TEXT(name(s->addresses[2] + 1, false), "RDMSR+1");
	CHECK_TEXT(name(s->addresses[3], false), "NOP#2");
	CHECK_TEXT(name(s->landing, false), "landing");
	CHECK_TEXT(name(s->landing, true), "after IRET");
	CHECK_TEXT(name(s->landing + 1, false), "landing+1");
	CHECK_TEXT(name(s->landing + 1, true), "after IRET+1");
	snprintf(outside, sizeof(outside), "%#lx (outside the scene)", s->landing + 6);
	CHECK_TEXT(name(s->landing + 6, false), outside);
	CHECK_TEXT(name(0x1234, true), "0x1234 (outside the scene)");
}

static void handler_names(void)
{
	scene(NOP);
	CHECK_TEXT(name(entry_of(GP_VECTOR, 0), false), "GP_ENTRY");
	CHECK_TEXT(name(entry_of(GP_VECTOR, 5), false), "GP_ENTRY+5");
	CHECK_TEXT(name(entry_of(NMI_VECTOR, 0), false), "NMI_ENTRY");
	CHECK_TEXT(name(entry_of(0x60, 0), false), "IRQ_0x60_ENTRY");
	CHECK_TEXT(name(entry_of(255, 15), false), "IRQ_0xff_ENTRY+15");
	CHECK_TEXT(name(entry_of(255, 16), false), "handler prologue+0");
	CHECK(strstr(name((u64)entry_recorded - 1, false), "handler prologue+"));
	CHECK(strstr(name((u64)entry_recorded, false), "outside the scene"));
}

static void elsewhere(void)
{
	struct scene *s = the_scene();
	static u8 page[16];

	scene(L(JMP_ELSEWHERE));
	CHECK_INT(address(ELSEWHERE), 0);
	CHECK(!scene_contains(s, (u64)page));
	scene_go_elsewhere(s, (u64)page, UD2);
	CHECK(page[0] == 0x0f && page[1] == 0x0b);
	CHECK_INT(address(ELSEWHERE), (u64)page);
	CHECK_INT(s->in.rdi, (u64)page);
	CHECK(scene_contains(s, (u64)page + 14));
	CHECK(!scene_contains(s, (u64)page + 15));
	CHECK_TEXT(name((u64)page, false), "elsewhere");
	CHECK_TEXT(name((u64)page + 1, true), "elsewhere+1");
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

static void descriptions(void)
{
	scene(STI, NOP, L(RDMSR));
	CHECK_TEXT(described(), "STI; NOP; L: RDMSR");
	scene(NOP, NOP, NOP, M(NOP), T(UD2), NOP);
	CHECK_TEXT(described(), "NOP x3; M: NOP; T: UD2; NOP");
}

static void every_fragment(void)
{
	for (u16 id = FRAGMENT_NONE + 1; id < FRAGMENT_COUNT; id++) {
		CHECK(fragments[id].name && fragments[id].name[0]);
		CHECK(fragments[id].end > fragments[id].start);
		CHECK(fragments[id].end - fragments[id].start <= 40);
	}
}

int main(void)
{
	layout();
	landing_from_cpl3();
	labels();
	extent();
	names();
	handler_names();
	elsewhere();
	at_cpl3();
	descriptions();
	every_fragment();
	return checks_done("place");
}
