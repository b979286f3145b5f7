/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entry.S shares with C: how an entry can fail ("Conventions" of chapter "VMX Instruction
 * Reference").
 */
#ifndef ORDEAL_VMX_ENTRY_LAYOUT_H
#define ORDEAL_VMX_ENTRY_LAYOUT_H

#define VMX_FAIL_INVALID 1 /* there is no current VMCS */
#define VMX_FAIL_VALID	 2 /* the VM-instruction error field says why */

#endif
