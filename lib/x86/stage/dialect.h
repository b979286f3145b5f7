/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short words that cases are written in: steps of a scene, labels on them, places, and what is
 * expected there. For example:
 *
 *	scene(STI, NOP, L(RDMSR));
 *	expect(IRQ(VEC, AT(L), IF(1), RF(0)), GP(0, AT(L), RF(1)));
 *
 * Names as short as these are for cases and for what reads like one; the library's lower rooms say
 * FRAGMENT_STI and PLACE_LANDING.
 */
#ifndef ORDEAL_DIALECT_H
#define ORDEAL_DIALECT_H

#include "base/bits.h"
#include "order/expect.h"
#include "order/fragments.h"
#include "order/layout.h"

/* Steps: STI, NOP, RDMSR ... */
enum {
#define FRAGMENT(id, name, text, ...) id = FRAGMENT_##id,
#include "order/fragments.def"
#undef FRAGMENT
};

/* Labels: L(RDMSR) is a step that bears L, and L is the place where it is. */
enum {
	L = LABEL_L,
	M = LABEL_M,
	T = LABEL_T,
};

#define L(step)		  ((step) | LABEL_L << LABEL_SHIFT)
#define M(step)		  ((step) | LABEL_M << LABEL_SHIFT)
#define T(step)		  ((step) | LABEL_T << LABEL_SHIFT)

/* Places */
#define AFTER(label)	  (PLACE_AFTER | (label))
#define LANDING		  PLACE_LANDING
#define AFTER_IRET	  PLACE_AFTER_IRET
#define ENTRY_OF(vector)  (PLACE_ENTRY | (vector))
#define ELSEWHERE	  PLACE_ELSEWHERE /* where scene_go_elsewhere() put an instruction */
#define AFTER_VMRUN	  (PLACE_ROOT | ROOT_VMRUN)
#define AFTER_STGI	  (PLACE_ROOT | ROOT_STGI)

/* Events, and modifiers that say what else about them is promised */
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

#endif
