/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables that alphabet.h lists, and the scene of a block.
 */
#include "world/alphabet.h"
#include "world/world.h"

#define STEPS_OF(...)                                                                              \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define COUNT_OF(...)	 sizeof((u16[]){ 0, ##__VA_ARGS__ }) / sizeof(u16) - 1
#define COUNT_STEPS(...) COUNT_OF(__VA_ARGS__)

const struct opener openers[] = {
#define OPENER(name, flags, property, list)                                                        \
	{ .word = #name,                                                                           \
	  .rflags = (flags),                                                                       \
	  .properties = (property),                                                                \
	  .step_count = COUNT_STEPS list,                                                          \
	  .steps = STEPS_OF list },
	OPENERS(OPENER)
};
const size_t opener_count = ARRAY_SIZE(openers);

/* A fragment with a record is an instruction, unless it is left out. */
#define PLAYED(id, left_out)   PLAYED_UNLESS(id, left_out)
#define PLAYED_UNLESS(id, out) PLAYED_UNLESS_##out(id)
#define PLAYED_UNLESS_0(id)    { .word = #id, .fragment = FRAGMENT_##id },
#define PLAYED_UNLESS_1(id)

const struct world_instruction world_instructions[] = {
#define FRAGMENT(id, name, text, ...) __VA_OPT__(PLAYED(id, IS_LEFT_OUT(id)))
#define LAPIC_FRAGMENT(id, name, x2apic, xapic, ...)
#include "order/fragments.def"
#undef FRAGMENT
#define PREPARED(name, id, how, list)                                                              \
	{ .word = #name,                                                                           \
	  .fragment = FRAGMENT_##id,                                                               \
	  .preparation = (how),                                                                    \
	  .setup_count = COUNT_STEPS list,                                                         \
	  .setup = STEPS_OF list },
	PREPARED_INSTRUCTIONS(PREPARED)
};
const size_t world_instruction_count = ARRAY_SIZE(world_instructions);

/* In the order of the values of THEN. */
#undef PLAYED_UNLESS_0
#define PLAYED_UNLESS_0(id) FRAGMENT_##id,
static const u16 followers[] = {
	FRAGMENT_NOP,
#define FRAGMENT(id, name, text, ...) __VA_OPT__(PLAYED(id, IS_LEFT_OUT(id)))
#include "order/fragments.def"
#undef FRAGMENT
};
_Static_assert(ARRAY_SIZE(followers) == CPL_USUAL - THEN_USUAL, "a fragment for each value");

u16 world_follower(const struct point *p)
{
	return followers[p->values[AXIS_THEN] - THEN_USUAL];
}

bool world_has_effect(const struct point *p, enum effect effect)
{
	return instructions[world_instructions[p->instruction].fragment].effect == effect ||
	       instructions[world_follower(p)].effect == effect;
}

bool world_same_scene(const struct point *a, const struct point *b)
{
	return a->opener == b->opener && a->instruction == b->instruction &&
	       a->values[AXIS_THEN] == b->values[AXIS_THEN];
}

size_t world_steps(u16 *steps, size_t *at, const struct point *p)
{
	const struct opener *o = &openers[p->opener];
	const struct world_instruction *i = &world_instructions[p->instruction];
	size_t n = 0;

	for (size_t s = 0; s < i->setup_count; s++)
		steps[n++] = i->setup[s];
	for (size_t s = 0; s < o->step_count; s++)
		steps[n++] = o->steps[s];
	*at = n;
	steps[n++] = i->fragment | (o->properties & OPENER_TO_T ? LABEL_T : LABEL_L) << LABEL_SHIFT;
	steps[n++] = world_follower(p) |
		     (i->preparation & PREPARE_NEXT_IS_T ? LABEL_T << LABEL_SHIFT : 0);
	return n;
}

static bool uses_rax(const struct world_instruction *i)
{
	return i->preparation & (PREPARE_SAME_CR0 | PREPARE_SAME_CR3) ||
	       i->fragment == FRAGMENT_MOV_TO_CR8;
}

static bool uses_rcx(const struct world_instruction *i)
{
	return i->preparation & (PREPARE_KNOWN_MSR | PREPARE_STRING | PREPARE_COUNT |
				 PREPARE_BEYOND | PREPARE_ABSENT | PREPARE_KEEP_RCX) ||
	       i->fragment == FRAGMENT_RDMSR || i->fragment == FRAGMENT_WRMSR ||
	       i->fragment == FRAGMENT_MOV_DS;
}

const char *world_excludes(unsigned int opener, unsigned int instruction)
{
	const struct opener *o = &openers[opener];
	const struct world_instruction *i = &world_instructions[instruction];
	bool writes_cr8 = o->step_count && o->steps[o->step_count - 1] == FRAGMENT_MOV_TO_CR8;

	if (o->properties & OPENER_TO_T && i->preparation & PREPARE_NEXT_IS_T)
		return "RBX can lead to one place only, and both the opener and the instruction go there";
	if (o->properties & OPENER_TO_CPL3 && world_is_for_cpl0(i))
		return "the opener leads to CPL 3, and the instruction is one for CPL 0";
	if (o->properties & OPENER_TO_CPL3 && world_touches_playground(i))
		return "the opener leads to CPL 3, which has no right to the page that the instruction accesses";
	if (uses_rax(i) && o->properties & OPENER_LOSES_RAX)
		return "the opener changes RAX, which the instruction uses";
	if (writes_cr8 && i->preparation & (PREPARE_SAME_CR0 | PREPARE_SAME_CR3))
		return "RAX cannot be the value of CR8 and that of another control register";
	if (uses_rcx(i) && o->properties & OPENER_LOSES_RCX)
		return "the opener changes RCX and R11, of which the instruction uses one";
	if (writes_cr8 && i->setup_count)
		return "what prepares the instruction may change RAX, which the opener uses";
	return NULL;
}

bool world_is_for_cpl0(const struct world_instruction *i)
{
	return i->preparation & PREPARE_SYSTEM || instructions[i->fragment].effect == EFFECT_MOV_SS;
}

static bool touches_playground(const struct instruction *record)
{
	for (size_t n = 0; n < ARRAY_SIZE(record->access); n++) {
		const struct access *a = &record->access[n];

		if (a->kind &&
		    (a->base == BASE_RBP || (a->base == BASE_RSI && a->kind == ACCESS_READ)))
			return true;
	}
	return false;
}

bool world_touches_playground(const struct world_instruction *i)
{
	return i->preparation & PREPARE_STRING || touches_playground(&instructions[i->fragment]);
}

bool world_follower_is_for_cpl0(const struct point *p)
{
	const struct instruction *follower = &instructions[world_follower(p)];

	return follower->effect == EFFECT_MOV_SS || touches_playground(follower);
}

/* Does it leave RAX, RCX and R11 as they were before the scene? */
static bool keeps_registers(const struct world_instruction *i)
{
	switch (i->fragment) {
	case FRAGMENT_NOP:
	case FRAGMENT_FNOP:
	case FRAGMENT_JMP:
	case FRAGMENT_STORE:
	case FRAGMENT_OUT:
	case FRAGMENT_PAUSE:
	case FRAGMENT_WBINVD:
	case FRAGMENT_ENDBR64:
	case FRAGMENT_INVLPG:
		return true;
	default:
		break;
	}
	switch (instructions[i->fragment].effect) {
	case EFFECT_STI:
	case EFFECT_CLI:
	case EFFECT_MOV_SS:
	case EFFECT_POPF:
	case EFFECT_RET:
	case EFFECT_SOFTWARE:
	case EFFECT_HLT:
	case EFFECT_PUSH:
	case EFFECT_PUSH_FLAGS:
		return true;
	default:
		return false;
	}
}

bool world_follower_finds_registers(const struct point *p)
{
	const struct opener *o = &openers[p->opener];

	switch (world_follower(p)) {
	case FRAGMENT_RDMSR:
	case FRAGMENT_WRMSR:
	case FRAGMENT_MOV_DS:
	case FRAGMENT_MOV_TO_CR8:
		return keeps_registers(&world_instructions[p->instruction]) &&
		       !(o->properties & (OPENER_LOSES_RAX | OPENER_LOSES_RCX));
	default:
		return true;
	}
}
