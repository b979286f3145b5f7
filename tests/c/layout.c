/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.c: which address a place stands for, and the names of the places on a scene.
 */
#include "made_up.h"

static char buffer[256];

static const char *name(u64 rip, bool after_fault)
{
	struct text t = TEXT(buffer);

	layout_name(&made_up, &t, rip, after_fault);
	return text_seal(&t);
}

static const char *described(void)
{
	struct text t = TEXT(buffer);

	layout_describe(&made_up, &t);
	return text_seal(&t);
}

static void labels(void)
{
	const struct layout *s = &made_up;

	lay_out(STI, L(NOP), M(RDMSR), T(UD2));
	CHECK_INT(at(L), s->addresses[1]);
	CHECK_INT(at(M), s->addresses[2]);
	CHECK_INT(at(T), s->addresses[3]);
	CHECK_INT(at(AFTER(L)), s->addresses[2]);
	CHECK_INT(at(AFTER(T)), s->landing);
	CHECK_INT(at(LANDING), s->landing);
	CHECK_INT(at(AFTER_IRET), s->landing);
	CHECK_INT(at(ENTRY_OF(GP_VECTOR)), entry_of(GP_VECTOR, 0));
	CHECK_INT(at(ENTRY_OF(255)), entry_of(255, 0));
	CHECK_INT(at(PLACE_ANY), 0);
	lay_out(STI, NOP);
	CHECK_INT(at(L), 0);
	CHECK_INT(at(AFTER(L)), 0);
}

static void extent(void)
{
	const struct layout *s = &made_up;

	lay_out(NOP, NOP);
	CHECK(layout_contains(s, s->addresses[0]));
	CHECK(!layout_contains(s, s->addresses[0] - 1));
	CHECK(layout_contains(s, s->landing + 5));
	CHECK(!layout_contains(s, s->landing + 6));
}

static void names(void)
{
	const struct layout *s = &made_up;
	char outside[64];

	lay_out(STI, NOP, L(RDMSR), NOP);
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
	lay_out(NOP);
	CHECK_TEXT(name(entry_of(GP_VECTOR, 0), false), "GP_ENTRY");
	CHECK_TEXT(name(entry_of(GP_VECTOR, 5), false), "GP_ENTRY+5");
	CHECK_TEXT(name(entry_of(NMI_VECTOR, 0), false), "NMI_ENTRY");
	CHECK_TEXT(name(entry_of(0x60, 0), false), "IRQ_0x60_ENTRY");
	CHECK_TEXT(name(entry_of(255, 15), false), "IRQ_0xff_ENTRY+15");
	CHECK_TEXT(name(entry_of(255, 16), false), "handler prologue+0");
	CHECK(strstr(name(made_up.recorded - 1, false), "handler prologue+"));
	CHECK(strstr(name(made_up.recorded, false), "outside the scene"));
}

static void elsewhere(void)
{
	enum { PAGE = 0x700000 };

	lay_out(L(JMP_ELSEWHERE));
	CHECK_INT(at(ELSEWHERE), 0);
	CHECK(!layout_contains(&made_up, PAGE));
	made_up.elsewhere = PAGE;
	CHECK_INT(at(ELSEWHERE), PAGE);
	CHECK(layout_contains(&made_up, PAGE + 14));
	CHECK(!layout_contains(&made_up, PAGE + 15));
	CHECK_TEXT(name(PAGE, false), "elsewhere");
	CHECK_TEXT(name(PAGE + 1, true), "elsewhere+1");
}

static void steps(void)
{
	lay_out(NOP, L(UD2), T(NOP));
	CHECK_INT(layout_step(&made_up, made_up.addresses[1]), 1);
	CHECK_INT(layout_step(&made_up, made_up.addresses[2] - 1), 1);
	CHECK_INT(layout_step(&made_up, made_up.landing - 1), 2);
	CHECK_INT(layout_step(&made_up, made_up.landing), 3);
	CHECK_INT(layout_step(&made_up, made_up.addresses[0] - 1), 3);
	CHECK_INT(layout_labelled(&made_up, LABEL_L), 1);
	CHECK_INT(layout_labelled(&made_up, LABEL_T), 2);
	CHECK_INT(layout_labelled(&made_up, LABEL_M), 3);
}

static void descriptions(void)
{
	lay_out(STI, NOP, L(RDMSR));
	CHECK_TEXT(described(), "STI; NOP; L: RDMSR");
	lay_out(NOP, NOP, NOP, M(NOP), T(UD2), NOP);
	CHECK_TEXT(described(), "NOP x3; M: NOP; T: UD2; NOP");
}

static void every_fragment(void)
{
	for (u16 id = FRAGMENT_NONE + 1; id < FRAGMENT_COUNT; id++) {
		CHECK(fragments[id].name && fragments[id].name[0]);
		CHECK(fragments[id].x2apic.end > fragments[id].x2apic.start);
		CHECK(fragments[id].x2apic.end - fragments[id].x2apic.start <= 40);
		CHECK(fragments[id].xapic.end > fragments[id].xapic.start);
		CHECK(fragments[id].xapic.end - fragments[id].xapic.start <= 40);
	}
}

int main(void)
{
	labels();
	extent();
	names();
	handler_names();
	elsewhere();
	steps();
	descriptions();
	every_fragment();
	return checks_done("layout");
}
