/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the shim's neutral half and its two vendors: what both know of a vcpu, and the calls that
 * a vendor provides. A vendor's own vcpu (struct vmx_vcpu, struct svm_vcpu) begins with this one
 * and owns what its processor reads and writes.
 */
#ifndef ORDEAL_HV_VCPU_H
#define ORDEAL_HV_VCPU_H

#include "hv/hv.h"
#include "inner/situation.h"
#include "machine/segments.h"

struct vcpu {
	/* For entry.S: hv/vcpu_layout.h */
	struct gprs gprs; /* the guest's; RSP, and SVM's RAX, are in the control structure */
	u64 root_rsp;	  /* while the guest runs */
	const u8 *opener; /* the vendor's code of the next entry */
	u64 root_rflags;  /* SVM: RFLAGS of root at VMRUN, where GIF is 0 */
	u64 control;	  /* SVM: physical address of the VMCB */

	const struct hv_vendor *vendor;
	struct guest_exit exit;		/* RIP, RSP and state are kept as the case sets them */
	u64 event;			/* to be injected at the next entry; 0: nothing */
	bool nested_paging, reads_msrs; /* as the case asked for */
	u64 lost_page;			/* that nested paging lacks; 0: none */
	u8 written;			/* enum written: what the case has set, for hv/note.c */
	bool entered;			/* the first entry is logged only if it injects */
	struct machine_state before;	/* of root, when the guest was started */
};

/* What the control structure says before an entry or after an exit: absolute values, also of what
 * struct vm_entry has only if root has written it. */
struct guest_note {
	struct vm_entry entry;
	u64 rip, rflags;
};

/* One vendor. Both provide every function, in the same order, in vmx/vmx.c and svm/svm.c. */
struct hv_vendor {
	const char *name; /* "VMX" */

	/* NULL if the CPU has it and firmware allows it, else which bit or MSR forbids it. */
	const char *(*unavailable)(void);

	/* This processor's vcpu. */
	struct vcpu *(*vcpu)(void);

	/*
	 * Switches VMX or SVM on unless it is on, for this vcpu's guest. NULL, or what went wrong.
	 * VMX or SVM stays on when the guest has ended, which pause() says; off() comes after that.
	 */
	const char *(*on)(struct vcpu *v);
	void (*pause)(struct vcpu *v);
	void (*off)(struct vcpu *v);

	/*
	 * Fills the control structure for a guest that is a clone of the running context, which is
	 * in v->before. NULL, or the control that this CPU does not offer.
	 */
	const char *(*set_up)(struct vcpu *v);

	/*
	 * Enters, delivering v->event. NULL after an exit, which v->exit describes; else why there
	 * was no entry (VMX only).
	 */
	const char *(*enter)(struct vcpu *v);

	/* After EXIT_ENTRY_FAILED: which field of the control structure looks wrong. */
	const char *(*suspect)(struct vcpu *v);
	struct exit_details (*details)(struct vcpu *v);
	u32 (*instruction_length)(struct vcpu *v); /* as struct exit_details has it */

	/* The next entry delivers @event. Honest vendors use vcpu_queue(). */
	void (*inject)(struct vcpu *v, u64 event);
	void (*set_event_length)(struct vcpu *v, u32 length);

	u64 (*get)(struct vcpu *v, enum vcpu_field field);
	void (*set)(struct vcpu *v, enum vcpu_field field, u64 value);
	u64 (*state)(struct vcpu *v);
	void (*set_state)(struct vcpu *v, u64 state);
	void (*set_cr2)(struct vcpu *v, u64 address);
	void (*intercept)(struct vcpu *v, enum intercept what, bool on);
	void (*intercept_rdmsr)(struct vcpu *v, u32 msr, bool on);
	void (*intercept_exceptions)(struct vcpu *v, u32 vectors);
	void (*map_page)(struct vcpu *v, u64 address, bool present);

	/* Only in images that ask the model (vmx/note.c, svm/note.c): describes the guest. NULL, or
	 * what of it is not in the model's world. */
	const char *(*note)(struct vcpu *v, struct guest_note *note);

	/* Lets root take a pending interrupt, which an honest shim never does. */
	void (*take_interrupt)(void);

	/* The instruction that calls the hypervisor, and UD2, which ends what a translator of code
	 * sees of the landing. */
	u8 hypercall[5];
};

extern const struct hv_vendor vmx_vendor, svm_vendor;

/*
 * Keeps @event (0: none) for the next entry. Bare hardware saves RF=1 with a fault; an injected
 * fault saves what the guest's RFLAGS hold, so this sets RF there.
 */
void vcpu_queue(struct vcpu *v, u64 event);

/* hv/note.c, only in images that ask the model: the guest is about to be entered, and has left. */
void __attribute__((weak)) hv_note_entry(struct vcpu *v);
void __attribute__((weak)) hv_note_exit(struct vcpu *v);

#endif
