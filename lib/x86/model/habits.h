/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the handlers of a scene do besides what scene/handler.c has all of them do: an on_delivery,
 * as the model knows it.
 */
#ifndef ORDEAL_MODEL_HABITS_H
#define ORDEAL_MODEL_HABITS_H

enum handler_habit {
	HANDLERS_STEP_ONCE = 1 << 0, /* return with TF=0 */
	HANDLERS_SEND_EOI = 1 << 1,
	HANDLERS_RETRY = 1 << 2,      /* a fault returns to its instruction */
	HANDLERS_MEND_RDI = 1 << 3,   /* that of #PF makes RDI point to a usual page */
	HANDLERS_CLEAR_TS = 1 << 4,   /* all execute CLTS, and that of #NM retries */
	HANDLERS_LOOK = 1 << 5,	      /* take notes: that changes nothing */
	HANDLERS_SEND_AGAIN = 1 << 6, /* that of the first interrupt or NMI sends it again */
	HANDLERS_MEND_STACK = 1 << 7, /* all give #GP its usual stack, and that of #PF retries */
	HANDLERS_SEND_NMI = 1 << 8,   /* all but that of NMI send one, and give it its usual gate */
};

#endif
