/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entry.S shares with C: the one VMCS field that it writes, and how an entry can fail
 * ("Conventions" of chapter "VMX Instruction Reference").
 */
#ifndef ORDEAL_VMX_ENTRY_LAYOUT_H
#define ORDEAL_VMX_ENTRY_LAYOUT_H

#define VMCS_HOST_RSP	 0x6c14

#define VMX_FAIL_INVALID 1 /* there is no current VMCS */
#define VMX_FAIL_VALID	 2 /* the VM-instruction error field says why */

#endif
