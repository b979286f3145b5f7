/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.c: which address a place stands for, and the names of the places on a scene.
 */
#include "made_up.h"

static char buffer[256];

static const char *name(u64 rip)
{
	struct text t = TEXT(buffer);

	layout_name(&made_up, &t, layout_position(&made_up, rip));
	return text_seal(&t);
}

/* The name of a place as a want has it. */
static const char *place_name(int place)
{
	struct text t = TEXT(buffer);

	layout_name(&made_up, &t, layout_place(&made_up, place));
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
	CHECK_INT(at(AFTER_IRET), 0); /* only a trace tells */
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
	CHECK_TEXT(name(s->addresses[0]), "STI");
	CHECK_TEXT(name(s->addresses[1]), "NOP#1");
	CHECK_TEXT(name(s->addresses[2]), "RDMSR");
	CHECK_TEXT(name(s->addresses[2] + 1), "RDMSR+1");
	CHECK_TEXT(name(s->addresses[3]), "NOP#2");
	CHECK_TEXT(name(s->landing), "landing");
	CHECK_TEXT(name(s->landing + 1), "landing+1");
	snprintf(outside, sizeof(outside), "%#lx (outside the scene)", s->landing + 6);
	CHECK_TEXT(name(s->landing + 6), outside);
	CHECK_TEXT(name(0x1234), "0x1234 (outside the scene)");
}

static void handler_names(void)
{
	lay_out(NOP);
	CHECK_TEXT(name(entry_of(GP_VECTOR, 0)), "GP_ENTRY");
	CHECK_TEXT(name(entry_of(GP_VECTOR, 5)), "GP_ENTRY+5");
	CHECK_TEXT(name(entry_of(NMI_VECTOR, 0)), "NMI_ENTRY");
	CHECK_TEXT(name(entry_of(0x60, 0)), "IRQ_0x60_ENTRY");
	CHECK_TEXT(name(entry_of(255, 15)), "IRQ_0xff_ENTRY+15");
	CHECK_TEXT(name(entry_of(255, 16)), "handler prologue+0");
	CHECK(strstr(name(made_up.recorded - 1), "handler prologue+"));
	CHECK(strstr(name(made_up.recorded), "outside the scene"));
}

static void places(void)
{
	lay_out(NOP, L(RDMSR), NOP, T(UD2));
	CHECK_TEXT(place_name(L), "RDMSR");
	CHECK_TEXT(place_name(AFTER(L)), "NOP#2");
	CHECK_TEXT(place_name(AFTER(T)), "landing");
	CHECK_TEXT(place_name(LANDING), "landing");
	CHECK_TEXT(place_name(AFTER_IRET), "after IRET");
	CHECK_TEXT(place_name(ENTRY_OF(GP_VECTOR)), "GP_ENTRY");
	CHECK_INT(layout_place(&made_up, M).place, PLACE_ANY); /* no step bears M */
	CHECK_INT(layout_place(&made_up, ELSEWHERE).place, PLACE_ANY);
	CHECK_INT(layout_place(&made_up, AFTER_VMRUN).place, PLACE_ANY);
	made_up.root[ROOT_VMRUN] = (struct root_code){ "VMRUN", 0x500000, 0x500003, 0x500010 };
	CHECK_TEXT(place_name(AFTER_VMRUN), "VMRUN+3");
	CHECK_TEXT(name(0x50000f), "VMRUN+15");
	CHECK_TEXT(name(0x500010), "0x500010 (outside the scene)");
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
	CHECK_TEXT(name(PAGE), "elsewhere");
	CHECK_TEXT(name(PAGE + 1), "elsewhere+1");
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
		for (int x2apic = 0; x2apic < 2; x2apic++) {
			const struct code *code = fragment_code(id, x2apic);

			CHECK(code->end > code->start);
			CHECK(code->end - code->start <= 40);
		}
	}
}

int main(void)
{
	labels();
	extent();
	names();
	handler_names();
	places();
	elsewhere();
	steps();
	descriptions();
	every_fragment();
	return checks_done("layout");
}
