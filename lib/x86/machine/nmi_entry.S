/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nmi_take_without_iret(send, polls): calls send(), waits until the NMI is there, and returns out
 * of the NMI's handler by dropping its frame: no IRET, so NMIs stay blocked. The NMI may never
 * come, so it waits for @polls PAUSEs at most; or it may come while send() still runs, which has
 * changed registers then that it meant to restore.
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
nmi_arrived:
	mov nmi_caller_rsp, %rsp
	pop_callee_saved
	ret

/* An NMI that nobody waits for any more. */
.globl nmi_dismiss
nmi_dismiss:
	iretq

.globl nmi_count, nmi_counter
nmi_count:
	incl nmi_counter
	iretq

.bss
.balign 8
nmi_caller_rsp:	.skip 8
nmi_counter:	.skip 4
