/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that the model is told about a guest: the scene's situation, as on bare hardware, and
 * what its hypervisor does before each entry. A hypervisor is no more than that list: after an exit
 * the next entry of it comes, whatever the exit was.
 */
#ifndef ORDEAL_INNER_SITUATION_H
#define ORDEAL_INNER_SITUATION_H

#include "model/situation.h"
#include "order/events.h"

enum {
	GUEST_ENTRIES = 10,
	ENTRY_ARRIVALS = 3,
};

enum control_number {
#define CONTROL(id, word, text) CONTROL_NUMBER_##id,
#include "inner/controls.def"
#undef CONTROL
	CONTROL_COUNT,
};

enum control {
#define CONTROL(id, word, text) CONTROL_##id = 1 << CONTROL_NUMBER_##id,
#include "inner/controls.def"
#undef CONTROL
};

/* "Activity State" of the Intel SDM, as the VMCS has it. */
enum activity_state {
	IS_ACTIVE,
	IS_IN_HLT,
	IS_IN_SHUTDOWN,
	IS_WAITING_FOR_SIPI,
	ACTIVITY_STATES,
};

/* "Pending Debug Exceptions" of the Intel SDM, as the VMCS has them. */
enum pending_debug_bit {
	DEBUG_B0 = 1 << 0,
	DEBUG_ENABLED = 1 << 12, /* one of B0 to B3 is enabled in DR7 */
	DEBUG_BS = 1 << 14,
};

/* Which parts of the guest's state root has written before an entry. The others are as the last
 * exit has left them; before the first entry nothing is blocked, or pending, and the guest is
 * active. */
enum written {
	WRITES_BLOCKING = 1 << 0,
	WRITES_ACTIVITY = 1 << 1,
	WRITES_DEBUG = 1 << 2,
	WRITES_RIP = 1 << 3,
	WRITES_CR2 = 1 << 4,
};

/* The page that nested paging lacks. */
enum lost_page {
	LACKS_NOTHING,
	LACKS_IDT,
	LACKS_STACK, /* IST_FAULT */
	LOST_PAGES,
};

struct virtual_request {
	u8 vector; /* 0: none */
	u8 priority, tpr;
};

/* One VM entry, or VMRUN. */
struct vm_entry {
	u32 controls; /* enum control */
	u8 written;   /* enum written */
	u8 blocking;  /* enum guest_state */
	u8 activity;  /* enum activity_state */
	u16 debug;    /* enum pending_debug_bit */
	u64 rip, cr2;
	u32 flags_set, flags_cleared; /* of RFLAGS */
	u64 event;		      /* injected, as order/events.h has it; 0: nothing */
	u8 lost;		      /* enum lost_page */
	u8 length;		      /* VMX: of the instruction of a software event */
	u64 exits;		      /* instructions that do: a bit for each enum exit_reason */
	u32 exceptions;		      /* the exception bitmap, or SVM's intercepts of exceptions */
	struct virtual_request request; /* SVM: V_IRQ, which root has set */

	/* What has become pending in root. */
	u8 arrivals[ENTRY_ARRIVALS]; /* vectors; 0: none */
	bool nmi, init;
	bool eoi; /* root has ended the highest interrupt in service */
};

struct guest_situation {
	struct situation scene;
	u8 count;
	struct vm_entry entries[GUEST_ENTRIES];
};

/* Why the instruction of a fragment exits, if it does; EXIT_NONE: it never does. */
enum exit_reason exit_of_fragment(u16 fragment);

/* Appends the entry as words, which --entry of x86/explain takes. */
void vm_entry_format(struct text *text, const struct layout *layout, const struct vm_entry *entry);

/* Appends the scene as situation_format() does, and an --entry for each entry. */
void guest_situation_format(struct text *text, const struct guest_situation *guest);

/* The words, bit by bit; NULL ends each list. */
extern const char *const exit_words[]; /* by enum exit_reason */
extern const char *const control_words[], *const blocking_words[], *const activity_words[];
extern const char *const injection_words[]; /* by enum event_type */
extern const char *const lost_words[];	    /* by enum lost_page */
extern const char *const debug_words[];
extern const u16 debug_bits[];

#endif
