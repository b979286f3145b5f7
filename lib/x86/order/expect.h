/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a case expects: a list of wants, one for each event in order of delivery. A want names the
 * event and, by modifiers, what else about it the architecture promises; what is not named is not
 * asserted. For example:
 *
 *	IRQ(VEC, AT(L), IF(1), RF(0)), GP(0, AT(L), RF(1))
 */
#ifndef ORDEAL_EXPECT_H
#define ORDEAL_EXPECT_H

#include "base/bits.h"
#include "order/events.h"
#include "scene/scene.h"
#include "order/trace.h"

enum want_kind {
	WANT_NONE,
	WANT_IRQ, /* a maskable interrupt that came through the LAPIC: its ISR bit was set */
	WANT_INT, /* a vector of 32..255 that did not: INT n, or injected by the shim */
	WANT_NMI,
	WANT_EXCEPTION,
	WANT_EXIT,
	WANT_ENTRY,
};

enum want_flag {
	FLAG_ANY = 0,
	FLAG_CLEAR,
	FLAG_SET,
};

enum want_cr2 {
	CR2_ANY = 0,
	CR2_EXACT,
	CR2_SAME_PAGE,
};

struct want {
	u8 kind; /* enum want_kind */
	u8 vector;
	u8 if_, rf, tf; /* of the saved RFLAGS: enum want_flag */
	u8 cpl;		/* saved CPL + 1; 0: not asserted */
	u8 ist;		/* the handler must run on this interrupt stack; 0: not asserted */
	u8 reason;	/* WANT_EXIT: enum exit_reason */
	u16 at;		/* a place; PLACE_ANY: not asserted */
	bool check_error, check_event;
	u8 check_cr2;		   /* enum want_cr2 */
	u8 state_set, state_clear; /* enum guest_state: bits that must and must not be there */
	u16 dr6_set, dr6_clear;	   /* bits of DR6 that must and must not be there */
	u32 error;
	u64 cr2;
	u64 event; /* WANT_ENTRY: injected; WANT_EXIT: interrupted delivery; 0: none */
};

#define WANT(k, ...)	  ((struct want){ .kind = (k), __VA_ARGS__ })
#define IRQ(v, ...)	  WANT(WANT_IRQ, .vector = (v), __VA_ARGS__)
#define INTN(v, ...)	  WANT(WANT_INT, .vector = (v), __VA_ARGS__)
#define NMI(...)	  WANT(WANT_NMI, .vector = NMI_VECTOR, __VA_ARGS__)
#define EXCEPTION(v, ...) WANT(WANT_EXCEPTION, .vector = (v), __VA_ARGS__)
#define FAULT(v, e, ...)  EXCEPTION(v, .check_error = true, .error = (e), __VA_ARGS__)
#define DE(...)		  EXCEPTION(DE_VECTOR, __VA_ARGS__)
#define DB(...)		  EXCEPTION(DB_VECTOR, __VA_ARGS__)
#define BP(...)		  EXCEPTION(BP_VECTOR, __VA_ARGS__)
#define UD(...)		  EXCEPTION(UD_VECTOR, __VA_ARGS__)
#define NM(...)		  EXCEPTION(NM_VECTOR, __VA_ARGS__)
#define SS(e, ...)	  FAULT(SS_VECTOR, e, __VA_ARGS__)
#define NP(e, ...)	  FAULT(NP_VECTOR, e, __VA_ARGS__)
#define GP(e, ...)	  FAULT(GP_VECTOR, e, __VA_ARGS__)
#define PF(e, ...)	  FAULT(PF_VECTOR, e, __VA_ARGS__)
#define DF(...)		  FAULT(DF_VECTOR, 0, __VA_ARGS__)
#define MF(...)		  EXCEPTION(MF_VECTOR, __VA_ARGS__)
#define AC(...)		  FAULT(AC_VECTOR, 0, __VA_ARGS__)
#define XM(...)		  EXCEPTION(XM_VECTOR, __VA_ARGS__)

#define EXIT(name, ...)	  WANT(WANT_EXIT, .reason = EXIT_##name, __VA_ARGS__)
#define ENTRY(...)	  WANT(WANT_ENTRY, .check_event = true, __VA_ARGS__)
#define INJECT(e)	  .event = (e)
#define NO_EVENT	  .check_event = true
#define DURING(e)	  .check_event = true, .event = (e)
#define BLOCKED(bits)	  .state_set = (bits)
#define NOT_BLOCKED(bits) .state_clear = (bits)

#define AT(place)	  .at = (place)
#define IF(value)	  .if_ = (value) ? FLAG_SET : FLAG_CLEAR
#define RF(value)	  .rf = (value) ? FLAG_SET : FLAG_CLEAR
#define TF(value)	  .tf = (value) ? FLAG_SET : FLAG_CLEAR
#define CR2(address)	  .check_cr2 = CR2_EXACT, .cr2 = (address)
#define CR2_PAGE(address) .check_cr2 = CR2_SAME_PAGE, .cr2 = (address)
#define DR6(bits)	  .dr6_set = (bits)
#define NO_DR6(bits)	  .dr6_clear = (bits)
#define CPL(n)		  .cpl = (n) + 1
#define ON_IST(n)	  .ist = (n)

/* NULL if @event is what @want says, else the name of the first thing that differs. */
const char *want_mismatch(const struct want *want, const struct scene *scene,
			  const struct log_entry *event);

/* Index of the first want or event that differs, or -1 if the whole trace is as wanted. */
int trace_mismatch(const struct want *wants, size_t n, const struct scene *scene,
		   const struct trace *trace);

/* Appends one want, with only what it asserts: "IRQ(0x40)@RDMSR[if=1]". */
void want_format(struct text *text, const struct scene *scene, const struct want *want,
		 bool after_fault);

/* Appends all wants, joined by "; ". */
void wants_format(struct text *text, const struct scene *scene, const struct want *wants, size_t n);

#endif
