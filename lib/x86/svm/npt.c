/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bits of nested page tables: "Nested Paging". Nested walks are made as user accesses, so every
 * entry allows them.
 */
#include "base/bits.h"
#include "svm/svm.h"

enum { TABLE = PTE_P | PTE_W | PTE_U };

static const struct map_bits bits = {
	.table = TABLE,
	.memory = TABLE,
	.device = TABLE | PTE_PCD | PTE_PWT,
	.large = PTE_PS,
};

u64 svm_identity_npt(struct svm_vcpu *s)
{
	return identity_map_build(&s->npt, &bits);
}

/* The next VMRUN drops the translations that were kept. */
void svm_map_page(struct vcpu *v, u64 address, bool present)
{
	identity_map_page(&to_svm(v)->npt, &bits, address, present);
	to_svm(v)->vmcb.tlb_control = TLB_FLUSH_ALL;
}
