/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMCS fields, control bits and MSRs that the shim uses, by the names of the Intel SDM's
 * appendices "Field Encoding in VMCS", "VMX Capability Reporting Facility" and of the chapter
 * "Virtual Machine Control Structures".
 */
#ifndef ORDEAL_VMX_VMCS_H
#define ORDEAL_VMX_VMCS_H

#include "base/types.h"
#include "machine/percpu.h"

enum vmcs_field {
	POSTED_INTERRUPT_VECTOR = 0x0002,
	GUEST_INTERRUPT_STATUS = 0x0810, /* RVI and, in the high byte, SVI */

	/* Segment selectors, bases, limits and access rights: ES CS SS DS FS GS LDTR TR, 2 apart */
	GUEST_SELECTOR = 0x0800,
	GUEST_LIMIT = 0x4800,
	GUEST_ACCESS_RIGHTS = 0x4814,
	GUEST_BASE = 0x6806,
	HOST_SELECTOR = 0x0c00, /* ES CS SS DS FS GS TR: no LDTR */

	MSR_BITMAP = 0x2004,
	VIRTUAL_APIC_ADDRESS = 0x2012,
	APIC_ACCESS_ADDRESS = 0x2014,
	POSTED_INTERRUPT_DESCRIPTOR = 0x2016,
	EPT_POINTER = 0x201a,
	EOI_EXIT_BITMAP = 0x201c, /* 4 of them, 2 apart */
	GUEST_PHYSICAL_ADDRESS = 0x2400,
	VMCS_LINK_POINTER = 0x2800,
	GUEST_DEBUGCTL = 0x2802,

	PIN_BASED_CONTROLS = 0x4000,
	PRIMARY_CONTROLS = 0x4002,
	EXCEPTION_BITMAP = 0x4004,
	PAGE_FAULT_ERROR_MASK = 0x4006,
	PAGE_FAULT_ERROR_MATCH = 0x4008,
	CR3_TARGET_COUNT = 0x400a,
	EXIT_CONTROLS = 0x400c,
	EXIT_MSR_STORE_COUNT = 0x400e,
	EXIT_MSR_LOAD_COUNT = 0x4010,
	ENTRY_CONTROLS = 0x4012,
	ENTRY_MSR_LOAD_COUNT = 0x4014,
	ENTRY_INTERRUPTION_INFO = 0x4016,
	ENTRY_ERROR_CODE = 0x4018,
	ENTRY_INSTRUCTION_LENGTH = 0x401a,
	TPR_THRESHOLD = 0x401c,
	SECONDARY_CONTROLS = 0x401e,
	VM_INSTRUCTION_ERROR = 0x4400,
	EXIT_REASON = 0x4402,
	EXIT_INTERRUPTION_INFO = 0x4404,
	EXIT_INTERRUPTION_ERROR = 0x4406,
	IDT_VECTORING_INFO = 0x4408,
	IDT_VECTORING_ERROR = 0x440a,
	EXIT_INSTRUCTION_LENGTH = 0x440c,

	GUEST_GDTR_LIMIT = 0x4810,
	GUEST_IDTR_LIMIT = 0x4812,
	GUEST_INTERRUPTIBILITY = 0x4824,
	GUEST_ACTIVITY = 0x4826,
	GUEST_SYSENTER_CS = 0x482a,
	GUEST_PREEMPTION_TIMER = 0x482e,
	HOST_SYSENTER_CS = 0x4c00,

	CR0_GUEST_HOST_MASK = 0x6000,
	CR4_GUEST_HOST_MASK = 0x6002,
	CR0_READ_SHADOW = 0x6004,
	EXIT_QUALIFICATION = 0x6400,
	GUEST_CR0 = 0x6800,
	GUEST_CR3 = 0x6802,
	GUEST_CR4 = 0x6804,
	GUEST_GDTR_BASE = 0x6816,
	GUEST_IDTR_BASE = 0x6818,
	GUEST_DR7 = 0x681a,
	GUEST_RSP = 0x681c,
	GUEST_RIP = 0x681e,
	GUEST_RFLAGS = 0x6820,
	GUEST_PENDING_DEBUG = 0x6822,
	GUEST_SYSENTER_ESP = 0x6824,
	GUEST_SYSENTER_EIP = 0x6826,
	HOST_CR0 = 0x6c00,
	HOST_CR3 = 0x6c02,
	HOST_CR4 = 0x6c04,
	HOST_FS_BASE = 0x6c06,
	HOST_GS_BASE = 0x6c08,
	HOST_TR_BASE = 0x6c0a,
	HOST_GDTR_BASE = 0x6c0c,
	HOST_IDTR_BASE = 0x6c0e,
	HOST_SYSENTER_ESP = 0x6c10,
	HOST_SYSENTER_EIP = 0x6c12,
	HOST_RSP = 0x6c14,
	HOST_RIP = 0x6c16,
};

/* "Activity State" */
enum activity {
	ACTIVITY_ACTIVE = 0,
	ACTIVITY_HLT = 1,
	ACTIVITY_SHUTDOWN = 2,
};

/* Place of a segment register in the rows of fields above. */
enum vmcs_segment { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR };

enum vmx_msr {
	MSR_FEATURE_CONTROL = 0x3a,
	MSR_VMX_BASIC = 0x480,
	MSR_VMX_PIN = 0x481,
	MSR_VMX_PRIMARY = 0x482,
	MSR_VMX_EXIT = 0x483,
	MSR_VMX_ENTRY = 0x484,
	MSR_VMX_MISC = 0x485,
	MSR_VMX_CR0_FIXED0 = 0x486,
	MSR_VMX_CR0_FIXED1 = 0x487,
	MSR_VMX_CR4_FIXED0 = 0x488,
	MSR_VMX_CR4_FIXED1 = 0x489,
	MSR_VMX_SECONDARY = 0x48b,
	MSR_VMX_EPT_VPID = 0x48c,
	MSR_VMX_TRUE_PIN = 0x48d, /* ... PRIMARY, EXIT, ENTRY: the same distance above */
};

enum feature_control {
	FEATURE_CONTROL_LOCK = 1 << 0,
	FEATURE_CONTROL_VMXON = 1 << 2, /* outside SMX */
};

#define VMX_BASIC_TRUE_CONTROLS BIT(55)

enum pin_based_controls {
	PIN_EXTERNAL_INTERRUPT_EXITING = 1 << 0,
	PIN_NMI_EXITING = 1 << 3,
	PIN_VIRTUAL_NMIS = 1 << 5,
	PIN_PREEMPTION_TIMER = 1 << 6,
	PIN_POSTED_INTERRUPTS = 1 << 7,
};

enum primary_controls {
	PRIMARY_INTERRUPT_WINDOW = 1 << 2,
	PRIMARY_HLT_EXITING = 1 << 7,
	PRIMARY_INVLPG_EXITING = 1 << 9,
	PRIMARY_RDTSC_EXITING = 1 << 12,
	PRIMARY_CR3_LOAD_EXITING = 1 << 15,
	PRIMARY_CR8_LOAD_EXITING = 1 << 19,
	PRIMARY_TPR_SHADOW = 1 << 21,
	PRIMARY_NMI_WINDOW = 1 << 22,
	PRIMARY_MOV_DR_EXITING = 1 << 23,
	PRIMARY_UNCONDITIONAL_IO = 1 << 24,
	PRIMARY_MTF = 1 << 27,
	PRIMARY_MSR_BITMAPS = 1 << 28,
	PRIMARY_SECONDARY = 1u << 31,
};

enum secondary_controls {
	SECONDARY_VIRTUALIZE_APIC = 1 << 0,
	SECONDARY_EPT = 1 << 1,
	SECONDARY_RDTSCP = 1 << 3,
	SECONDARY_VIRTUALIZE_X2APIC = 1 << 4,
	SECONDARY_UNRESTRICTED = 1 << 7,
	SECONDARY_APIC_REGISTERS = 1 << 8,
	SECONDARY_VIRTUAL_INTERRUPTS = 1 << 9,
	SECONDARY_INVPCID = 1 << 12,
};

enum exit_controls {
	EXIT_SAVE_DEBUG = 1 << 2,
	EXIT_HOST_64BIT = 1 << 9,
	EXIT_ACKNOWLEDGE = 1 << 15,
};

enum entry_controls {
	ENTRY_LOAD_DEBUG = 1 << 2,
	ENTRY_IA32E_GUEST = 1 << 9,
};

/* "Basic Exit Reasons" */
enum vmx_exit_reason {
	VMX_EXIT_EXCEPTION_NMI = 0,
	VMX_EXIT_EXTERNAL_INTERRUPT = 1,
	VMX_EXIT_TRIPLE_FAULT = 2,
	VMX_EXIT_INIT = 3,
	VMX_EXIT_INTERRUPT_WINDOW = 7,
	VMX_EXIT_NMI_WINDOW = 8,
	VMX_EXIT_TASK_SWITCH = 9,
	VMX_EXIT_CPUID = 10,
	VMX_EXIT_HLT = 12,
	VMX_EXIT_INVLPG = 14,
	VMX_EXIT_RDTSC = 16,
	VMX_EXIT_VMCALL = 18,
	VMX_EXIT_CR_ACCESS = 28,
	VMX_EXIT_DR_ACCESS = 29,
	VMX_EXIT_IO = 30,
	VMX_EXIT_RDMSR = 31,
	VMX_EXIT_WRMSR = 32,
	VMX_EXIT_GUEST_STATE = 33, /* entry failure */
	VMX_EXIT_MSR_LOAD = 34,	   /* entry failure */
	VMX_EXIT_MTF = 37,
	VMX_EXIT_TPR_BELOW_THRESHOLD = 43,
	VMX_EXIT_VIRTUALIZED_EOI = 45,
	VMX_EXIT_EPT_VIOLATION = 48,
	VMX_EXIT_PREEMPTION_TIMER = 52,
	VMX_EXIT_APIC_WRITE = 56,
};

#define VMX_EXIT_ENTRY_FAILURE	    BIT(31)

/*
 * "Information for VM Exits That Occur During Event Delivery": bit 12 is undefined. "Information
 * for VM Exits Due to Vectored Events": there it says that IRET had unblocked NMIs.
 */
#define VMX_VECTORING_UNDEFINED	    BIT(12)
#define VMX_NMI_UNBLOCKED	    BIT(12)

/* "Basic VM-Instruction Error Numbers" */
#define VMX_ERROR_CONTROLS	    7 /* "VM entry with invalid control field(s)" */
#define VMX_ERROR_BLOCKED_BY_MOV_SS 26

/* IA32_VMX_MISC, bits 8:6: the activity states that VM entry supports, HLT first */
#define VMX_MISC_ACTIVITY(activity) BIT(5 + (activity))

/* "Guest Segment Access Rights": unusable */
#define SEGMENT_UNUSABLE	    0x10000

/* 0 if the field does not exist here (VMfail). */
static inline u64 vmread(enum vmcs_field field)
{
	u64 value = 0;

	asm volatile("vmread %1, %0" : "+r"(value) : "r"((u64)field) : "cc");
	return value;
}

/* Reads a field that exists everywhere into memory. */
static inline void vmread_to(u64 *value, enum vmcs_field field)
{
	asm volatile("vmread %1, %0" : "=m"(*value) : "r"((u64)field) : "cc");
}

/* "Field Encoding in VMCS": bits 11:10 are 2 in the guest-state area. */
static inline bool is_guest_state(enum vmcs_field field)
{
	return (field >> 10 & 3) == 2;
}

/* For fields that the shim writes anew for each guest. */
static inline void vmwrite_unnoted(enum vmcs_field field, u64 value)
{
	asm volatile("vmwrite %1, %0" ::"r"((u64)field), "rm"(value) : "cc");
}

/*
 * Does nothing if the field does not exist here (VMfail). The guest-state area is written anew for
 * each guest; all else only if it was changed, which is noted here.
 */
static inline void vmwrite(enum vmcs_field field, u64 value)
{
	if (!is_guest_state(field))
		this_cpu.vmcs_changed = true;
	vmwrite_unnoted(field, value);
}

#endif
