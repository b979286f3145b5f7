/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model's processor: what a boundary can see of it.
 */
#ifndef ORDEAL_MODEL_CPU_H
#define ORDEAL_MODEL_CPU_H

#include "model/situation.h"

enum {
	MODEL_EVENTS = 16, /* of one trace */
	MODEL_NESTING = 6, /* handlers that interrupt each other */
	MODEL_STACK = 12,  /* words that a scene has pushed */
	MODEL_LIMIT = 200, /* boundaries: then the scene does not end */
	CHOICE_ANSWERS = 4,
};

enum rule {
	RULE_NONE,
#define RULE(id, text, wrong, citation) RULE_##id,
#include "model/rules.def"
#undef RULE
	RULE_COUNT,
};

enum choice {
#define CHOICE(id, text, citation, ...) CHOICE_##id,
#include "model/choices.def"
#undef CHOICE
	CHOICE_COUNT,
};

enum quirk {
#define QUIRK(id, section, text) QUIRK_##id,
#include "model/quirks.def"
#undef QUIRK
	QUIRK_COUNT,
};

/* A boundary: a place of the scene or the first instructions of a handler. */
struct boundary {
	u16 place;  /* PLACE_STEP | step, PLACE_LANDING, PLACE_ELSEWHERE, PLACE_ENTRY | vector */
	u16 offset; /* bytes */
};

/* A delivered event. What a log entry of it holds, and the rule that decided that it came. */
struct model_event {
	u8 kind; /* enum log_kind; 0 is LOG_DELIVERY, too */
	u8 vector;
	u8 rule;       /* enum rule; RULE_COUNT and above: of whoever plays beneath */
	u8 held;       /* enum rule: what held this interrupt back before; RULE_NONE: nothing did */
	bool external; /* a maskable interrupt of the LAPIC */
	bool somewhere; /* in the middle of a handler: the manuals do not say where */
	u8 cpl, ist;
	struct boundary at; /* place PLACE_AFTER_IRET, too */
	u32 rflags;
	u32 error;
	u32 dr6;
	u64 cr2;
	u64 quirks;   /* that decided something since the event before */
	bool refused; /* EXIT: there was no entry: VMfailValid */
	u32 reason;   /* EXIT: enum exit_reason */
	u32 state;    /* EXIT, ENTRY: enum guest_state */
	u64 event;    /* EXIT: whose delivery it interrupted. ENTRY: injected */
};

/* A fault that an instruction raises, before it is delivered. */
struct raised {
	u8 vector;
	u8 kind; /* enum delivery_kind of inside.h */
	u32 error;
	u64 address; /* of #PF */
};

/* A handler that has been entered: where its IRET leads to, and with which flags. */
struct handler {
	u8 vector, cpl, ist;
	bool external;
	u16 dr6;
	u32 rflags;
	struct boundary back;
};

enum shadow {
	SHADOW_STI = 1 << 0,
	SHADOW_MOV_SS = 1 << 1,
	SHADOW_OTHER = 1 << 2, /* of a wrong model: what has none */
};

struct cpu {
	struct boundary at;
	u32 rflags;
	u8 cpl;
	u8 shadow; /* enum shadow: over the boundary where the processor stands */
	bool halted,
		waits_for_any; /* the latter: MWAIT with ECX[0]=1, for which IF does not matter */
	bool between;	       /* between two iterations of a repeated string instruction */
	bool returned;	       /* the handler of an exception has returned to the landing */
	bool guarded;	       /* DR7.GD */
	bool deferred;	       /* at a boundary between two iterations: nothing comes here yet */
	bool left;	       /* the scene is over */
	bool mended;	       /* a handler has given #GP or NMI its usual gate back */
	u8 held;	       /* enum rule: what held the pending interrupt back last */

	bool nmi_blocked;
	u8 nmis;
	bool late_nmi;	     /* of a quirk: one is pending that the platform has not looked at */
	bool nmi_has_window; /* of a quirk: it comes where an interrupt could */
	u8 nmis_kept;	     /* of a quirk: that come besides the next one */
	u8 pending[SITUATION_PENDING + SITUATION_ARRIVALS];
	u8 in_service[SITUATION_PENDING + SITUATION_ARRIVALS];
	u8 highest_pending, highest_in_service; /* of the two, 0: none; lapic.c keeps all four */
	u8 tpr_class, late_tpr_class;		/* the latter: from when MOV CR8 takes effect */
	bool tpr_is_late;
	u8 late_vector; /* sent, and not in IRR yet */
	u8 arrived;	/* a bit for each arrival */

	u16 traps; /* B0 to B3 and BS, which the last instruction left for this boundary */
	u16 dr6;
	u16 unread_dr6; /* of a quirk: DR6 of a #DB whose handler will meet DR7.GD; 0: none will */
	bool dr_open;	/* of a quirk: a MOV DR has left to the platform; it is executed next */
	bool old_rf;	/* of a quirk: RF was 1 since the block of instructions began */
	u16 stale;	/* of a quirk: the data breakpoints that were reported last */
	u16 state;	/* enum situation_state */
	u8 msr;
	bool x87_error, mwait_break, bad_rsp;
	u64 cr2, rcx, r11;
	u64 registers[BASE_COUNT];

	u64 stack[MODEL_STACK]; /* the last pushed word is the first */
	u8 stack_words;
	u8 depth;
	struct handler handlers[MODEL_NESTING];
};

#endif
