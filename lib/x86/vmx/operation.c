/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMX operation: a logical processor enters and leaves it, makes a VMCS its current one, and reads
 * and writes that: chapters "Introduction to Virtual Machine Extensions" and "VMX Instruction
 * Reference" of the Intel SDM.
 */
#include "base/string.h"
#include "machine/percpu.h"
#include "machine/processor.h"
#include "report/panic.h"
#include "vmx/vmx.h"

/* The one processor: a second one would need its own. */
static struct vmx_cpu the_cpu;

static bool vmxon(u64 physical)
{
	bool ok;

	asm volatile("vmxon %1; seta %0" : "=qm"(ok) : "m"(physical) : "cc", "memory");
	return ok;
}

static bool vmclear(u64 physical)
{
	bool ok;

	asm volatile("vmclear %1; seta %0" : "=qm"(ok) : "m"(physical) : "cc", "memory");
	return ok;
}

static bool vmptrld(u64 physical)
{
	bool ok;

	asm volatile("vmptrld %1; seta %0" : "=qm"(ok) : "m"(physical) : "cc", "memory");
	return ok;
}

static bool enter_vmx_operation(struct vmx_cpu *cpu)
{
	u32 revision = (u32)rdmsr(MSR_VMX_BASIC) & 0x7fffffff;
	u64 cr0 = read_cr0(), cr4 = read_cr4();

	if (!(this_cpu.feature_control & FEATURE_CONTROL_LOCK)) {
		this_cpu.feature_control |= FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMXON;
		wrmsr(MSR_FEATURE_CONTROL, this_cpu.feature_control);
	}
	write_cr0((cr0 | rdmsr(MSR_VMX_CR0_FIXED0)) & rdmsr(MSR_VMX_CR0_FIXED1));
	write_cr4((cr4 | CR4_VMXE | rdmsr(MSR_VMX_CR4_FIXED0)) & rdmsr(MSR_VMX_CR4_FIXED1));
	cpu->cr0_added = read_cr0() & ~cr0;
	cpu->cr4_added = read_cr4() & ~cr4;
	memcpy(cpu->vmxon_region, &revision, sizeof(revision));
	cpu->on = vmxon((u64)cpu->vmxon_region);
	this_cpu.vmcs_changed = true;
	return cpu->on;
}

/* Both regions begin with the revision identifier. */
static void zero_vmcs(u8 *vmcs)
{
	memset(vmcs, 0, PAGE_SIZE);
	memcpy(vmcs, the_cpu.vmxon_region, sizeof(u32));
}

const char *vmx_on(struct vcpu *v)
{
	u8 *vmcs = to_vmx(v)->vmcs;

	if (!the_cpu.on && !enter_vmx_operation(&the_cpu))
		return "VMXON failed";
	if (v->nested_paging)
		this_cpu.vmcs_changed = true;
	if (this_cpu.vmcs_changed) {
		vmclear((u64)vmcs); /* what the processor still holds of it */
		zero_vmcs(vmcs);
	}
	return vmclear((u64)vmcs) && vmptrld((u64)vmcs) ? NULL : "VMCLEAR or VMPTRLD failed";
}

void vmx_off(struct vcpu *v)
{
	vmclear((u64)to_vmx(v)->vmcs);
	asm volatile("vmxoff" ::: "cc", "memory");
	the_cpu.on = false;
	write_cr4(read_cr4() & ~the_cpu.cr4_added);
	write_cr0(read_cr0() & ~the_cpu.cr0_added);
}

struct vmx_vcpu *vmx_current(struct vcpu *v)
{
	ASSERT(this_cpu.vcpu == v);
	return to_vmx(v);
}

u64 vmcs_read(struct vcpu *v, enum vmcs_field field)
{
	vmx_current(v);
	return vmread(field);
}

void vmcs_write(struct vcpu *v, enum vmcs_field field, u64 value)
{
	vmx_current(v);
	vmwrite(field, value);
}

void vmx_set_bits(struct vcpu *v, enum vmcs_field field, u32 bits, bool on)
{
	u64 value = vmcs_read(v, field) & ~(u64)bits;

	vmcs_write(v, field, value | (on ? bits : 0));
}
