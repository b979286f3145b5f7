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

static const char *enter_vmx_operation(struct vmx_cpu *cpu, u32 revision)
{
	if (!(this_cpu.feature_control & FEATURE_CONTROL_LOCK)) {
		this_cpu.feature_control |= FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMXON;
		wrmsr(MSR_FEATURE_CONTROL, this_cpu.feature_control);
	}
	cpu->cr0_before = read_cr0();
	cpu->cr4_before = read_cr4();
	write_cr0((cpu->cr0_before | rdmsr(MSR_VMX_CR0_FIXED0)) & rdmsr(MSR_VMX_CR0_FIXED1));
	write_cr4((cpu->cr4_before | CR4_VMXE | rdmsr(MSR_VMX_CR4_FIXED0)) &
		  rdmsr(MSR_VMX_CR4_FIXED1));
	memcpy(cpu->vmxon_region, &revision, sizeof(revision));
	return vmxon((u64)cpu->vmxon_region) ? NULL : "VMXON failed";
}

const char *vmx_on(struct vcpu *v)
{
	u32 revision = (u32)rdmsr(MSR_VMX_BASIC) & 0x7fffffff;
	struct vmx_vcpu *x = to_vmx(v);
	const char *problem = enter_vmx_operation(&the_cpu, revision);

	if (problem)
		return problem;
	memset(x->vmcs, 0, sizeof(x->vmcs));
	memcpy(x->vmcs, &revision, sizeof(revision));
	if (!vmclear((u64)x->vmcs) || !vmptrld((u64)x->vmcs))
		return "VMCLEAR or VMPTRLD failed";
	the_cpu.current = v;
	return NULL;
}

void vmx_off(struct vcpu *v)
{
	vmclear((u64)to_vmx(v)->vmcs);
	the_cpu.current = NULL;
	asm volatile("vmxoff" ::: "cc", "memory");
	write_cr4(the_cpu.cr4_before);
	write_cr0(the_cpu.cr0_before);
}

struct vmx_vcpu *vmx_current(struct vcpu *v)
{
	ASSERT(the_cpu.current == v);
	return to_vmx(v);
}

u64 vmcs_read(struct vcpu *v, enum vmcs_field field)
{
	ASSERT(the_cpu.current == v);
	return vmread(field);
}

void vmcs_write(struct vcpu *v, enum vmcs_field field, u64 value)
{
	ASSERT(the_cpu.current == v);
	vmwrite(field, value);
}

void vmx_set_bits(struct vcpu *v, enum vmcs_field field, u32 bits, bool on)
{
	u64 value = vmcs_read(v, field) & ~(u64)bits;

	vmcs_write(v, field, value | (on ? bits : 0));
}
