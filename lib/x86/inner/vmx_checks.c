/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checks of VM entry that depend on what is injected and on the guest's non-register state:
 * "Checks on VMX Controls and Host-State Area" and "Checking and Loading Guest State" of the Intel
 * SDM, volume 3C. What an entry violates first of the first list refuses it; of the second makes it
 * fail.
 */
#include "inner/inside.h"

#define ERROR_CODE_VECTORS                                                                         \
	(BIT(DF_VECTOR) | BIT(TS_VECTOR) | BIT(NP_VECTOR) | BIT(SS_VECTOR) | BIT(GP_VECTOR) |      \
	 BIT(PF_VECTOR) | BIT(AC_VECTOR))

static bool injects_anything(const struct inner *inner)
{
	return inner->entry->event & EVENT_VALID;
}

static bool is_blocked(const struct inner *inner)
{
	return inner->model.cpu.shadow & (SHADOW_STI | SHADOW_MOV_SS);
}

/* --- "Checks on VMX Controls": the entry is refused --- */

static bool reserved_type(struct inner *inner)
{
	enum { RESERVED = 1 };

	return injects(inner, (enum event_type)RESERVED);
}

static bool wrong_vector(struct inner *inner)
{
	return (injects(inner, EVENT_NMI) && injected_vector(inner) != NMI_VECTOR) ||
	       (injects(inner, EVENT_EXCEPTION) && injected_vector(inner) >= FIRST_IRQ_VECTOR) ||
	       (injects(inner, EVENT_OTHER) && injected_vector(inner));
}

static bool wrong_error_code(struct inner *inner)
{
	bool has_one = injects(inner, EVENT_EXCEPTION) &&
		       ERROR_CODE_VECTORS & BIT(injected_vector(inner) & 31);

	return injects_anything(inner) && has_one != !!(inner->entry->event & EVENT_HAS_ERROR);
}

static bool wrong_length(struct inner *inner)
{
	enum { LONGEST = 15 };

	return injects_software(inner) && (!inner->entry->length || inner->entry->length > LONGEST);
}

static bool wrong_nmi_controls(struct inner *inner)
{
	return (has(inner, CONTROL_VIRTUAL_NMIS) && !has(inner, CONTROL_NMI_EXITS)) ||
	       (has(inner, CONTROL_NMI_WINDOW) && !has(inner, CONTROL_VIRTUAL_NMIS));
}

/* --- "Checks on the Guest State Area": the entry fails --- */

static bool interrupt_with_if_0(struct inner *inner)
{
	return injects(inner, EVENT_INTR) && !(inner->model.cpu.rflags & RFLAGS_IF);
}

static bool both_blockings(struct inner *inner)
{
	return inner->model.cpu.shadow == (SHADOW_STI | SHADOW_MOV_SS);
}

static bool sti_with_if_0(struct inner *inner)
{
	return inner->model.cpu.shadow & SHADOW_STI && !(inner->model.cpu.rflags & RFLAGS_IF);
}

static bool interrupt_while_blocked(struct inner *inner)
{
	return injects(inner, EVENT_INTR) && is_blocked(inner);
}

static bool nmi_under_mov_ss(struct inner *inner)
{
	return injects(inner, EVENT_NMI) && inner->model.cpu.shadow & SHADOW_MOV_SS;
}

static bool nmi_under_sti(struct inner *inner)
{
	return injects(inner, EVENT_NMI) && inner->model.cpu.shadow & SHADOW_STI &&
	       choose_inner(inner, INNER_CHOICE_NMI_UNDER_STI);
}

static bool virtual_nmi_while_blocked(struct inner *inner)
{
	return injects(inner, EVENT_NMI) && has(inner, CONTROL_VIRTUAL_NMIS) &&
	       inner->model.cpu.nmi_blocked;
}

static bool blocked_by_smi(struct inner *inner)
{
	return inner->entry->written & WRITES_BLOCKING &&
	       inner->entry->blocking & STATE_BLOCKED_BY_SMI;
}

static bool inactive_and_blocked(struct inner *inner)
{
	return inner->activity != IS_ACTIVE && is_blocked(inner);
}

static bool wrong_event_in_hlt(struct inner *inner)
{
	u8 vector = injected_vector(inner);

	if (inner->activity != IS_IN_HLT || !injects_anything(inner))
		return false;
	return !injects(inner, EVENT_INTR) && !injects(inner, EVENT_NMI) &&
	       !injects(inner, EVENT_OTHER) &&
	       !(injects(inner, EVENT_EXCEPTION) && (vector == DB_VECTOR || vector == MC_VECTOR));
}

static bool wrong_event_in_shutdown(struct inner *inner)
{
	return inner->activity == IS_IN_SHUTDOWN && injects_anything(inner) &&
	       !injects(inner, EVENT_NMI) &&
	       !(injects(inner, EVENT_EXCEPTION) && injected_vector(inner) == MC_VECTOR);
}

static bool event_while_waiting_for_sipi(struct inner *inner)
{
	return inner->activity == IS_WAITING_FOR_SIPI && injects_anything(inner);
}

static bool wrong_bs(struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;
	bool stepping = cpu->rflags & RFLAGS_TF && !(cpu->state & STATE_BTF);

	return (is_blocked(inner) || inner->activity == IS_IN_HLT) &&
	       stepping != !!(cpu->traps & DR6_BS);
}

const struct check vmx_refusals[] = {
	{ INNER_CHECK_TYPE, reserved_type },
	{ INNER_CHECK_VECTOR, wrong_vector },
	{ INNER_CHECK_ERROR_CODE, wrong_error_code },
	{ INNER_CHECK_LENGTH, wrong_length },
	{ INNER_CHECK_NMI_CONTROLS, wrong_nmi_controls },
	{ INNER_RULE_NONE, NULL },
};

const struct check vmx_failures[] = {
	{ INNER_CHECK_IF_OF_INTERRUPT, interrupt_with_if_0 },
	{ INNER_CHECK_BOTH_BLOCKINGS, both_blockings },
	{ INNER_CHECK_STI_NEEDS_IF, sti_with_if_0 },
	{ INNER_CHECK_BLOCKED_INTERRUPT, interrupt_while_blocked },
	{ INNER_CHECK_BLOCKED_NMI, nmi_under_mov_ss },
	{ INNER_CHECK_NMI_UNDER_STI, nmi_under_sti },
	{ INNER_CHECK_VIRTUAL_NMI_BLOCKED, virtual_nmi_while_blocked },
	{ INNER_CHECK_SMI_BLOCKING, blocked_by_smi },
	{ INNER_CHECK_INACTIVE_BLOCKED, inactive_and_blocked },
	{ INNER_CHECK_HLT_EVENTS, wrong_event_in_hlt },
	{ INNER_CHECK_SHUTDOWN_EVENTS, wrong_event_in_shutdown },
	{ INNER_CHECK_SIPI_EVENTS, event_while_waiting_for_sipi },
	{ INNER_CHECK_BS, wrong_bs },
	{ INNER_RULE_NONE, NULL },
};
