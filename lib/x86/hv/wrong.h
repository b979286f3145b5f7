/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrong on purpose: the guest argument wrong=NAME (hv/wrong.def) makes the shim misbehave in one
 * way, to show that the ordinary cases notice.
 */
#ifndef ORDEAL_HV_WRONG_H
#define ORDEAL_HV_WRONG_H

#include "hv/vcpu.h"

/*
 * @honest, or with wrong=NAME a vendor around it that misbehaves. A name that wrong.def does not
 * have ends the boot.
 */
const struct hv_vendor *wrong_around(const struct hv_vendor *honest);

#endif
