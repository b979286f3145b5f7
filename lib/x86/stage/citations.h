/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections of the manuals that cases of several files cite, by title: section numbers change with
 * every edition. SDM is Intel's manual, APM is AMD's. What only one file cites stands in that file.
 */
#ifndef ORDEAL_CITATIONS_H
#define ORDEAL_CITATIONS_H

#define PRIORITY_TABLE	 "SDM 3A, Priority Among Concurrent Events"
#define PRIORITY	 PRIORITY_TABLE "; APM 2, Priorities"
#define STI_PAGE	 "SDM 2B, STI-Set Interrupt Flag"
#define STI_SHADOW	 STI_PAGE "; APM 3, STI"
#define SWITCHING_STACKS "SDM 3A, Masking Exceptions and Interrupts When Switching Stacks"
#define HALT		 "SDM 2A, HLT-Halt; APM 3, HLT"

/* Debug exceptions */
#define SINGLE_STEP_SDM	 "SDM 3B, Single-Step Exception Condition"
#define SINGLE_STEP	 SINGLE_STEP_SDM "; APM 2, Single Stepping"

/* Delivery that faults */
#define PAGE_FAULT	 "SDM 3A, Page-Fault Exception; APM 2, Page-Fault Exception"
#define DOUBLE_FAULT	 "SDM 3A, Double Fault Exception; APM 2, Double-Fault Exception"

/* Guests of either vendor */
#define EVENT_INJECTION	 "SDM 3C, Event Injection; APM 2, Event Injection"
#define FAULTS_VS_EXITS                                                                            \
	"SDM 3C, Relative Priority of Faults and VM Exits; APM 2, Instruction Intercepts"

/* Guests under VMX */
#define VMX_INTERRUPTIBILITY "SDM 3C, Interruptibility State"
#define PENDING_DEBUG	     "SDM 3C, Delivery of Pending Debug Exceptions after VM Entry"
#define IDT_VECTORING	     "SDM 3C, Information for VM Exits During Event Delivery"
#define VMX_TIMER	     "SDM 3C, VMX-Preemption Timer"
#define MONITOR_TRAP_FLAG    "SDM 3C, Monitor Trap Flag"
#define SAVED_STATE	     "SDM 3C, Saving Non-Register State"

/* Guests under SVM */
#define EXITINTINFO	     "APM 2, Intercepts During IDT Interrupt Delivery"
#define VIRTUAL_INTERRUPTS   "APM 2, Injecting Virtual (INTR) Interrupts"
#define VIRTUAL_NMI	     "APM 2, NMI Virtualization"

#endif
