/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our GDT, IDT and TSS. Every vector's gate leads to its stub in entry.S; a case chooses the gate's
 * type and interrupt stack, and desc_reset() puts all gates back.
 */
#ifndef ORDEAL_DESC_H
#define ORDEAL_DESC_H

#include "base/types.h"
#include "base/bits.h"

/* "IDT Descriptors": an interrupt gate clears IF on entry, a trap gate leaves it. */
enum gate_type {
	INTERRUPT_GATE = 0xe,
	TRAP_GATE = 0xf,
};

struct descriptor_pointer {
	u16 limit; /* size in bytes, minus 1 */
	u64 base;
} __attribute__((packed));

/* Loads GDT, IDT, TSS. Call once, before anything can fault. */
void desc_init(void);

/* Restores the whole IDT: all gates are interrupt gates, on the current stack but for NMI, #DB, #DF
 * and #MC, which have stacks of their own. */
void desc_reset(void);

/* @ist: IST_NONE or IST_*; @dpl: highest CPL that may reach the gate by INT n. */
void gate_set(u8 vector, enum gate_type type, unsigned int ist, unsigned int dpl);

/* An interrupt gate that leads to @target instead of the vector's stub: such entries are not
 * logged. */
void gate_set_target(u8 vector, u64 target, unsigned int dpl);

/* A gate of a reserved type: delivering through it raises #GP. */
void gate_unusable(u8 vector);

/* Changes the type only. */
void gate_type_set(u8 vector, enum gate_type type);

/* Changes the stack only: IST_NONE or IST_*. */
void gate_stack_set(u8 vector, unsigned int ist);

/* CPL 3 may use the port, whatever IOPL is; else IOPL decides. */
void tss_allow_port(u8 port);

/* Clears the gate's present bit. */
void gate_remove(u8 vector);

/* The IDT ends before @vector. */
void idt_truncate(u8 vector);

/* Name of the stack @rsp lies on ("main", "NMI", ...), or NULL. */
const char *stack_name(u64 rsp);

/* Is @address on the page below the main stack, that is, did the stack overflow? */
bool is_stack_guard(u64 address);

/* The page of the IDT, which holds nothing else. */
u64 idt_page(void);

/* The page on which interrupt stack @ist (1..IST_COUNT) begins, which holds nothing else. */
u64 interrupt_stack_page(unsigned int ist);

/* The interrupt stack that @rsp is on (1..IST_COUNT); IST_NONE: it is on none. */
unsigned int interrupt_stack_of(u64 rsp);

/* The address below which interrupt stack @ist (IST_NONE, too) now receives its next frame. */
u64 interrupt_stack_begins(unsigned int ist);

/*
 * A handler uses interrupt stack @ist down to @frame, and may not have returned when that stack is
 * used again: each delivery begins at its top ("Interrupt Stack Table"), so the top is moved. Not
 * that of #DB: entry.S spares its frames. false: there is no room for one more.
 */
bool interrupt_stack_keep(unsigned int ist, u64 frame);

/* The handler whose frame ends at @end is about to return. @began: as it was when it was entered.
 * Its place is free again if the delivery took it there. */
void interrupt_stack_return(unsigned int ist, u64 began, u64 end);

/* No handler uses any of them. */
void interrupt_stacks_empty(void);

#endif
