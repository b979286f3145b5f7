/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interrupt through a task gate. Task gates exist in 32-bit code only, so this guest is a 32-bit
 * one without paging. Task switches are never done in a guest: each exits, and if an event caused
 * it, the IDT-vectoring information names the event.
 */
#include "machine/segments.h"
#include "stage/case.h"
#include "hv/hv.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

enum {
	TASK_GATE = 0x85,
	TSS32_AVAILABLE = 0x89,
	TSS32_SIZE = 104,
	SEL_OTHER_TASK = 0x08,
	RIGHTS_CODE32 = 0xc09b, /* present, 4 GiB, 32-bit, accessed */
	RIGHTS_DATA = 0xc093,
	RIGHTS_BUSY_TSS32 = 0x8b,
	SOURCE_IDT = 3, /* "Exit Qualification for Task Switches", bits 31:30 */
};

static u8 other_task[TSS32_SIZE];
static u64 other_gdt[2], other_idt[256];

/* "Segment Descriptors", "Task-Gate Descriptor" */
static void build_tables(void)
{
	u64 base = (u64)other_task;

	other_gdt[SEL_OTHER_TASK / 8] = (TSS32_SIZE - 1) | (base & 0xffffff) << 16 |
					(u64)TSS32_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
	other_idt[VEC] = (u64)SEL_OTHER_TASK << 16 | (u64)TASK_GATE << 40;
}

static void become_32_bit(void)
{
	vmwrite(ENTRY_CONTROLS, vmread(ENTRY_CONTROLS) & ~(u64)ENTRY_IA32E_GUEST);
	vmwrite(GUEST_CR0, vmread(GUEST_CR0) & ~(u64)(u32)CR0_PG);
	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_CS, RIGHTS_CODE32);
	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_SS, RIGHTS_DATA);
	vmwrite(GUEST_ACCESS_RIGHTS + 2 * SEG_TR, RIGHTS_BUSY_TSS32);
	vmwrite(GUEST_GDTR_BASE, (u64)other_gdt);
	vmwrite(GUEST_GDTR_LIMIT, sizeof(other_gdt) - 1);
	vmwrite(GUEST_IDTR_BASE, (u64)other_idt);
	vmwrite(GUEST_IDTR_LIMIT, sizeof(other_idt) - 1);
}

CASE(interrupt, "V93",
     "an interrupt through a task gate exits as a task switch that the IDT initiates, and the exit names the interrupt as the interrupted event",
     "SDM 3C, Exit Qualification for Task Switches; " IDT_VECTORING)
{
	struct scene *s;
	u64 qualification;
	struct vcpu *v;

	require(hv_is_vmx(), "VMX (CPUID 1 ECX bit 5)");
	require(vmx_offers(VMX_UNRESTRICTED_GUEST),
		"unrestricted guests (IA32_VMX_PROCBASED_CTLS2 bit 39)");
	s = scene(L(NOP), NOP);
	s->in_rflags |= RFLAGS_IF;
	build_tables();
	v = hv_start_with((struct hv_options){ .nested_paging = true });
	vmx_control(v, VMX_UNRESTRICTED_GUEST, true);
	become_32_bit();
	pend_irq(VEC);
	run_to(v, EXIT_TASK_SWITCH, L);
	qualification = vcpu_details(v).qualification;
	check((u16)qualification == SEL_OTHER_TASK && qualification >> 30 == SOURCE_IDT,
	      "the exit qualification is %#lx", qualification);
	check(lapic_isr(VEC), "the interrupt is not in service");
	expect(EXIT(TASK_SWITCH, AT(L), DURING(external(VEC))));
}
