/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC, in xAPIC (memory-mapped) or x2APIC (MSR) mode. Everything here runs with IF=0; a
 * scene opens the window. Sections: "Local APIC", "Extended XAPIC (x2APIC)", "APIC Timer" of the
 * Intel SDM; chapter "Advanced Programmable Interrupt Controller" of the AMD APM volume 2.
 */
#ifndef ORDEAL_LAPIC_H
#define ORDEAL_LAPIC_H

#include "base/types.h"

enum lapic_register {
	LAPIC_ID = 0x20,
	LAPIC_VERSION = 0x30,
	LAPIC_TPR = 0x80,
	LAPIC_PPR = 0xa0,
	LAPIC_EOI = 0xb0,
	LAPIC_SPURIOUS = 0xf0,
	LAPIC_ISR = 0x100,
	LAPIC_IRR = 0x200,
	LAPIC_ERROR = 0x280,
	LAPIC_LVT_CMCI = 0x2f0,
	LAPIC_ICR_LOW = 0x300,
	LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_THERMAL = 0x330,
	LAPIC_LVT_PERFORMANCE = 0x340,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
	LAPIC_SELF_IPI = 0x3f0,		 /* x2APIC only */
	LAPIC_EXTENDED_FEATURES = 0x400, /* AMD's, where the version register says so */
	LAPIC_EXTENDED_LVT = 0x500,
};

/* "Local Vector Table", "Interrupt Command Register (ICR)" */
enum {
	LVT_MASKED = 1 << 16,
	LVT_TIMER_MODE_SHIFT = 17,
	ICR_NMI = 4 << 8,
	ICR_INIT = 5 << 8,
	ICR_PENDING = 1 << 12,
	ICR_ASSERT = 1 << 14,
	ICR_SHORTHAND_SELF = 1 << 18,
	XAPIC_ID_SHIFT = 24,
	SPURIOUS_VECTOR = 0xff,
};

enum apic_choice {
	APIC_BY_DEFAULT, /* x2APIC where there is one */
	APIC_X2APIC,
	APIC_XAPIC,
};

/* Enables the LAPIC in the mode that @choice asks for, all local vectors masked, TPR 0.
 * Returns NULL, or why it cannot be done. */
const char *lapic_init(enum apic_choice choice);

/* What lapic_init() does once it knows that there is a LAPIC, which need not be enabled. */
void lapic_start(bool x2apic);

u32 lapic_read(enum lapic_register reg);
void lapic_write(enum lapic_register reg, u32 value);

/* Physical address of the registers in xAPIC mode. */
u64 lapic_address(void);

/* Sends a fixed interrupt to this CPU: the SELF IPI register in x2APIC mode, else ICR and the
 * self shorthand, waiting until the delivery status is idle. @vector: 16..255. */
void lapic_self_ipi(u8 vector);

/* The same, and nobody here is to know: noise, for its tests. */
void lapic_send_stray(u8 vector);

/* lapic_self_ipi() and lapic_timer_init() call it: from now on lapic_asked(@vector). */
void lapic_ask(u8 vector);

bool lapic_irr(u8 vector);
bool lapic_isr(u8 vector);

/* Highest vector with its bit set, or -1. */
int lapic_highest_irr(void);
int lapic_highest_isr(void);

void lapic_eoi(void);

/* @class: task-priority class, 0..15: interrupts of this class and below are held back. */
void lapic_set_tpr_class(unsigned int class);

/*
 * Has anybody here asked for this vector since the boot began: a self-IPI, the timer, or a fragment
 * of a scene?
 */
bool lapic_asked(u8 vector);

/* Highest vector that is requested or in service, and for which nobody has asked, or -1. */
int lapic_strange(void);

/* Name of the mode, "x2apic" or "xapic". */
const char *lapic_mode_name(void);

enum lapic_timer_mode {
	TIMER_ONE_SHOT = 0,
	TIMER_TSC_DEADLINE = 2,
};

bool lapic_timer_has_deadline(void);

/* Does the initial count keep what is written to it? */
bool lapic_timer_exists(void);

/* Programs the timer's vector and mode; it stays still until armed. Divider 1. */
void lapic_timer_init(u8 vector, enum lapic_timer_mode mode);

/* One-shot: @ticks of the timer's clock. TSC-deadline: @ticks of the TSC from now. At least 1. */
void lapic_timer_arm(u32 ticks);

/* Stops and masks it; an interrupt already in IRR stays there. */
void lapic_timer_stop(void);

#endif
