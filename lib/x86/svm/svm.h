/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the SVM half: what its files call of each other.
 */
#ifndef ORDEAL_SVM_SVM_H
#define ORDEAL_SVM_SVM_H

#include "hv/vcpu.h"
#include "svm/vmcb.h"

/* The one VMCB; in svm.c. */
extern struct vmcb svm_vmcb;

/* setup.c: fills the VMCB. NULL, or the feature that this CPU does not offer. */
const char *svm_set_up(struct vcpu *v, struct hv_options options);

/* svm.c: the bit in the VMCB. */
void svm_set_intercept(enum svm_intercept what, bool on);

/* setup.c: the bit of the I/O permissions map. */
void svm_set_port_intercept(u16 port, bool on);

/* setup.c */
void svm_intercept_rdmsr(struct vcpu *v, u32 msr, bool on);

/* npt.c: value of nCR3 for an identity map of the first 4 GiB. */
u64 svm_identity_npt(void);

/* npt.c */
void svm_map_page(struct vcpu *v, u64 address, bool present);

/* failure.c: which field looks wrong after VMEXIT_INVALID; @event: EVENTINJ as it was at VMRUN. */
const char *svm_suspect_field(u64 event);

/* entry.S */
int svm_enter(struct vcpu *v);
void svm_gif_window(u64 rflags, void (*before)(void), void (*after)(void));
extern const u8 svm_opener[], svm_opener_sti[];
extern const u8 svm_vmrun[], svm_returned[], svm_gif_opened[], svm_gif_closed[];

#endif
