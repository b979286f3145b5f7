/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated world in a guest: the scene and its handlers are the guest, and a right hypervisor
 * runs it by one law. docs/guest-world.md.
 */
#ifndef ORDEAL_X86_GUEST_H
#define ORDEAL_X86_GUEST_H

#include "base/bits.h"
#include "hv/vcpu.h"
#include "world/world.h"

/* Answers an exit: afterwards the guest is entered again. NULL, or why that cannot be. */
typedef const char *answer(struct vcpu *v);

/* A law: what exits, and what is done then. An exit without an answer ends the scene. */
struct law {
	u32 exceptions; /* a bit for each vector that exits */
	u64 exits;	/* a bit for each enum exit_reason that is asked for */
	u64 needs;	/* those of them without which the law has no meaning */
	answer *answers[EXIT_REASON_COUNT];
};

/* laws.c: the law of this boot; a bad argument is an error of the case. */
enum law_name law_of_boot(void);
extern const struct law laws[LAW_COUNT];

/* An access that exited: to CR or DR @number, or port @number. */
struct exit_access {
	u16 number;
	bool write; /* to it: MOV to CR, OUT */
	u8 bytes;   /* of a port */
	u8 gpr;	    /* the register of MOV, as instructions encode it */
};

/* What the laws need of a vendor: svm.c and vmx.c. */
struct half {
	/* Asks for exits of this reason, or no more. false: the vendor, or this CPU, has none. */
	bool (*exit_on)(struct vcpu *v, enum exit_reason reason, bool on);

	/* NULL, or why this CPU cannot have the law: no hypervisor could be right there. */
	const char *(*obstacle)(struct vcpu *v, const struct law *law);

	/*
	 * Before the first entry: an NMI may be @pending, behind NMIs that are blocked in root. The
	 * guest begins as a scene does that is entered by IRET, or (@blocked) with NMIs blocked.
	 */
	void (*pass_nmi)(struct vcpu *v, const struct law *law, bool pending, bool blocked);

	/*
	 * After EXIT_EXCEPTION: the event to inject for it. What its delivery would have changed is
	 * changed: CR2, DR6, DR7.GD.
	 */
	u64 (*exception)(struct vcpu *v);

	/* The instruction that exited is to be executed when the guest is entered again. */
	void (*restart)(struct vcpu *v);

	/* The guest's CPL when it left. */
	unsigned int (*cpl)(struct vcpu *v);

	/* After EXIT_CR_ACCESS, EXIT_DR_ACCESS or EXIT_IO. */
	struct exit_access (*access)(struct vcpu *v);

	/* What the last exit has of CR2 and DR6 is lost. */
	void (*lose_address)(struct vcpu *v);

	/* The next entry delivers the #DB of these causes, bits of DR6, beside what is pending. */
	void (*trap)(struct vcpu *v, u32 causes);

	/* Sends an NMI to root, which has it for the guest. */
	void (*send_nmi)(struct vcpu *v);

	/* After EXIT_NMI: makes the NMI root's, so that it does not come again. */
	void (*take_nmi)(struct vcpu *v);

	/* Lets root take what waits for it, and ends that. */
	void (*open_root)(void);
	void (*close_root)(void);

	/* Leaves the guest, from inside it. */
	void (*hypercall)(void);
};
extern const struct half svm_half, vmx_half;

/* guest.c: that of this processor; and what the guest is to play. */
const struct half *half(void);
const struct situation *played(void);

/* Is this the law of the boot, and the hypervisor to break it (wrong=law)? */
bool is_wrong(enum law_name law);

/* Has an exception exited before in this scene? From now on it has. */
bool guest_has_faulted(void);

/* answers.c: */
answer inject_again, arrive_and_inject, inject_and_arrive, run_again, run_msr, step_on, refuse;

/* emulate.c: */
answer do_cpuid, do_rdmsr, do_wrmsr, do_io, do_control_register, do_debug_register, do_invlpg,
	do_wbinvd, do_rdtsc;

/* held.c: */
answer take_interrupt, take_at_window, take_nmi, inject_nmi;

/* answers.c: the event comes with the next entry, and ends the shadow in which the guest is. */
void inject(struct vcpu *v, u64 event);
void end_shadow(struct vcpu *v);

#endif
