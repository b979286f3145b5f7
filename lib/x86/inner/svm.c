/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SVM: the chapter "Secure Virtual Machine" of the AMD APM, volume 2, as far as boundaries are
 * concerned. vmx.c has the same of VMX, in the same form.
 */
#include "inner/inside.h"

/* --- "Event Injection": VMRUN exits as VMEXIT_INVALID --- */

static bool reserved_type(struct inner *inner)
{
	return inner->entry->event & EVENT_VALID && !injects(inner, EVENT_INTR) &&
	       !injects(inner, EVENT_NMI) && !injects(inner, EVENT_EXCEPTION) &&
	       !injects(inner, EVENT_SOFT_INT);
}

static bool wrong_vector(struct inner *inner)
{
	u8 vector = EVENT_VECTOR(inner->entry->event);

	return injects(inner, EVENT_EXCEPTION) &&
	       (vector == NMI_VECTOR || vector >= FIRST_IRQ_VECTOR);
}

/* Guests of this model run 64-bit code. */
static bool wrong_mode(struct inner *inner)
{
	u8 vector = EVENT_VECTOR(inner->entry->event);

	return injects(inner, EVENT_EXCEPTION) && (vector == OF_VECTOR || vector == BR_VECTOR);
}

static const struct check failures[] = {
	{ INNER_CHECK_SVM_TYPE, reserved_type },
	{ INNER_CHECK_SVM_VECTOR, wrong_vector },
	{ INNER_CHECK_SVM_MODE, wrong_mode },
	{ INNER_RULE_NONE, NULL },
};

/* SVM refuses no entry otherwise than by an exit. */
static const struct check nothing[] = { { INNER_RULE_NONE, NULL } };

/* --- "Event Injection" --- */

static enum delivery_kind kind_of(const struct inner *inner)
{
	bool is_bp =
		injects(inner, EVENT_EXCEPTION) && EVENT_VECTOR(inner->entry->event) == BP_VECTOR;

	if (injects(inner, EVENT_INTR) || injects(inner, EVENT_NMI))
		return KIND_EXTERNAL;
	if (injects(inner, EVENT_SOFT_INT) || (is_bp && obeys(inner, INNER_INJECTED_BP)))
		return KIND_SOFTWARE;
	return KIND_FAULT;
}

/* A software interrupt saves the RIP of the VMCB, which root has moved past the instruction. */
static void svm_inject(struct inner *inner)
{
	struct cpu *cpu = &inner->model.cpu;
	u64 event = inner->entry->event;
	bool blocked = cpu->nmi_blocked;
	u8 vector = injects(inner, EVENT_NMI) ? NMI_VECTOR : EVENT_VECTOR(event);

	deliver_injected(inner, vector, kind_of(inner), EVENT_ERROR(event), cpu->at,
			 INNER_INJECTED_FIRST);
	if (injects(inner, EVENT_NMI) && obeys(inner, INNER_INJECTED_NMI_OPEN))
		cpu->nmi_blocked = blocked;
}

/* --- What waits at a boundary --- */

static bool trap_waits(struct inner *inner)
{
	return line_waits(&inner->model, LINE_TRAP);
}

static void trap_take(struct inner *inner)
{
	line_take(&inner->model, LINE_TRAP);
}

static bool nmi_waits(struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;

	if (!has(inner, CONTROL_NMI_EXITS))
		return line_waits(&inner->model, LINE_NMI);
	return cpu->nmis && !cpu->nmi_blocked && !held_by_shadow(inner);
}

static void nmi_take(struct inner *inner)
{
	if (!has(inner, CONTROL_NMI_EXITS)) {
		line_take(&inner->model, LINE_NMI);
		return;
	}
	if (!obeys(inner, INNER_NMI_EXIT_LEAVES))
		inner->model.cpu.nmis = 0;
	leave_guest(inner, EXIT_NMI, INNER_SVM_NMI, 0);
}

/* "Physical (INTR) Interrupt Masking in EFLAGS" */
static bool gate_is_open(const struct inner *inner)
{
	bool guest = inner->model.cpu.rflags & RFLAGS_IF, host = has(inner, CONTROL_HOST_IF);

	if (has(inner, CONTROL_V_INTR_MASKING))
		return host && (guest || obeys(inner, INNER_GATED_BY_HOST));
	return obeys(inner, INNER_GATED_BY_GUEST) ? guest : host;
}

/* "Virtualizing APIC.TPR": the TPR of the LAPIC, while CR8 is V_TPR. */
static u8 swap_tpr(struct inner *inner, u8 tpr)
{
	u8 before = inner->model.cpu.tpr_class;

	if (has(inner, CONTROL_V_INTR_MASKING) && obeys(inner, INNER_V_TPR_IS_CR8))
		inner->model.cpu.tpr_class = tpr;
	return before;
}

static bool physical_waits(struct inner *inner)
{
	struct model *model = &inner->model;
	u32 flags = model->cpu.rflags;
	bool waits;

	if (has(inner, CONTROL_INTR_EXITS))
		return offered(model) && gate_is_open(inner) && !held_by_shadow(inner);
	if (!gate_is_open(inner)) {
		model->cpu.held = RULE_IF_HOLDS;
		return false;
	}
	model->cpu.rflags |= RFLAGS_IF; /* that is decided; the shadow is not */
	waits = line_waits(model, LINE_IRQ);
	model->cpu.rflags = flags;
	return waits;
}

static bool intr_waits(struct inner *inner)
{
	u8 virtual = swap_tpr(inner, inner->lapic_tpr);
	bool waits = physical_waits(inner);

	swap_tpr(inner, virtual);
	return waits;
}

static void intr_take(struct inner *inner)
{
	struct model *model = &inner->model;
	u8 virtual = swap_tpr(inner, inner->lapic_tpr);

	if (!has(inner, CONTROL_INTR_EXITS)) {
		line_take(model, LINE_IRQ);
		swap_tpr(inner, virtual);
		return;
	}
	if (!obeys(inner, INNER_INTR_EXIT_LEAVES))
		acknowledge(model, offered(model));
	swap_tpr(inner, virtual);
	leave_guest(inner, EXIT_INTR, INNER_SVM_INTR, 0);
}

/* "Injecting Virtual (INTR) Interrupts" */
static u8 v_tpr(const struct inner *inner)
{
	return has(inner, CONTROL_V_INTR_MASKING) && obeys(inner, INNER_V_TPR_IS_CR8)
		       ? inner->model.cpu.tpr_class
		       : inner->request.tpr;
}

static bool vintr_waits(struct inner *inner)
{
	const struct cpu *cpu = &inner->model.cpu;
	const struct virtual_request *r = &inner->request;

	if (!r->vector)
		return false;
	if (!(cpu->rflags & RFLAGS_IF) && obeys(inner, INNER_V_IF))
		return false;
	if (cpu->shadow && obeys(inner, INNER_V_SHADOW))
		return false;
	return r->priority > v_tpr(inner) || has(inner, CONTROL_V_IGN_TPR) ||
	       !obeys(inner, INNER_V_TPR);
}

static void vintr_take(struct inner *inner)
{
	u8 vector = inner->request.vector;

	if (has(inner, CONTROL_VINTR_EXITS)) {
		if (!obeys(inner, INNER_VINTR_EXIT_LEAVES))
			inner->request.vector = 0;
		leave_guest(inner, EXIT_VINTR, INNER_SVM_VINTR, 0);
		return;
	}
	inner->request.vector = 0;
	deliver_injected(inner, vector, KIND_EXTERNAL, 0, inner->model.cpu.at, INNER_SVM_VINTR);
}

/* --- What an exit saves --- */

static u32 svm_state(const struct inner *inner)
{
	return inner->model.cpu.shadow ? STATE_SHADOW : 0;
}

static void svm_leave(struct inner *inner)
{
	if (inner->model.cpu.traps)
		unknown(&inner->model, "the APM does not say what becomes of a trap at an exit");
}

/* "Exception Intercepts"; "#DB (Debug)": INT1 has an intercept of its own. */
static bool svm_intercepts(struct inner *inner, const struct delivery *event)
{
	if (event->kind == KIND_SOFTWARE && event->vector == DB_VECTOR &&
	    obeys(inner, INNER_INT1_NOT_DB))
		return false;
	return inner->entry->exceptions >> event->vector & 1;
}

static void svm_load(struct inner *inner)
{
	if (inner->entry->request.vector)
		swap_tpr(inner, inner->request.tpr);
}

const struct vendor_rules svm_rules = {
	.refusals = nothing,
	.failures = failures,
	.load = svm_load,
	.inject = svm_inject,
	/* "Priorities"; "Injecting Virtual (INTR) Interrupts" */
	.ladder = {
		{ INNER_SVM_TRAP, true, trap_waits, trap_take },
		{ INNER_SVM_NMI, true, nmi_waits, nmi_take },
		{ INNER_SVM_INTR, true, intr_waits, intr_take },
		{ INNER_SVM_VINTR, true, vintr_waits, vintr_take },
		INSTRUCTION_LINES,
	},
	.state = svm_state,
	.leave = svm_leave,
	.intercepts = svm_intercepts,
};
