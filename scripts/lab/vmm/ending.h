/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How this program ends: with the guest's own status, or because something failed.
 */
#ifndef ORDEAL_VMM_ENDING_H
#define ORDEAL_VMM_ENDING_H

enum {
	STATUS_STOPPED = 126, /* the guest stopped without writing a status */
	STATUS_FAILED = 125,  /* KVM or this program failed */
};

/* @kind: exit (the guest wrote status), off (the guest stopped) or vmm (KVM or this program). */
_Noreturn void finish(const char *kind, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define fail(...) finish("vmm", STATUS_FAILED, __VA_ARGS__)

/* If set, is called with the reason instead, and does not return: a play's end is not the run's. */
extern void (*ending_of_play)(const char *text);

#endif
