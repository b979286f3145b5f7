/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this room say to each other.
 */
#ifndef ORDEAL_INNER_INSIDE_H
#define ORDEAL_INNER_INSIDE_H

#include "inner/inner.h"
#include "model/inside.h"

/* One check of an entry. */
struct check {
	enum inner_rule rule;
	bool (*violated)(struct inner *inner);
};

/* One line of the ladder: what may come at a boundary, the highest priority first. */
struct rung {
	enum inner_rule rule; /* why it stands above the next; NONE: model/boundary.c says */
	bool wakes;	      /* a guest that is not active, too */
	bool (*waits)(struct inner *inner);
	void (*take)(struct inner *inner);
};

enum { RUNGS = 16 };

/* VMX or SVM. Lists end with a NULL function. */
struct vendor_rules {
	const struct check *refusals;	   /* the entry does not begin */
	const struct check *failures;	   /* it is an exit */
	void (*load)(struct inner *inner); /* NULL: nothing but what both have */
	void (*inject)(struct inner *inner);
	struct rung ladder[RUNGS];

	/* What an exit and an entry show of interruptibility: enum guest_state. */
	u32 (*state)(const struct inner *inner);

	/* An exit takes from the guest what root does not give back. */
	void (*leave)(struct inner *inner);

	/* Is the exception intercepted? */
	bool (*intercepts)(struct inner *inner, const struct delivery *event);
};

extern const struct vendor_rules vmx_rules, svm_rules;
extern const struct check vmx_refusals[], vmx_failures[]; /* vmx_checks.c */

static inline struct inner *inner_of(struct model *model)
{
	return (struct inner *)model;
}

/* Does the model follow this rule? */
static inline bool obeys(const struct inner *inner, enum inner_rule rule)
{
	return inner->mutant != rule;
}

static inline bool has(const struct inner *inner, u32 control)
{
	return inner->entry->controls & control;
}

static inline bool injects(const struct inner *inner, enum event_type type)
{
	return inner->entry->event & EVENT_VALID && EVENT_TYPE(inner->entry->event) == type;
}

static inline u8 injected_vector(const struct inner *inner)
{
	return EVENT_VECTOR(inner->entry->event);
}

/* Of the SDM's types: INT n, INT1, INT3 and INTO. */
static inline bool injects_software(const struct inner *inner)
{
	return injects(inner, EVENT_SOFT_INT) || injects(inner, EVENT_SOFT_EXCEPTION) ||
	       injects(inner, EVENT_PRIVILEGED_SOFT_EXCEPTION);
}

/* rules.c: asks @choice, which has two answers. */
bool choose_inner(struct inner *inner, enum inner_choice choice);

/* injected.c: delivers an event as part of an entry, or one that is not the LAPIC's. @next: what
 * KIND_SOFTWARE saves. */
void deliver_injected(struct inner *inner, u8 vector, enum delivery_kind kind, u32 error,
		      struct boundary next, enum inner_rule why);

/* The boundary of that address: a place of the scene or the first instructions of a handler. */
struct boundary any_boundary_at(struct inner *inner, u64 address);

/* entry.c: the hypervisor enters the guest for the next time. */
void enter_guest(struct inner *inner);

/* ladder.c: the guest stands at a boundary. */
void run_boundary(struct inner *inner);

/* "Monitor Trap Flag": one event (by this rule) or one instruction after VM entry. */
void trap_after(struct inner *inner, enum inner_rule rule);

/* The first line of the ladder that waits is taken; false: none waits. */
bool take_rung(struct inner *inner);

/* The lines of a ladder that VMX and SVM share: from instruction breakpoints down. */
bool breakpoint_waits(struct inner *inner);
void take_breakpoint(struct inner *inner);
bool fetch_waits(struct inner *inner);
void take_fetch(struct inner *inner);
bool decoding_waits(struct inner *inner);
void take_decoding(struct inner *inner);
bool privilege_waits(struct inner *inner);
void take_execution(struct inner *inner);
bool exit_waits(struct inner *inner);
void take_exit(struct inner *inner);
bool execution_waits(struct inner *inner);

/* "Relative Priority of Faults and VM Exits"; "Instruction Intercepts" */
#define INSTRUCTION_LINES                                                                          \
	{ INNER_RULE_NONE, false, breakpoint_waits, take_breakpoint },                             \
		{ INNER_RULE_NONE, false, fetch_waits, take_fetch },                               \
		{ INNER_RULE_NONE, false, decoding_waits, take_decoding },                         \
		{ INNER_PRIVILEGE_BEFORE_EXIT, false, privilege_waits, take_execution },           \
		{ INNER_EXIT_BEFORE_FAULT, false, exit_waits, take_exit },                         \
	{                                                                                          \
		INNER_RULE_NONE, false, execution_waits, take_execution                            \
	}

/* leave.c: the guest leaves where it stands. @during: the event whose delivery ends; 0: none. */
void leave_guest(struct inner *inner, enum exit_reason reason, enum inner_rule why, u64 during);
void record_entry(struct inner *inner);

/* For struct beneath. */
bool guest_intercepts(struct model *model, const struct delivery *event,
		      const struct delivery *during);
bool guest_misses(struct model *model, const struct delivery *event, const struct gate_state *gate);
void guest_shuts_down(struct model *model);

/* An interrupt or NMI that exits waits; may a shadow hold it back? */
bool held_by_shadow(struct inner *inner);

#endif
