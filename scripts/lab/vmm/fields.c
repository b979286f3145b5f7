/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fields have the names of KVM's structures. Where a structure holds an image of registers, such as
 * the local APIC's page or the nested state, the offset stands for the name.
 */
#include <stdio.h>
#include <string.h>
#include "fields.h"

enum {
	MSR_TSC = 0x10,
	MSR_HYPERV_RUN_TIME = 0x40000010,
	MSR_HYPERV_TIME = 0x40000020,
	LAPIC_TIMER_COUNT = 0x390,
	LAPIC_PPR = 0xa0, /* computed from TPR and ISR, when someone looks */
};

struct field {
	const char *name;
	size_t offset, size;
};

#define FIELD(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct state, name), sizeof(((struct state *)0)->name)             \
	}

static const struct field fields[] = {
	FIELD(regs.rax),
	FIELD(regs.rbx),
	FIELD(regs.rcx),
	FIELD(regs.rdx),
	FIELD(regs.rsi),
	FIELD(regs.rdi),
	FIELD(regs.rsp),
	FIELD(regs.rbp),
	FIELD(regs.r8),
	FIELD(regs.r9),
	FIELD(regs.r10),
	FIELD(regs.r11),
	FIELD(regs.r12),
	FIELD(regs.r13),
	FIELD(regs.r14),
	FIELD(regs.r15),
	FIELD(regs.rip),
	FIELD(regs.rflags),
	FIELD(sregs.cs),
	FIELD(sregs.ds),
	FIELD(sregs.es),
	FIELD(sregs.fs),
	FIELD(sregs.gs),
	FIELD(sregs.ss),
	FIELD(sregs.tr),
	FIELD(sregs.ldt),
	FIELD(sregs.gdt),
	FIELD(sregs.idt),
	FIELD(sregs.cr0),
	FIELD(sregs.cr2),
	FIELD(sregs.cr3),
	FIELD(sregs.cr4),
	FIELD(sregs.cr8),
	FIELD(sregs.efer),
	FIELD(sregs.apic_base),
	FIELD(events.exception.injected),
	FIELD(events.exception.nr),
	FIELD(events.exception.has_error_code),
	FIELD(events.exception.pending),
	FIELD(events.exception.error_code),
	FIELD(events.exception_has_payload),
	FIELD(events.exception_payload),
	FIELD(events.interrupt.injected),
	FIELD(events.interrupt.nr),
	FIELD(events.interrupt.soft),
	FIELD(events.interrupt.shadow),
	FIELD(events.nmi.injected),
	FIELD(events.nmi.pending),
	FIELD(events.nmi.masked),
	FIELD(events.smi),
	FIELD(events.triple_fault),
	FIELD(mp),
	FIELD(debug.db),
	FIELD(debug.dr6),
	FIELD(debug.dr7),
	FIELD(xcrs),
	FIELD(chips[0].chip),
	FIELD(chips[1].chip),
	FIELD(chips[2].chip),
	FIELD(nested.head.flags),
	FIELD(nested.head.size),
	FIELD(nested.head.hdr),
};

struct report {
	char *text;
	size_t size, used, found;
};

/* @name may be followed by an offset, if it is not negative. */
static void add(struct report *report, const char *name, long offset, const void *before,
		const void *after, size_t size)
{
	uint64_t one = 0, other = 0;
	char where[32] = "";

	memcpy(&one, before, size < sizeof(one) ? size : sizeof(one));
	memcpy(&other, after, size < sizeof(other) ? size : sizeof(other));
	if (offset >= 0)
		snprintf(where, sizeof(where), "+%#lx", (unsigned long)offset);
	if (report->used < report->size)
		report->used += snprintf(report->text + report->used, report->size - report->used,
					 "%s%s%s %#llx -> %#llx", report->found ? ", " : "", name,
					 where, (unsigned long long)one, (unsigned long long)other);
	report->found++;
}

/* The first word of the image that differs; the others are counted with it. */
static void compare_image(struct report *report, const char *name, const uint8_t *before,
			  const uint8_t *after, size_t n, const size_t *but, size_t buts)
{
	for (size_t at = 0; at + sizeof(uint32_t) <= n; at += sizeof(uint32_t)) {
		bool clock = false;

		for (size_t i = 0; i < buts; i++)
			clock |= at == but[i];
		if (!clock && memcmp(before + at, after + at, sizeof(uint32_t))) {
			add(report, name, at, before + at, after + at, sizeof(uint32_t));
			return;
		}
	}
}

static void compare_msrs(struct report *report, const struct state *before,
			 const struct state *after)
{
	for (uint32_t i = 0; i < before->msrs.head.nmsrs; i++) {
		const struct kvm_msr_entry *one = &before->msrs.entries[i];
		const struct kvm_msr_entry *other = &after->msrs.entries[i];

		if (one->index != MSR_TSC && one->index != MSR_HYPERV_TIME &&
		    one->index != MSR_HYPERV_RUN_TIME && one->data != other->data)
			add(report, "msr", one->index, &one->data, &other->data, sizeof(one->data));
	}
}

size_t fields_difference(const struct state *before, const struct state *after, char *text,
			 size_t size)
{
	static const size_t clocks[] = { LAPIC_TIMER_COUNT, LAPIC_PPR };
	struct report report = { .text = text, .size = size };
	size_t nested = before->nested.head.size;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const void *one = (const uint8_t *)before + fields[i].offset;
		const void *other = (const uint8_t *)after + fields[i].offset;

		if (memcmp(one, other, fields[i].size))
			add(&report, fields[i].name, -1, one, other, fields[i].size);
	}
	compare_image(&report, "lapic", (const uint8_t *)before->lapic.regs,
		      (const uint8_t *)after->lapic.regs, sizeof(before->lapic.regs), clocks,
		      sizeof(clocks) / sizeof(clocks[0]));
	compare_image(&report, "xsave", before->xsave, after->xsave, sizeof(before->xsave), NULL,
		      0);
	if (nested <= sizeof(before->nested))
		compare_image(&report, "nested", before->nested.bytes, after->nested.bytes, nested,
			      NULL, 0);
	compare_msrs(&report, before, after);
	return report.found;
}
