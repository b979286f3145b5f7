/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of architectural bits, vectors, MSRs and selectors, in the manuals' own terms. Usable from
 * assembly as well as C, hence macros and not enums. Citations are section titles of the Intel SDM
 * unless "APM" is said.
 */
#ifndef ORDEAL_BITS_H
#define ORDEAL_BITS_H

/* "Control Registers" */
#define CR0_PE		 (1 << 0)
#define CR0_MP		 (1 << 1)
#define CR0_EM		 (1 << 2)
#define CR0_TS		 (1 << 3)

/* "x87 FPU Status Register", and the control word that FNINIT loads: "x87 FPU Control Word" */
#define FSW_ES		 (1 << 7)
#define FCW_FNINIT	 0x37f
#define CR0_NE		 (1 << 5)
#define CR0_WP		 (1 << 16)
#define CR0_AM		 (1 << 18)
#define CR0_PG		 (1 << 31)
#define CR4_PVI		 (1 << 1)
#define CR4_TSD		 (1 << 2)
#define CR4_DE		 (1 << 3)
#define CR4_PAE		 (1 << 5)
#define CR4_OSFXSR	 (1 << 9)
#define CR4_OSXMMEXCPT	 (1 << 10)
#define CR4_VMXE	 (1 << 13)
#define CR4_OSXSAVE	 (1 << 18)

/* "System Flags and Fields in the EFLAGS Register" */
#define RFLAGS_FIXED	 (1 << 1)
#define RFLAGS_ZF	 (1 << 6)
#define RFLAGS_TF	 (1 << 8)
#define RFLAGS_IF	 (1 << 9)
#define RFLAGS_NT	 (1 << 14)
#define RFLAGS_RF	 (1 << 16)
#define RFLAGS_AC	 (1 << 18)
#define RFLAGS_VIF	 (1 << 19)
#define RFLAGS_VIP	 (1 << 20)
#define RFLAGS_ID	 (1 << 21)
#define RFLAGS_IOPL3	 (3 << 12)

/* "Debug Registers" */
#define DR6_B0		 (1 << 0)
#define DR6_B1		 (1 << 1)
#define DR6_B0_TO_B3	 0xf
#define DR6_BD		 (1 << 13)
#define DR6_BS		 (1 << 14)
#define DR6_RESET	 0xffff0ff0
#define DR7_RESET	 0x400
#define DR7_G0		 (1 << 1) /* global enable of breakpoint 0; R/W0=0, LEN0=0: execution */
#define DR7_GE		 (1 << 9)
#define DR7_GD		 (1 << 13)

/* "Error Code": the rest is the selector, or the vector times 8 */
#define ERROR_EXT	 (1 << 0)
#define ERROR_IDT	 (1 << 1)

/* "Exception and Interrupt Vectors" (table "Protected-Mode Exceptions and Interrupts") */
#define DE_VECTOR	 0
#define DB_VECTOR	 1
#define NMI_VECTOR	 2
#define BP_VECTOR	 3
#define OF_VECTOR	 4
#define BR_VECTOR	 5
#define UD_VECTOR	 6
#define NM_VECTOR	 7
#define DF_VECTOR	 8
#define TS_VECTOR	 10
#define NP_VECTOR	 11
#define SS_VECTOR	 12
#define GP_VECTOR	 13
#define PF_VECTOR	 14
#define MF_VECTOR	 16
#define AC_VECTOR	 17
#define MC_VECTOR	 18
#define XM_VECTOR	 19
#define VE_VECTOR	 20
#define CP_VECTOR	 21
#define HV_VECTOR	 28
#define VC_VECTOR	 29
#define SX_VECTOR	 30
#define FIRST_IRQ_VECTOR 32

/* "Page-Fault Error Code" */
#define PF_PRESENT	 (1 << 0)
#define PF_WRITE	 (1 << 1)
#define PF_USER		 (1 << 2)
#define PF_FETCH	 (1 << 4)

/* Model-specific registers: "Architectural MSRs" */
#define MSR_APIC_BASE	 0x1b
#define APIC_BASE_BSP	 (1 << 8)
#define APIC_BASE_EXTD	 (1 << 10)
#define APIC_BASE_EN	 (1 << 11)
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC	 0x800
#define MSR_EFER	 0xc0000080
#define EFER_SCE	 (1 << 0)
#define EFER_LME	 (1 << 8)
#define EFER_LMA	 (1 << 10)
#define EFER_NXE	 (1 << 11)
#define EFER_SVME	 (1 << 12)
#define MSR_STAR	 0xc0000081
#define MSR_LSTAR	 0xc0000082
#define MSR_FMASK	 0xc0000084
#define MSR_FS_BASE	 0xc0000100
#define MSR_GS_BASE	 0xc0000101
#define MSR_KERNEL_GS	 0xc0000102
#define MSR_SYSENTER_CS	 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_DEBUGCTL	 0x1d9
#define DEBUGCTL_BTF	 (1 << 1)
#define MSR_PAT		 0x277
#define MSR_S_CET	 0x6a2
#define MSR_MICROCODE	 0x8b /* IA32_BIOS_SIGN_ID; AMD: the patch level */

/* "Paging": entries of the four levels */
#define PTE_P		 (1 << 0)
#define PTE_W		 (1 << 1)
#define PTE_U		 (1 << 2)
#define PTE_PWT		 (1 << 3)
#define PTE_PCD		 (1 << 4)
#define PTE_PS		 (1 << 7)

/* Our GDT: the order SYSCALL/SYSRET ("Fast System Calls in 64-Bit Mode") wants. */
#define SEL_CODE64	 0x08
#define SEL_DATA	 0x10
#define SEL_CODE32	 0x18
#define SEL_USER_CODE32	 0x20
#define SEL_USER_DATA	 0x28
#define SEL_USER_CODE64	 0x30
#define SEL_TSS		 0x38
#define SEL_NOT_PRESENT	 0x48 /* data, P=0 */
#define SEL_BEYOND	 0x58 /* beyond the GDT's end */
#define SEL_RPL3	 3

/* Interrupt stack table slots ("Interrupt Stack Table"); 0 means: stay on the current stack. */
#define IST_NONE	 0
#define IST_NMI		 1
#define IST_DB		 2
#define IST_DF		 3
#define IST_MC		 4
#define IST_IRQ		 5
#define IST_FAULT	 6
#define IST_COUNT	 6
#define IST_ABSENT	 7 /* on a page that is not present */

/* How we were booted. */
#define BOOT_MULTIBOOT	 1
#define BOOT_PVH	 2

#endif
