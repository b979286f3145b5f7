/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From one situation of a block to the next, and which values make no situation. The axes
 * are the digits of a number, whose lowest is the last axis; a value is refused by those
 * before it alone, so that whole ranges are left out at once.
 */
#include "base/bits.h"
#include "world/world.h"

static const u8 usual[AXIS_COUNT + 1] = {
#define AXIS(id, what) [AXIS_##id] = id##_USUAL,
#define VALUE(axis, id, word, what)
#include "world/axes.def"
#undef AXIS
#undef VALUE
	[AXIS_COUNT] = WORLD_VALUES,
};

enum world_value world_usual(unsigned int axis)
{
	return (enum world_value)usual[axis];
}

/* --- What the refusals look at --- */

static const struct opener *opener_of(const struct point *p)
{
	return &openers[p->opener];
}

static const struct world_instruction *instruction_of(const struct point *p)
{
	return &world_instructions[p->instruction];
}

static const struct instruction *follower_of(const struct point *p)
{
	return &instructions[world_follower(p)];
}

static bool has_irq(const struct point *p)
{
	u8 pending = p->values[AXIS_PENDING];

	return pending != PENDING_USUAL && pending != PENDING_NMI && pending != PENDING_BLOCKED;
}

static bool is_blocked(const struct point *p)
{
	return p->values[AXIS_PENDING] == PENDING_BLOCKED ||
	       p->values[AXIS_PENDING] == PENDING_BLOCKED_IRQ;
}

static bool has_nmi(const struct point *p)
{
	return is_blocked(p) || p->values[AXIS_PENDING] == PENDING_NMI ||
	       p->values[AXIS_PENDING] == PENDING_NMI_IRQ;
}

static bool sets_tf(const struct opener *o)
{
	for (size_t i = 0; i < o->step_count; i++)
		if (o->steps[i] == FRAGMENT_PUSH_FLAGS_TF ||
		    o->steps[i] == FRAGMENT_PUSH_FLAGS_IF_TF ||
		    o->steps[i] == FRAGMENT_PUSH_IRET_FRAME_TF)
			return true;
	return false;
}

/* Does the scene have a fragment of several instructions? Those before which TF may be 1 count. */
static bool has_several(const struct point *p)
{
	const struct opener *o = opener_of(p);
	const struct world_instruction *i = instruction_of(p);

	for (size_t n = 0; n < i->setup_count; n++)
		if (instructions[i->setup[n]].several)
			return true;
	for (size_t n = 0; n < o->step_count; n++)
		if (instructions[o->steps[n]].several)
			return true;
	return instructions[i->fragment].several || follower_of(p)->several;
}

static bool faults_by(const struct instruction *record, enum condition condition)
{
	for (size_t i = 0; i < ARRAY_SIZE(record->faults); i++)
		if (record->faults[i].condition == condition)
			return true;
	return false;
}

static bool can_watch(const struct point *p)
{
	const struct instruction *record = &instructions[instruction_of(p)->fragment];
	u8 base = record->access[0].base;

	return record->port_bytes ||
	       (record->access[0].kind && base != BASE_RSP && base != BASE_R9);
}

/* --- What the instruction may raise itself --- */

/* May the condition hold? Those that cannot be told from here may. */
static bool may_hold(const struct point *p, enum condition condition)
{
	u16 how = instruction_of(p)->preparation;
	bool user = p->values[AXIS_CPL] != CPL_USUAL || opener_of(p)->properties & OPENER_TO_CPL3;

	switch (condition) {
	case NEVER:
	case BAD_CR0:
	case BAD_CR8:
	case BAD_RSP:
	case UNMASKED:
		return false;
	case AT_CPL3:
		return user;
	case BEYOND_IOPL:
	case STI_REFUSED:
		return p->values[AXIS_CPL] == CPL_IOPL0;
	case MSR_REFUSED:
		return !(how & PREPARE_KNOWN_MSR);
	case TASK_SWITCHED:
		return p->values[AXIS_MODE] == MODE_TS;
	case UNALIGNED:
		return p->values[AXIS_MODE] == MODE_AM;
	case GUARDED:
	case GUARDED_FIRST:
		return p->values[AXIS_MODE] == MODE_GD;
	case BAD_SELECTOR:
		return how & PREPARE_BEYOND;
	case ABSENT_SEGMENT:
		return how & PREPARE_ABSENT;
	case X87_PENDING:
	case BAD_RETURN_CS:
		return instruction_of(p)->setup_count;
	case ALWAYS:
	case ON_AMD:
	case BRANCH_ITSELF:
		break;
	}
	return true;
}

static size_t add(u8 *vectors, size_t n, u8 vector)
{
	for (size_t i = 0; i < n; i++)
		if (vectors[i] == vector)
			return n;
	if (n < WORLD_RAISED)
		vectors[n++] = vector;
	return n;
}

size_t world_raised(u8 *vectors, const struct point *p)
{
	const struct world_instruction *i = instruction_of(p);
	const struct instruction *record = &instructions[i->fragment];
	size_t n = 0;

	for (size_t f = 0; f < ARRAY_SIZE(record->faults); f++)
		if (record->faults[f].vector != DB_VECTOR &&
		    may_hold(p, (enum condition)record->faults[f].condition))
			n = add(vectors, n, record->faults[f].vector);
	for (size_t a = 0; a < ARRAY_SIZE(record->access); a++) {
		const struct access *access = &record->access[a];

		if (!access->kind || i->preparation & PREPARE_STRING)
			continue;
		if (access->base == BASE_R9)
			n = add(vectors, n, GP_VECTOR);
		if (access->base == BASE_RDI ||
		    (access->base == BASE_RSI && access->kind == ACCESS_WRITE))
			n = add(vectors, n, PF_VECTOR);
	}
	if (i->preparation & PREPARE_ABSENT_TARGET)
		n = add(vectors, n, PF_VECTOR);
	if (record->effect == EFFECT_SOFTWARE && record->vector != DB_VECTOR) {
		n = add(vectors, n, record->vector);
		if (p->values[AXIS_CPL] != CPL_USUAL || opener_of(p)->properties & OPENER_TO_CPL3)
			n = add(vectors, n, GP_VECTOR);
	}
	return n;
}

static bool raises(const struct point *p)
{
	u8 vectors[WORLD_RAISED];

	return world_raised(vectors, p);
}

static bool debugs(const struct point *p)
{
	return p->values[AXIS_TF] != TF_USUAL || sets_tf(opener_of(p)) ||
	       p->values[AXIS_BREAK] != BREAK_USUAL || p->values[AXIS_MODE] == MODE_GD ||
	       instruction_of(p)->fragment == FRAGMENT_INT1 || world_follower(p) == FRAGMENT_INT1;
}

/* --- The refusals --- */

static const char follower_for_cpl0[] =
	"CPL 3 has no right to what the second instruction accesses, or it is one for CPL 0";

static bool always_faults(const struct point *p)
{
	struct point as_usual;

	world_first(&as_usual, p->opener, p->instruction);
	return instructions[instruction_of(p)->fragment].effect != EFFECT_SOFTWARE &&
	       raises(&as_usual);
}

static const char *refuses_follower(const struct point *p)
{
	const struct world_instruction *i = instruction_of(p);
	u16 follower = world_follower(p);

	if (follower == FRAGMENT_NOP)
		return "NOP is what follows as usual";
	if (always_faults(p))
		return "the instruction faults, and what follows it is never reached";
	if (instructions[i->fragment].effect == EFFECT_HLT && follower_of(p)->effect == EFFECT_HLT)
		return "one timer ends one HLT";
	if ((opener_of(p)->properties & OPENER_TO_CPL3 || i->preparation & PREPARE_ENDS_IN_CPL3) &&
	    world_follower_is_for_cpl0(p))
		return follower_for_cpl0;
	return world_follower_finds_registers(p)
		       ? NULL
		       : "the second instruction uses a register that may have changed";
}

static const char *refuses_cpl(const struct point *p)
{
	const struct opener *o = opener_of(p);
	bool opens_by_flag =
		o->step_count && (o->steps[0] == FRAGMENT_STI || o->steps[0] == FRAGMENT_CLI);

	if (o->properties & OPENER_SYSTEM || world_is_for_cpl0(instruction_of(p)))
		return "the scene is one for CPL 0";
	if (world_touches_playground(instruction_of(p)))
		return "CPL 3 has no right to the page that the instruction accesses";
	if (world_follower_is_for_cpl0(p))
		return follower_for_cpl0;
	if (p->values[AXIS_CPL] == CPL_IOPL0 && opens_by_flag)
		return "the opener faults";
	return NULL;
}

static const char *refuses_pending(const struct point *p)
{
	if (!is_blocked(p))
		return NULL;
	if (p->values[AXIS_CPL] != CPL_USUAL)
		return "the way into CPL 3 is an IRET, which unblocks NMIs";
	if (opener_of(p)->rflags & RFLAGS_IF)
		return "the way in that keeps NMIs blocked has IF=0";
	return NULL;
}

static const char *refuses_mode(const struct point *p)
{
	static const struct {
		u8 value;
		enum condition condition;
	} modes[] = { { MODE_TS, TASK_SWITCHED }, { MODE_AM, UNALIGNED }, { MODE_GD, GUARDED } };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (p->values[AXIS_MODE] == modes[i].value &&
		    !faults_by(&instructions[instruction_of(p)->fragment], modes[i].condition) &&
		    !faults_by(follower_of(p), modes[i].condition))
			return "the instruction does not look at it";
	if (p->values[AXIS_MODE] == MODE_AM && p->values[AXIS_CPL] == CPL_USUAL)
		return "alignment is checked in CPL 3 only";
	return NULL;
}

static const char *refuses_tf(const struct point *p)
{
	if (has_several(p))
		return "the trap would come inside a fragment of several instructions";
	if (sets_tf(opener_of(p)))
		return "the opener sets TF itself";
	return is_blocked(p) ? "the way in that keeps NMIs blocked has TF=0" : NULL;
}

static const char *refuses_arrival(const struct point *p)
{
	enum world_value value = (enum world_value)p->values[AXIS_ARRIVAL];

	if (p->values[AXIS_PENDING] == PENDING_TWO_IRQS &&
	    (value == ARRIVAL_IRQ_IN_FAULT || value == ARRIVAL_IRQ_IN_IRQ))
		return "that interrupt is pending already";
	if (value == ARRIVAL_IRQ_IN_FAULT || value == ARRIVAL_NMI_IN_FAULT)
		return raises(p) ? NULL : "the instruction raises nothing";
	if (value == ARRIVAL_IRQ_IN_IRQ || value == ARRIVAL_NMI_IN_IRQ)
		return has_irq(p) ? NULL : "no interrupt is pending";
	return has_nmi(p) ? NULL : "no NMI is pending";
}

const char *world_refuses(const struct point *p, unsigned int axis)
{
	if (p->values[axis] == usual[axis])
		return NULL;
	switch ((enum world_axis)axis) {
	case AXIS_THEN:
		return refuses_follower(p);
	case AXIS_CPL:
		return refuses_cpl(p);
	case AXIS_PENDING:
		return refuses_pending(p);
	case AXIS_MODE:
		return refuses_mode(p);
	case AXIS_TF:
		return refuses_tf(p);
	case AXIS_BREAK:
		return p->values[AXIS_BREAK] == BREAK_CODE || can_watch(p)
			       ? NULL
			       : "the instruction accesses nothing that can be watched";
	case AXIS_FAULT_GATE:
		return raises(p) ? NULL : "the instruction raises nothing";
	case AXIS_STACK:
		if (p->values[AXIS_STACK] == STACK_FAULT)
			return raises(p) ? NULL : "the instruction raises nothing";
		return has_irq(p) ? NULL : "no interrupt is pending";
	case AXIS_TPR:
	case AXIS_EOI:
		return has_irq(p) ? NULL : "no interrupt is pending";
	case AXIS_IRQ_GATE:
		return has_irq(p) || world_has_effect(p, EFFECT_HLT) ? NULL
								     : "no interrupt is pending";
	case AXIS_NMI_GATE:
		return has_nmi(p) ? NULL : "no NMI is pending";
	case AXIS_DB_GATE:
		return debugs(p) ? NULL : "nothing raises #DB";
	case AXIS_ARRIVAL:
		return refuses_arrival(p);
	case AXIS_COUNT:
		break;
	}
	return NULL;
}

void world_first(struct point *point, unsigned int opener, unsigned int instruction)
{
	point->opener = (u8)opener;
	point->instruction = (u8)instruction;
	for (size_t i = 0; i < AXIS_COUNT; i++)
		point->values[i] = usual[i];
}

_Static_assert(AXIS_THEN == 0, "the slowest axis, so that a scene is laid out once");

bool world_next(struct point *point, unsigned int depth, bool pairs)
{
	unsigned int unusual = 0;

	for (size_t i = AXIS_THEN + 1; i < AXIS_COUNT; i++)
		unusual += point->values[i] != usual[i];
	for (unsigned int axis = AXIS_COUNT; axis-- > AXIS_THEN + 1;) {
		unusual -= point->values[axis] != usual[axis];
		while (unusual < depth && ++point->values[axis] < usual[axis + 1])
			if (!world_refuses(point, axis))
				return true;
		point->values[axis] = usual[axis];
	}
	while (pairs && ++point->values[AXIS_THEN] < usual[AXIS_THEN + 1])
		if (!world_refuses(point, AXIS_THEN))
			return true;
	return false;
}
