/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What SVM keeps for a processor and for a vcpu, and what the files of this directory call of each
 * other.
 */
#ifndef ORDEAL_SVM_SVM_H
#define ORDEAL_SVM_SVM_H

#include "hv/identity_map.h"
#include "hv/vcpu.h"
#include "svm/vmcb.h"

/*
 * A processor with EFER.SVME set: the area in which VMRUN saves host state ("VM_HSAVE_PA MSR"), and
 * what the shim itself saves of it ("VMSAVE and VMLOAD Instructions"), once: the guest begins with
 * root's FS, GS, TR, LDTR and system-call MSRs, and root, which uses none of them, gets its own
 * back when the guest has ended.
 */
struct svm_cpu {
	u8 host_save_area[PAGE_SIZE] PAGE_ALIGNED;
	struct vmcb vmsave_state PAGE_ALIGNED;
};

/* A vcpu: its VMCB, and the pages that the VMCB leads to. */
struct svm_vcpu {
	struct vcpu vcpu;   /* first: to_svm() */
	u64 event_at_entry; /* EVENTINJ of the last VMRUN: #VMEXIT clears it */
	struct vmcb vmcb PAGE_ALIGNED;
	bool maps_changed; /* by a case: the two that follow */
	u8 msrpm[2 * PAGE_SIZE] PAGE_ALIGNED;
	u8 iopm[3 * PAGE_SIZE] PAGE_ALIGNED;
	struct identity_map npt;
};

/* For the functions of svm_vendor, which are only ever given SVM's vcpu. */
static inline struct svm_vcpu *to_svm(struct vcpu *v)
{
	return (struct svm_vcpu *)v;
}

/* svm.c: @v, whose guest this must be; else the boot ends. For the calls that cases make. */
struct svm_vcpu *svm_current(struct vcpu *v);

/* setup.c: fills the VMCB. NULL, or the feature that this CPU does not offer. */
const char *svm_set_up(struct svm_vcpu *s);

/* setup.c: the bit in the VMCB, and that of the I/O permissions map. */
void svm_set_intercept(struct vmcb *c, enum svm_intercept what, bool on);
void svm_set_port_intercept(struct svm_vcpu *s, u16 port, bool on);

/* setup.c: the bit of the MSR permissions map: of reads, or @write. */
void svm_intercept_rdmsr(struct vcpu *v, u32 msr, bool on);
void svm_intercept_msr(struct vcpu *v, u32 msr, bool write, bool on);

/* npt.c: builds the vcpu's nested page tables; returns the value of nCR3. */
u64 svm_identity_npt(struct svm_vcpu *s);

/* npt.c: implements vcpu_map_page(). */
void svm_map_page(struct vcpu *v, u64 address, bool present);

/* note.c, if it is linked: the guest as the model knows it. */
const char *__attribute__((weak)) svm_note(struct vcpu *v, struct guest_note *note);

/* failure.c: which field looks wrong after VMEXIT_INVALID. */
const char *svm_suspect_field(struct vcpu *v);

/*
 * entry.S: loads the guest's registers but RAX, which the VMCB holds, and enters by v->opener;
 * stores them after the exit. The second and third of the openers load v->root_rflags first.
 */
void svm_enter(struct vcpu *v);
extern const u8 svm_opener[], svm_opener_flags[], svm_opener_sti[];
extern const u8 svm_vmrun[], svm_returned[];

/*
 * entry.S: loads @rflags and calls @before while GIF is 0; then opens GIF, and calls @after.
 */
void svm_gif_window(u64 rflags, void (*before)(void), void (*after)(void));
extern const u8 svm_gif_opened[], svm_gif_closed[];

#endif
