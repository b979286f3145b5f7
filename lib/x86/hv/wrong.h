/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrong on purpose: the guest argument wrong=NAME (hv/wrong.def) makes the shim misbehave in one
 * way, so that it can be shown that the ordinary cases notice. Called only if vcpu.wrong is set.
 */
#ifndef ORDEAL_HV_WRONG_H
#define ORDEAL_HV_WRONG_H

#include "hv/vcpu.h"

/* Reads the argument: is there one? An unknown name ends the boot. */
bool wrong_start(void);

/* What is injected instead of @event. */
u64 wrong_event(struct vcpu *v, u64 event);

/* What interruptibility is set instead of @state. */
u64 wrong_state(struct vcpu *v, u64 state);

/* Does it inject faults without RF? */
bool wrong_forgets_rf(void);

void wrong_before_entry(struct vcpu *v);

/* True: enter again at once, without telling the case of this exit. */
bool wrong_after_exit(struct vcpu *v);

#endif
