/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMIs have no pending bit, so one is made pending the only sound way: while NMIs are blocked. They
 * are blocked from the delivery of an NMI until the next IRET; nmi_block() takes one in a handler
 * that does not return by IRET. In SVM root GIF=0 blocks them already.
 */
#ifndef ORDEAL_NMI_H
#define ORDEAL_NMI_H

#include "base/types.h"

/* Sends an NMI to this CPU by ICR, physical destination: the self shorthand is not legal for NMI.
 * Waits until it has arrived (settle_bus()). */
void nmi_send_self(void);

/* Sends an NMI to this CPU and does not wait. NULL, or what is wrong: the platform is not exact. */
const char *nmi_prove_exact(void);

/* How many of these have been sent since NMIs were blocked, or drained. */
u32 nmi_sent(void);

/*
 * May an NMI be one of ours: has one been sent, or a device been told to send some (nmi_told()),
 * since NMIs were last drained?
 */
bool nmi_may_be_ours(void);
void nmi_told(void);

/* Sends one of which nobody here is to know: noise, for its tests. */
void nmi_send_stray(void);

/*
 * May a case send INIT? If that goes wrong, the machine is reset: so on hardware only where
 * init_allow() was called. Under a hypervisor, and where time is a count of instructions, always.
 */
bool init_allowed(void);
void init_allow(void);

/* What a case needs that sends one: for require(). */
#define INIT_ALLOWED "leave to send INIT on hardware (guest argument dangerous=yes)"

/* Sends an INIT to this CPU in the same way. VMX root only, where INIT is blocked. */
void init_send_self(void);

/* How many events of either call have been sent since the boot. */
struct sent {
	u32 nmis, inits;
};
struct sent events_sent(void);

/* Takes one NMI, unrecorded, and returns with NMIs blocked. Native, or VMX root. */
void nmi_block(void);

/*
 * Calls @let, which lets NMIs in, and takes the one that is pending, or gives up after @polls
 * PAUSEs: unrecorded, without an IRET, so that NMIs stay blocked. The gate of NMI is as it was.
 */
void nmi_take_pending(void (*let)(void), u32 polls);

/*
 * nmi_entry.S, for one who takes another event like that: its gate leads to nmi_arrived, an
 * interrupt gate on the present stack. Returns when the event has come, or after @polls PAUSEs.
 */
void nmi_take_without_iret(void (*let)(void), u32 polls);
extern const u8 nmi_arrived[];

/* A handler that only returns: nmi_entry.S. Good for every event without an error code. */
extern const u8 nmi_dismiss[];

/* From now on an NMI that comes outside the guest is dropped, not recorded. */
void nmi_dismiss_all(void);

/* From now on such an NMI is counted, too; the count begins at 0. */
void nmi_count_all(void);
u32 nmi_counted(void);

/* Unblocks NMIs, and drops those that are still pending, be it that a hypervisor has held them
 * back: they are not recorded. */
void nmi_drain(void);

/* Executes an IRET to the next instruction. */
void nmi_unblock(void);

#endif
