/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest whose next event meets, in the middle of its delivery, a page that nested paging has
 * lost: that of its handler's stack, or that of the IDT. The exit names the event (VMX:
 * IDT-vectoring information, SVM: EXITINTINFO); when the page is back, the hypervisor injects the
 * event again.
 */
#ifndef ORDEAL_VECTORING_LOST_PAGE_H
#define ORDEAL_VECTORING_LOST_PAGE_H

#include "stage/case.h"
#include "hv/hv.h"

enum lost_page { LOST_STACK, LOST_IDT };

/* "Exit Qualification for EPT Violations" */
enum { EPT_READ = 1 << 0, EPT_WRITE = 1 << 1 };

static inline u64 lost_address(enum lost_page lost)
{
	return lost == LOST_IDT ? idt_page() : interrupt_stack_page(IST_FAULT);
}

/* The scene becomes a guest that has lost the page for delivering @vector. */
static inline struct vcpu *start_without(enum lost_page lost, u8 vector)
{
	struct vcpu *v;

	gate_stack_set(vector, IST_FAULT);
	v = hv_start_with((struct hv_options){ .nested_paging = true });
	vcpu_map_page(v, lost_address(lost), false);
	return v;
}

/* The guest exits at @place because of the page, which is then present again. */
static inline void exit_and_mend(struct vcpu *v, enum lost_page lost, int place)
{
	u64 access = lost == LOST_IDT ? EPT_READ : EPT_WRITE;

	run_to(v, EXIT_NESTED_PAGE_FAULT, place);
	if (hv_is_vmx()) {
		struct exit_details d = vcpu_details(v);

		check(d.qualification & access, "the exit qualification is %#lx", d.qualification);
		check((d.qualification2 & ~(PAGE_SIZE - 1)) == lost_address(lost),
		      "the guest-physical address is %#lx", d.qualification2);
	}
	vcpu_map_page(v, lost_address(lost), true);
}

#define EXIT_DURING(e, ...) EXIT(NESTED_PAGE_FAULT, DURING(e), __VA_ARGS__)

#endif
