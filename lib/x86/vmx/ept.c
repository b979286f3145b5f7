/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bits of EPT entries and of the EPT pointer: "EPT Translation Mechanism", "Extended-Page-Table
 * Pointer (EPTP)".
 */
#include "machine/processor.h"
#include "vmx/vmx.h"

enum {
	EPT_RWX = 7,
	EPT_LARGE = 1 << 7,
	EPT_TYPE_SHIFT = 3, /* of a page: 0 uncacheable, 6 write-back */
	EPT_WRITE_BACK = 6,
	EPTP_WALK_4 = 3 << 3,
	CAN_WALK_4 = 1 << 6,
	CAN_WRITE_BACK = 1 << 14,
	CAN_2M = 1 << 16,
	CAN_INVEPT_ALL = 1 << 20 | 1 << 26,
	INVEPT_ALL_CONTEXTS = 2,
};

static const struct map_bits bits = {
	.table = EPT_RWX,
	.memory = EPT_WRITE_BACK << EPT_TYPE_SHIFT | EPT_RWX,
	.device = EPT_RWX,
	.large = EPT_LARGE,
};

/* "INVEPT": drops what was cached of the tables before they were changed. */
static void forget_translations(void)
{
	const u64 none[2] = { 0, 0 };

	if ((rdmsr(MSR_VMX_EPT_VPID) & CAN_INVEPT_ALL) == CAN_INVEPT_ALL)
		asm volatile("invept %0, %1" ::"m"(none), "r"((u64)INVEPT_ALL_CONTEXTS)
			     : "cc", "memory");
}

const char *vmx_ept_lacks(void)
{
	u64 can = rdmsr(MSR_VMX_EPT_VPID);

	if (!(can & CAN_WALK_4))
		return "EPT tables of four levels (IA32_VMX_EPT_VPID_CAP bit 6)";
	if (!(can & CAN_WRITE_BACK))
		return "EPT tables in write-back memory (IA32_VMX_EPT_VPID_CAP bit 14)";
	if (!(can & CAN_2M))
		return "EPT pages of 2 MiB (IA32_VMX_EPT_VPID_CAP bit 16)";
	return NULL;
}

u64 vmx_identity_ept(struct vmx_vcpu *x)
{
	u64 root = identity_map_build(&x->ept, &bits);

	forget_translations();
	return root | EPTP_WALK_4 | EPT_WRITE_BACK;
}

void vmx_map_page(struct vcpu *v, u64 address, bool present)
{
	identity_map_page(&to_vmx(v)->ept, &bits, address, present);
	forget_translations();
}
