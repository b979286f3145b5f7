/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrong on purpose: the guest argument wrong=NAME (hv/wrong.def) makes the shim misbehave in one way,
 * so that it can be shown that the ordinary cases notice. Without it every call here does nothing.
 */
#ifndef ORDEAL_HV_WRONG_H
#define ORDEAL_HV_WRONG_H

#include "hv/vcpu.h"

/* Reads the argument; an unknown name ends the boot. */
void wrong_start(void);

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
