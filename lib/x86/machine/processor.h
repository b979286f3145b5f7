/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One-instruction wrappers. Nothing here decides anything: each function is the instruction whose
 * name it bears. RDMSR and WRMSR here must be of MSRs known to exist: a fault outside a scene ends
 * the boot (panic.c).
 */
#ifndef ORDEAL_PROCESSOR_H
#define ORDEAL_PROCESSOR_H

#include "base/types.h"
#include "base/bits.h"

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

/* "CPUID-CPU Identification", leaf 1 */
enum {
	CPUID_1_ECX_MONITOR = 1 << 3,
	CPUID_1_ECX_CX16 = 1 << 13,
	CPUID_1_ECX_X2APIC = 1 << 21,
	CPUID_1_ECX_TSC_DEADLINE = 1 << 24,
	CPUID_1_ECX_XSAVE = 1 << 26,
	CPUID_1_ECX_HYPERVISOR = 1u << 31,
	CPUID_1_EDX_APIC = 1 << 9,
};

/* The same, leaf 5: MWAIT's extensions are enumerated, and interrupts break though IF is 0. */
#define CPUID_5_ECX_INTERRUPT_BREAK 3

static inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	asm volatile("cpuid"
		     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

/* AMD, and Hygon after it; every other vendor follows Intel. */
static inline bool cpu_is_amd(void)
{
	u32 ebx = cpuid(0, 0).ebx;

	return ebx == 0x68747541 /* Auth */ || ebx == 0x6f677948; /* Hygo */
}

static inline u64 rdmsr(u32 index)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(index) : "memory");
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 index, u64 value)
{
	asm volatile("wrmsr" ::"c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (u64)hi << 32 | lo;
}

static inline void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outw(u16 port, u16 value)
{
	asm volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void outl(u16 port, u32 value)
{
	asm volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline u32 inl(u16 port)
{
	u32 value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outsb(u16 port, const void *bytes, size_t n)
{
	asm volatile("rep outsb" : "+S"(bytes), "+c"(n) : "d"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 inw(u16 port)
{
	u16 value;

	asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

#define CONTROL_REGISTER(name)                                                                     \
	static inline u64 read_##name(void)                                                        \
	{                                                                                          \
		u64 value;                                                                         \
		asm volatile("mov %%" #name ", %0" : "=r"(value)::"memory");                       \
		return value;                                                                      \
	}                                                                                          \
	static inline void write_##name(u64 value)                                                 \
	{                                                                                          \
		asm volatile("mov %0, %%" #name ::"r"(value) : "memory");                          \
	}

CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(cr8)
CONTROL_REGISTER(dr0)
CONTROL_REGISTER(dr6)
CONTROL_REGISTER(dr7)

static inline u64 read_rflags(void)
{
	u64 value;

	asm volatile("pushfq; popq %0" : "=r"(value)::"memory");
	return value;
}

static inline void cli(void)
{
	asm volatile("cli" ::: "memory");
}

static inline void cpu_pause(void)
{
	asm volatile("pause" ::: "memory");
}

static inline void halt(void)
{
	asm volatile("hlt" ::: "memory");
}

static inline void clts(void)
{
	asm volatile("clts" ::: "memory");
}

/*
 * Is the x87 as FNINIT leaves it, as to what makes an instruction raise #MF? Call it with CR0.TS=0.
 */
static inline bool x87_at_rest(void)
{
	u16 control, status;

	asm volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
	return control == FCW_FNINIT && !(status & FSW_ES);
}

static inline void invlpg(u64 address)
{
	asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}

/* Order our stores before a WRMSR to the x2APIC, which does not do so itself:
 * "MSR Access in x2APIC Mode". */
static inline void mfence_lfence(void)
{
	asm volatile("mfence; lfence" ::: "memory");
}

#endif
