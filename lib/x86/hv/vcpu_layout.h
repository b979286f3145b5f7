/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets of struct vcpu that vmx/entry.S and svm/entry.S share with C (GPRS_* are in
 * scene_layout.h); hv.c holds a _Static_assert for each.
 */
#ifndef ORDEAL_HV_VCPU_LAYOUT_H
#define ORDEAL_HV_VCPU_LAYOUT_H

#define VCPU_GPRS	      0
#define VCPU_LAUNCHED	      120
#define VCPU_CONTROL_PHYSICAL 128
#define VCPU_HOST_PHYSICAL    136
#define VCPU_HOST_RFLAGS      144
#define VCPU_HOST_OPENER      152

/* VCPU_LAUNCHED: by which instructions VMX enters */
#define VMX_BY_LAUNCH	      0
#define VMX_BY_RESUME	      1
#define VMX_BY_STI_LAUNCH     2
#define VMX_BY_MOV_SS_LAUNCH  -1

/* The two VMCS fields that vmx/entry.S writes or the exit goes by. */
#define VMCS_HOST_RSP	      0x6c14
#define VMCS_HOST_RIP	      0x6c16

#endif
