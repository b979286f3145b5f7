/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMCB, and the MSRs and bits that the shim uses, by the names of the AMD APM volume 2,
 * appendix "Layout of VMCB" and chapter "Secure Virtual Machine".
 */
#ifndef ORDEAL_SVM_VMCB_H
#define ORDEAL_SVM_VMCB_H

#include "types.h"

struct vmcb_segment {
	u16 selector;
	u16 attributes; /* descriptor bits 55:52 and 47:40 */
	u32 limit;
	u64 base;
};

struct vmcb {
	/* Control area */
	u32 intercept_cr;
	u32 intercept_dr;
	u32 intercept_exceptions;
	u32 intercept_misc1;
	u32 intercept_misc2;
	u8 skipped1[0x040 - 0x014];
	u64 iopm;
	u64 msrpm;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 skipped2[3];
	u64 virtual_interrupt; /* V_TPR, V_IRQ, V_INTR_MASKING ... */
	u64 interrupt_shadow;
	u64 exit_code;
	u64 exit_info1;
	u64 exit_info2;
	u64 exit_int_info;
	u64 nested_paging;
	u8 skipped3[0x0a8 - 0x098];
	u64 event_injection;
	u64 nested_cr3;
	u64 lbr;
	u32 clean;
	u32 skipped4;
	u64 next_rip;
	u8 skipped5[0x400 - 0x0d0];

	/* State save area */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 skipped6[0x4cb - 0x4a0];
	u8 cpl;
	u32 skipped7;
	u64 efer;
	u8 skipped8[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 skipped9[0x5d8 - 0x580];
	u64 rsp;
	u8 skipped10[0x5f8 - 0x5e0];
	u64 rax;
	u64 star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
	u64 cr2;
	u8 skipped11[0x668 - 0x648];
	u64 g_pat;
	u64 debugctl;
	u8 skipped12[0x1000 - 0x678];
};

#define ASSERT_VMCB(member, offset)                                                                \
	_Static_assert(offsetof(struct vmcb, member) == (offset), "Layout of VMCB: " #member)
ASSERT_VMCB(iopm, 0x040);
ASSERT_VMCB(asid, 0x058);
ASSERT_VMCB(interrupt_shadow, 0x068);
ASSERT_VMCB(exit_int_info, 0x088);
ASSERT_VMCB(event_injection, 0x0a8);
ASSERT_VMCB(nested_cr3, 0x0b0);
ASSERT_VMCB(next_rip, 0x0c8);
ASSERT_VMCB(es, 0x400);
ASSERT_VMCB(tr, 0x490);
ASSERT_VMCB(cpl, 0x4cb);
ASSERT_VMCB(efer, 0x4d0);
ASSERT_VMCB(cr4, 0x548);
ASSERT_VMCB(rip, 0x578);
ASSERT_VMCB(rsp, 0x5d8);
ASSERT_VMCB(rax, 0x5f8);
ASSERT_VMCB(cr2, 0x640);
ASSERT_VMCB(g_pat, 0x668);
_Static_assert(sizeof(struct vmcb) == 4096, "Layout of VMCB");

enum svm_msr {
	MSR_VM_CR = 0xc0010114,
	MSR_VM_HSAVE_PA = 0xc0010117,
};

enum {
	VM_CR_SVMDIS = 1 << 4,
	CPUID_80000001_ECX_SVM = 1 << 2,
	CPUID_8000000A_EDX_NPT = 1 << 0,
	CPUID_8000000A_EDX_NRIPS = 1 << 3,
	SVM_LEAF = 0x8000000a,
};

/* Intercepts, first word (VMCB offset 00Ch) and second (010h) */
enum intercept_misc1 {
	MISC1_INTR = 1 << 0,
	MISC1_NMI = 1 << 1,
	MISC1_VINTR = 1 << 4,
	MISC1_CPUID = 1 << 18,
	MISC1_HLT = 1 << 24,
	MISC1_IO = 1 << 27,
	MISC1_MSR = 1 << 28,
	MISC1_SHUTDOWN = 1u << 31,
};

enum intercept_misc2 {
	MISC2_VMRUN = 1 << 0,
	MISC2_VMMCALL = 1 << 1,
	MISC2_ICEBP = 1 << 8,
};

/* "Virtual Interrupts": the qword at VMCB offset 060H; V_TPR is its lowest byte */
enum virtual_interrupt {
	V_IRQ = 1 << 8,
	V_INTR_PRIO_SHIFT = 16,
	V_IGN_TPR = 1 << 20,
	V_INTR_MASKING = 1 << 24,
	V_INTR_VECTOR_SHIFT = 32,
};

enum {
	SHADOW_ACTIVE = 1 << 0,
	NESTED_PAGING_ENABLE = 1 << 0,
};

/* "SVM Intercept Codes" */
#define SVM_EXIT_EXCEPTION_FIRST 0x40ull
#define SVM_EXIT_EXCEPTION_LAST	 0x5full
#define SVM_EXIT_INTR		 0x60ull
#define SVM_EXIT_NMI		 0x61ull
#define SVM_EXIT_VINTR		 0x64ull
#define SVM_EXIT_CPUID		 0x72ull
#define SVM_EXIT_HLT		 0x78ull
#define SVM_EXIT_MSR		 0x7cull
#define SVM_EXIT_SHUTDOWN	 0x7full
#define SVM_EXIT_VMMCALL	 0x81ull
#define SVM_EXIT_ICEBP		 0x88ull
#define SVM_EXIT_NPF		 0x400ull
#define SVM_EXIT_INVALID	 (~0ull)

#endif
