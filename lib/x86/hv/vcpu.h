/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the shim's neutral half (hv.c) and its two vendors: the vcpu, and the calls a vendor
 * gives.
 */
#ifndef ORDEAL_HV_VCPU_H
#define ORDEAL_HV_VCPU_H

#include "hv/hv.h"
#include "hv/vcpu_layout.h"

struct vcpu {
	struct gprs gprs;     /* the guest's; RSP, and SVM's RAX, are in the control structure */
	u64 launched;	      /* VMX: VMX_BY_*; after the first exit VMX_BY_RESUME */
	u64 control_physical; /* SVM: the VMCB */
	u64 host_physical;    /* SVM: where the host's VMLOAD state is kept */
	u64 host_rflags;      /* SVM: RFLAGS of root at VMRUN, where GIF is 0 */
	u64 host_opener;      /* SVM: the code that executes VMRUN, with or without STI before it */
	const struct hv_vendor *vendor;
	struct guest_exit exit; /* RIP, RSP and state are kept as the case sets them */
	u64 event;		/* to be injected at the next entry; 0: nothing */
	bool wrong;		/* it misbehaves on purpose (hv/wrong.h) */
	bool nmis_stay_blocked; /* VMX: after an NMI exit root executes no IRET */
	bool nested_paging;	/* as the case asked for */
	bool entered;		/* the first entry is logged only if it injects */
};

/*
 * One vendor. Every function is there for both, in the same order in both files.
 */
struct hv_vendor {
	const char *name; /* "VMX" */

	/* NULL if the CPU has it and firmware allows it, else which bit or MSR forbids it. */
	const char *(*unavailable)(void);

	/* VMXON; EFER.SVME. NULL, or what went wrong. */
	const char *(*on)(void);
	void (*off)(void);

	/* Control structure for a clone of the running context as guest. NULL, or the control
	 * that this CPU does not offer. */
	const char *(*set_up)(struct vcpu *v, struct hv_options options);

	/* Enters with v->event. NULL after an exit; else there was none, and this is why (VMX
	 * only). */
	const char *(*enter)(struct vcpu *v);

	/* After EXIT_ENTRY_FAILED: the field that looks wrong. */
	const char *(*suspect)(void);
	void (*decode)(struct vcpu *v, struct guest_exit *exit);
	struct exit_details (*details)(struct vcpu *v);

	u64 (*get)(struct vcpu *v, enum vcpu_field field);
	void (*set)(struct vcpu *v, enum vcpu_field field, u64 value);
	void (*set_event_length)(struct vcpu *v, u32 length);
	u64 (*state)(struct vcpu *v);
	void (*set_state)(struct vcpu *v, u64 state);
	void (*set_cr2)(struct vcpu *v, u64 address);
	void (*intercept)(struct vcpu *v, enum intercept what, bool on);
	void (*intercept_rdmsr)(struct vcpu *v, u32 msr, bool on);

	void (*intercept_exceptions)(struct vcpu *v, u32 vectors);
	void (*map_page)(struct vcpu *v, u64 address, bool present);

	/* The instruction that calls the hypervisor: three bytes. */
	u8 hypercall[3];
};

extern const struct hv_vendor vmx_vendor, svm_vendor;

#endif
