/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loader that leaves the machine as careless firmware might: every bit of CR4 that CPUID lets it
 * set without paging (LA57, SMEP, SMAP, PKE ...), EFER.SCE, another PAT and XCR0, all pins of the
 * I/O APIC open, the PIT and the LAPIC's timer running, and an interrupt in IRR. Then it enters the
 * image that QEMU gave it as its Multiboot module, with the module's command line. ELF32,
 * Multiboot 1, below 16 MiB nothing of it:
 *   gcc -m32 -O1 -ffreestanding -fno-pic -fno-stack-protector -mno-sse -nostdlib -static
 *     -Wl,-Ttext=0x1000000 careless.c
 * -DLEVEL makes the pins level-triggered and active low, so that idle lines are asserted. -DMESSAGES
 * has the HPET send vector 0x99 twenty thousand times a second, past every pin and mask.
 */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;
typedef unsigned short u16;

__asm__(".section .text\n"
	".align 4\n"
	"header: .long 0x1badb002, 2, -0x1badb004\n"
	".globl _start\n"
	"_start: mov $stack_top, %esp\n"
	"push %ebx\n"
	"call careless\n"
	".bss\n"
	".skip 4096\n"
	"stack_top:\n"
	".text\n");

struct info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr;
	u32 syms[4], mmap_length, mmap_addr;
};

struct module {
	u32 start, end, string, reserved;
};

static u64 rdmsr(u32 index)
{
	u64 value;

	__asm__ volatile("rdmsr" : "=A"(value) : "c"(index));
	return value;
}

static void wrmsr(u32 index, u64 value)
{
	__asm__ volatile("wrmsr" ::"c"(index), "A"(value));
}

static void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static u32 cpuid7(u32 *ecx)
{
	u32 eax = 7, ebx, edx;

	*ecx = 0;
	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(*ecx), "=d"(edx));
	return ebx;
}

static void leave_control_state(void)
{
	u32 ecx, ebx = cpuid7(&ecx), cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	cr4 |= 1 << 2 | 1 << 3 | 1 << 18;		 /* TSD, DE, OSXSAVE */
	cr4 |= ebx & 1 << 7 ? 1 << 20 : 0;		 /* SMEP */
	cr4 |= ebx & 1 << 20 ? 1 << 21 : 0;		 /* SMAP */
	cr4 |= ecx & 1 << 3 ? 1 << 22 : 0;		 /* PKE */
	cr4 |= ecx & 1 << 16 ? 1 << 12 : 0;		 /* LA57 */
	__asm__ volatile("mov %0, %%cr4" ::"r"(cr4));
	wrmsr(0xc0000080, rdmsr(0xc0000080) | 1);	 /* EFER.SCE */
	wrmsr(0x277, 0x0007010600070106ull);		 /* PAT */
	__asm__ volatile("xsetbv" ::"a"(3), "d"(0), "c"(0));
}

static volatile u32 *lapic(u32 offset)
{
	return (u32 *)(0xfee00000 + offset);
}

static void leave_interrupts(void)
{
	volatile u32 *select = (u32 *)0xfec00000, *window = (u32 *)0xfec00010;

	*lapic(0xf0) = 0x1ff;
	*lapic(0x3e0) = 0xb;
	*lapic(0x320) = 0x20077; /* periodic */
	*lapic(0x380) = 100000;
	*lapic(0x350) = 0x700; /* ExtINT */
	for (u32 pin = 0; pin < 24; pin++) {
		*select = 0x10 + 2 * pin;
#ifdef LEVEL
		*window = 0x80 + pin | 1 << 15 | 1 << 13;
#else
		*window = 0x80 + pin;
#endif
	}
	outb(0x43, 0x34); /* the PIT, about a thousand times a second */
	outb(0x40, 0xa9);
	outb(0x40, 4);
	*lapic(0x300) = 0x44060; /* a self-IPI */
}

#ifdef MESSAGES
static void leave_messages(void)
{
	volatile u32 *hpet = (u32 *)0xfed00000;

	hpet[0x114 / 4] = 0xfee00000;
	hpet[0x110 / 4] = 0x99;
	hpet[0x100 / 4] = 1 << 14 | 1 << 6 | 1 << 3 | 1 << 2;
	hpet[0x108 / 4] = 5000; /* ticks of 10 ns */
	hpet[0x108 / 4] = 5000;
	hpet[0x10 / 4] = 1;
}
#endif

static void enter(const u8 *elf, struct info *info)
{
	u32 entry = *(const u32 *)(elf + 24), headers = *(const u32 *)(elf + 32);

	for (u32 i = 0; i < *(const u16 *)(elf + 56); i++) {
		const u32 *p = (const u32 *)(elf + headers + 56 * i);
		u8 *to = (u8 *)p[6];

		if (p[0] != 1) /* PT_LOAD */
			continue;
		for (u32 n = 0; n < p[10]; n++)
			to[n] = n < p[8] ? elf[p[2] + n] : 0;
	}
	__asm__ volatile("jmp *%0" ::"r"(entry), "a"(0x2badb002), "b"(info));
	__builtin_unreachable();
}

void careless(struct info *info)
{
	const struct module *module = (const struct module *)info->mods_addr;

	info->cmdline = module->string;
	info->mods_count = 0;
	leave_control_state();
	leave_interrupts();
#ifdef MESSAGES
	leave_messages();
#endif
	enter((const u8 *)module->start, info);
}
