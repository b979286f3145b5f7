/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Non-root operation: the model of a processor (model/model.h) with a hypervisor beneath. What a VM
 * entry or VMRUN does, what waits at each boundary of the guest and what then makes it leave, and
 * what an exit saves. VMX and SVM are two tables of the same form, vmx.c and svm.c.
 *
 *	inner_begin(&inner, &guest);
 *	while (inner_next(&inner))
 *		... inner.model.events[0] to inner.model.events[inner.model.count - 1] ...
 *	if (inner.model.unknown)
 *		... the situation is not in the model's world, and this says why ...
 *
 * As there nothing allocates, recurses or looks at the machine, and a struct inner belongs to its
 * caller.
 */
#ifndef ORDEAL_INNER_H
#define ORDEAL_INNER_H

#include "inner/situation.h"
#include "model/model.h"

enum inner_rule {
	INNER_RULE_NONE,
#define RULE(id, text, wrong, citation) INNER_##id,
#include "inner/rules.def"
#undef RULE
	INNER_RULE_COUNT,
};

enum inner_choice {
#define CHOICE(id, name, text, citation, ...) INNER_CHOICE_##id,
#include "inner/choices.def"
#undef CHOICE
	INNER_CHOICE_COUNT,
};

enum {
	/* Where rules and choices of this room are numbered from, in the events and questions of
	 * struct model. */
	FIRST_INNER_RULE = RULE_COUNT,
	FIRST_INNER_CHOICE = CHOICE_COUNT + QUIRK_COUNT,
};

_Static_assert(FIRST_INNER_RULE + INNER_RULE_COUNT <= 256, "a rule is a u8");
_Static_assert(FIRST_INNER_CHOICE + INNER_CHOICE_COUNT <= 256, "a question is a u8");

struct inner {
	struct model model; /* the first member: the model hands it to what is beneath */
	const struct guest_situation *guest;
	const struct vendor_rules *vendor;
	enum inner_rule mutant;		/* this rule is wrong */
	s8 profile[INNER_CHOICE_COUNT]; /* answers that are known; -1: ask */
	s8 answered[INNER_CHOICE_COUNT];

	/* The present play: where the hypervisor stands, */
	u8 next;		      /* which of its entries comes next */
	bool in_root;		      /* the guest does not run */
	bool refused;		      /* the last entry was: VMfailValid */
	const struct vm_entry *entry; /* by which the guest was entered */

	/* and what the processor keeps of the guest beside struct cpu. */
	u8 activity; /* enum activity_state; IS_IN_HLT: cpu.halted */
	u16 debug;   /* as root has written it, at an entry */
	bool init;
	bool injects_event; /* what is being delivered is the entry's event */
	u8 old_shadow;	    /* of the last instruction, before it was executed */
	bool timer_armed;   /* by the scene */
	bool tpr_below;
	bool armed;	   /* the monitor trap flag, before its first event or instruction */
	bool monitor_trap; /* an MTF VM exit is pending */
	struct virtual_request request;
	u8 lapic_tpr; /* SVM: while V_TPR is the guest's CR8 */
};

/* Begins the enumeration of the legal traces. @guest must stay where it is. */
void inner_begin(struct inner *inner, const struct guest_situation *guest);

/* As inner_begin(), but with a rule of either kind wrong, and these answers given (NULL: none). */
void inner_begin_with(struct inner *inner, const struct guest_situation *guest, enum rule mutant,
		      const s8 *profile, enum inner_rule inner_mutant, const s8 *inner_profile);

/* The next legal trace; false: there is none left, or the situation is not in the model's world. */
bool inner_next(struct inner *inner);

extern const struct rule_text inner_rules[INNER_RULE_COUNT];
extern const struct choice_text inner_choices[INNER_CHOICE_COUNT];

/* The rule and the choice of a number in an event or question of the model, of either room. NULL: a
 * quirk. */
const struct rule_text *any_rule(u8 rule);
const struct choice_text *any_choice(u8 choice);

#endif
