/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim: a hypervisor small enough to read, whose only guest is the case's own scene. The test
 * is the hypervisor: it starts the guest, gets every exit, decides, and enters again.
 *
 *	scene(L(RDMSR));
 *	v = hv_start();
 *	run_to(v, EXIT_RDMSR, L);
 *	pend_irq(VEC);
 *	vcpu_inject(v, gp(0));
 *	run_to_end(v);
 *	expect(EXIT(RDMSR, AT(L)), ENTRY(AT(L), INJECT(gp(0))), GP(0, AT(L)), ...);
 *
 * The guest is a clone of the running context: same page tables, GDT, IDT, handlers, and therefore
 * the same event log. The shim keeps four laws: root runs with IF=0 (SVM: GIF=0); the guest has the
 * LAPIC itself; root never reads an MSR that does not exist; root does not move RIP before an
 * injection.
 */
#ifndef ORDEAL_HV_H
#define ORDEAL_HV_H

#include "machine/entry.h"
#include "order/events.h"
#include "scene/scene.h"

struct vcpu;

/* What the guest exits on only if it is told to. VMX has more: vmx/controls.h. */
enum intercept {
	INTERCEPT_INTR, /* VMX: external-interrupt exiting; SVM: INTR */
	INTERCEPT_NMI,	/* VMX: NMI exiting; SVM: NMI */
	INTERCEPT_HLT,
	INTERCEPT_COUNT,
};

/* One exit, in the words that the log has for it. */
struct guest_exit {
	enum exit_reason reason;
	u64 raw; /* VMX: exit reason; SVM: EXITCODE */
	u64 rip, rsp;
	u64 state; /* enum guest_state */
	u64 event; /* IDT-vectoring information or EXITINTINFO, as order/events.h has it; 0: none */
};

/* What else the CPU says about the last exit. */
struct exit_details {
	u64 qualification;  /* VMX: exit qualification; SVM: EXITINFO1 */
	u64 qualification2; /* VMX: guest-physical address; SVM: EXITINFO2 */
	u64 interruption;   /* VMX: VM-exit interruption information; SVM: 0 */
	u32 length;	    /* of the instruction that exited; 0 where the CPU does not tell */
};

/* The parts of the guest that both vendors keep in their control structure. */
enum vcpu_field {
	VCPU_RIP,
	VCPU_RSP,
	VCPU_RFLAGS,
	VCPU_DR7,
	VCPU_FIELD_COUNT,
};

struct hv_options {
	bool nested_paging; /* EPT or NPT with an identity map */
	bool reads_msrs;    /* RDMSR of an MSR that does not exist does not exit; for all guests of
			     * a boot, or for none */
};

/*
 * Switches virtualization on and makes the case's scene the guest: its registers, its flags, its
 * first instruction. Where that is impossible, the case ends as SKIP and names the bit or MSR that
 * forbids it. When the case is over the stage ends the guest, and the machine must be what it was
 * before. Virtualization stays on until a scene is played on bare hardware or a case does not pass.
 */
struct vcpu *hv_start(void);
struct vcpu *hv_start_with(struct hv_options options);

/* Starts a guest with RFLAGS.IF=1 at its first step. */
struct vcpu *start_with_interrupts_on(void);

/*
 * Restarts the guest at the scene's first step without leaving VMX or SVM; the first call starts
 * it. Registers are reloaded; memory and MSRs that the guest changed stay changed.
 */
struct vcpu *hv_again(void);

/* Ends the guest, if there is one. The stage calls this after each case. */
void hv_stop(void);

/*
 * For those who play many guests in one case: ends the guest, and leaves to the caller to put back
 * what it has changed. Virtualization stays on.
 */
void hv_end(void);

/* Has this processor VMX or SVM, and does firmware allow it? For require(), before hv_start(). */
bool hv_is_vmx(void);
bool hv_is_svm(void);

/* Makes an NMI pending while root blocks it: VMX root inside an NMI handler, SVM root by GIF=0. */
void pend_nmi(void);

/*
 * Enters the guest, which must exit next with @reason at @place (PLACE_ANY: anywhere); the exit is
 * logged. Another exit is dumped and ends the case as FAIL, or as ERROR if only a broken guest or
 * platform explains it (a failed entry, a triple fault, the guard timer, an exit without a neutral
 * name).
 */
const struct guest_exit *run_to(struct vcpu *v, enum exit_reason reason, int place);

/*
 * Enters the guest, which must reach the landing, without an exit that is logged. Another exit is
 * dumped and ends the case as FAIL.
 */
void run_to_end(struct vcpu *v);

struct exit_details vcpu_details(struct vcpu *v);

/*
 * The next entry delivers @event. A software event has an instruction, which is @length bytes long;
 * on SVM that needs the NextRIP field (CPUID 8000000AH EDX bit 3).
 */
void vcpu_inject(struct vcpu *v, u64 event);
void vcpu_inject_software(struct vcpu *v, u64 event, u32 length);

u64 vcpu_get(struct vcpu *v, enum vcpu_field field);
void vcpu_set(struct vcpu *v, enum vcpu_field field, u64 value);
struct gprs *vcpu_gprs(struct vcpu *v);

/* Bits of enum guest_state. STATE_BLOCKED_BY_STI and _MOV_SS both set SVM's one shadow bit. */
u64 vcpu_state(struct vcpu *v);
void vcpu_set_state(struct vcpu *v, u64 state);
void vcpu_set_cr2(struct vcpu *v, u64 address);

void vcpu_intercept(struct vcpu *v, enum intercept what, bool on);
void vcpu_intercept_rdmsr(struct vcpu *v, u32 msr, bool on);

/* The guest exits on exception n if bit n of @vectors is 1. */
void vcpu_intercept_exceptions(struct vcpu *v, u32 vectors);

/*
 * With options.nested_paging: the guest's accesses to the page at @address (below 2 MiB, where the
 * image is) exit with NESTED_PAGE_FAULT while it is not @present. Root sees the page in any case.
 * All pages are present when the shim starts.
 */
void vcpu_map_page(struct vcpu *v, u64 address, bool present);

/* Moves RIP past the instruction that exited, which the shim has completed for the guest. */
void vcpu_skip_instruction(struct vcpu *v);

/* Events to inject */
static inline u64 fault(u8 vector, u32 error)
{
	return event_with_error(event_make(EVENT_EXCEPTION, vector), error);
}

static inline u64 gp(u32 error)
{
	return fault(13, error);
}

static inline u64 exception(u8 vector)
{
	return event_make(EVENT_EXCEPTION, vector);
}

static inline u64 external(u8 vector)
{
	return event_make(EVENT_INTR, vector);
}

static inline u64 nmi(void)
{
	return event_make(EVENT_NMI, 2);
}

#endif
