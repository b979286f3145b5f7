/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A migration that goes wrong on purpose, to show that the plays of a case notice.
 */
#ifndef ORDEAL_VMM_WRONG_H
#define ORDEAL_VMM_WRONG_H

#include <stdbool.h>

enum wrong {
	WRONG_NOTHING,
	WRONG_FORGET_SHADOW, /* the interrupt shadow is not restored */
	WRONG_FORGET_EVENTS, /* KVM_SET_VCPU_EVENTS is left out */
	WRONG_FORGET_LAPIC,  /* KVM_SET_LAPIC is left out */
	WRONG_FORGET_DEBUG,  /* KVM_SET_DEBUGREGS is left out */
	WRONG_FORGET_MSRS,   /* KVM_SET_MSRS is left out */
	WRONG_FORGET_NESTED, /* KVM_SET_NESTED_STATE is left out */
	WRONG_FORGET_PIT,    /* KVM_SET_PIT2 is left out */
	WRONG_HALF_ACCESS,   /* the port access under way is not completed */
	WRONG_REFUSED,	     /* KVM is given events that it refuses */
	WRONG_NO_IOCTL,	     /* as if this kernel had no KVM_GET_NESTED_STATE */
	WRONG_DIES,	     /* the launcher of a play dies */
	WRONG_HANGS,	     /* the launcher of a play never goes on */
	WRONG_LAUNCHER_DIES, /* the launcher itself dies before its first play */
};

extern enum wrong wrong;

/* Whether there is a way of this name: "forget-shadow", "half-access" and so on. */
bool wrong_parse(const char *name);

#endif
