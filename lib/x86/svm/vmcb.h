/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMCB, and the MSRs and bits that the shim uses, by the names of the AMD APM volume 2,
 * appendix "Layout of VMCB" and chapter "Secure Virtual Machine".
 */
#ifndef ORDEAL_SVM_VMCB_H
#define ORDEAL_SVM_VMCB_H

#include "base/types.h"

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
	u32 intercepts[3]; /* enum svm_intercept */
	u8 skipped1[0x040 - 0x018];
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
	SVM_LEAF = 0x8000000a,
};

/* CPUID 8000000AH EDX: "SVM Features" */
enum svm_feature {
	CPUID_8000000A_EDX_NPT = 1 << 0,
	CPUID_8000000A_EDX_NRIPS = 1 << 3,
	CPUID_8000000A_EDX_VGIF = 1 << 16,
	CPUID_8000000A_EDX_VNMI = 1 << 25,
	CPUID_8000000A_EDX_IDLE_HLT = 1 << 30,
};

/* Intercepts: bit n % 32 of the word at VMCB offset 00Ch + n / 32 * 4 */
enum svm_intercept {
	SVM_INTERCEPT_INTR = 0,
	SVM_INTERCEPT_NMI = 1,
	SVM_INTERCEPT_INIT = 3,
	SVM_INTERCEPT_VINTR = 4,
	SVM_INTERCEPT_RDTSC = 14,
	SVM_INTERCEPT_RDPMC = 15,
	SVM_INTERCEPT_PUSHF = 16,
	SVM_INTERCEPT_POPF = 17,
	SVM_INTERCEPT_CPUID = 18,
	SVM_INTERCEPT_RSM = 19,
	SVM_INTERCEPT_IRET = 20,
	SVM_INTERCEPT_INTN = 21,
	SVM_INTERCEPT_HLT = 24,
	SVM_INTERCEPT_INVLPG = 25,
	SVM_INTERCEPT_IO = 27,
	SVM_INTERCEPT_MSR = 28,
	SVM_INTERCEPT_SHUTDOWN = 31,
	SVM_INTERCEPT_VMRUN = 32,
	SVM_INTERCEPT_VMMCALL = 33,
	SVM_INTERCEPT_STGI = 36,
	SVM_INTERCEPT_CLGI = 37,
	SVM_INTERCEPT_ICEBP = 40,
	SVM_INTERCEPT_WBINVD = 41,
	SVM_INTERCEPT_MONITOR = 42,
	SVM_INTERCEPT_XSETBV = 45,
	SVM_INTERCEPT_IDLE_HLT = 70,
};

/* "Virtual Interrupts": the qword at VMCB offset 060H; V_TPR is its lowest byte */
enum virtual_interrupt {
	V_TPR_MASK = 0xff,
	V_IRQ = 1 << 8,
	V_GIF = 1 << 9,
	V_NMI = 1 << 11,
	V_NMI_MASK = 1 << 12,
	V_INTR_PRIO_SHIFT = 16,
	V_IGN_TPR = 1 << 20,
	V_INTR_MASKING = 1 << 24,
	V_GIF_ENABLE = 1 << 25,
	V_NMI_ENABLE = 1 << 26,
	V_INTR_VECTOR_SHIFT = 32,
};

/* "TLB Control" */
enum {
	TLB_FLUSH_NOTHING = 0,
	TLB_FLUSH_ALL = 1,
};

enum {
	SHADOW_ACTIVE = 1 << 0,
	NESTED_PAGING_ENABLE = 1 << 0,
};

/* "SVM Intercept Codes" */
#define SVM_EXIT_CR_FIRST	 0x00ull /* reads, then writes */
#define SVM_EXIT_CR_LAST	 0x1full
#define SVM_EXIT_DR_FIRST	 0x20ull
#define SVM_EXIT_DR_LAST	 0x3full
#define SVM_EXIT_EXCEPTION_FIRST 0x40ull
#define SVM_EXIT_EXCEPTION_LAST	 0x5full
#define SVM_EXIT_INTR		 0x60ull
#define SVM_EXIT_NMI		 0x61ull
#define SVM_EXIT_INIT		 0x63ull
#define SVM_EXIT_VINTR		 0x64ull
#define SVM_EXIT_RDTSC		 0x6eull
#define SVM_EXIT_RDPMC		 0x6full
#define SVM_EXIT_PUSHF		 0x70ull
#define SVM_EXIT_POPF		 0x71ull
#define SVM_EXIT_CPUID		 0x72ull
#define SVM_EXIT_RSM		 0x73ull
#define SVM_EXIT_IRET		 0x74ull
#define SVM_EXIT_INTN		 0x75ull
#define SVM_EXIT_HLT		 0x78ull
#define SVM_EXIT_INVLPG		 0x79ull
#define SVM_EXIT_IO		 0x7bull
#define SVM_EXIT_MSR		 0x7cull
#define SVM_EXIT_SHUTDOWN	 0x7full
#define SVM_EXIT_VMMCALL	 0x81ull
#define SVM_EXIT_STGI		 0x84ull
#define SVM_EXIT_CLGI		 0x85ull
#define SVM_EXIT_ICEBP		 0x88ull
#define SVM_EXIT_WBINVD		 0x89ull
#define SVM_EXIT_MONITOR	 0x8aull
#define SVM_EXIT_XSETBV		 0x8dull
#define SVM_EXIT_NPF		 0x400ull
#define SVM_EXIT_INVALID	 (~0ull)

#endif
