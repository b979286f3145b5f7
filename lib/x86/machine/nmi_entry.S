/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nmi_take_without_iret(send, polls): calls send(), waits until the NMI is there, and returns out
 * of the NMI's handler by dropping its frame: no IRET, so NMIs stay blocked. The NMI may never
 * come, so it waits for @polls PAUSEs at most; or it may come while send() still runs, which has
 * changed registers then that it meant to restore.
 *
 * The first instruction of an NMI's handler must not lie on two pages: there Bochs (2.7, 3.0) goes
 * back to the interrupted code (docs/findings.md), so each is aligned.
 */
#include "machine/gprs.h"

.text
.globl nmi_take_without_iret, nmi_arrived
nmi_take_without_iret:
	push_callee_saved
	mov %rsp, nmi_caller_rsp
	mov %esi, %ebx
	call *%rdi
1:	pause
	dec %ebx
	jnz 1b
	.balign 16
nmi_arrived:
	mov nmi_caller_rsp, %rsp
	pop_callee_saved
	ret

/* An NMI that nobody waits for any more. */
.globl nmi_dismiss
	.balign 16
nmi_dismiss:
	iretq

.globl nmi_count, nmi_counter
	.balign 16
nmi_count:
	incl nmi_counter
	iretq

.bss
.balign 8
nmi_caller_rsp:	.skip 8
nmi_counter:	.skip 4
