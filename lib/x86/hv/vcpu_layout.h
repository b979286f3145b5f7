/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets in struct vcpu that the vendors' entry.S share with C; vcpu.c holds a _Static_assert for
 * each. While the guest runs, root's RSP points at VCPU_ROOT_RSP, right above the guest's
 * registers: they are popped on the way in and pushed on the way out.
 */
#ifndef ORDEAL_HV_VCPU_LAYOUT_H
#define ORDEAL_HV_VCPU_LAYOUT_H

#define VCPU_ROOT_RSP	      120
#define VCPU_OPENER	      128
#define VCPU_ROOT_RFLAGS      136
#define VCPU_CONTROL	      144

/* The same, from where RSP points when the guest's registers have been popped. */
#define FROM_ROOT_RSP(offset) ((offset)-VCPU_ROOT_RSP)

#endif
