/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a ROM that Bochs starts instead of its BIOS (scripts/ordeal/platforms/bochs_rom.py).
 * The BIOS executes sixteen million instructions before it loads its first sector. An image that
 * stands in the ROM itself needs none of them: this code makes memory write-back, as a BIOS does
 * (MONITOR does nothing on Bochs in memory of another type), copies the parts that the head lists
 * into memory, and jumps to the entry point in 32-bit protected mode, with EBX as PVH wants it.
 *
 * It is linked for the last bytes of the first 4 GiB, where the ROM ends: the reset vector is
 * FFFFFFF0H ("First Instruction Executed" of the Intel SDM), and CS begins at FFFF0000H.
 */
#define ROM_CODE	 0x200
#define ROM_HEAD	 0x100
#define ROM_PARTS	 16
#define OFFSET		 (0x10000 - ROM_CODE) /* of this code in CS */
#define SEL_CODE	 0x10
#define SEL_DATA	 0x18
#define CR0_PE		 1
#define PART_SIZE	 12

/* "Memory Type Range Registers (MTRRs)" of the Intel SDM */
#define CPUID_1_EDX_MTRR 12
#define MSR_MTRR_BASE_0	 0x200
#define MSR_MTRR_MASK_0	 0x201
#define MSR_MTRR_DEFAULT 0x2ff
#define MTRR_WRITE_BACK	 6
#define MTRR_ENABLED	 (1 << 11)
#define MEMORY_MASK	 (-(64 << 20))
#define ADDRESS_HIGH	 0xf /* 36 bits: no CPU that has MTRRs has fewer */

	.code16
	.globl rom
rom:
	cli
	cld
	lgdtl %cs:(table - rom + OFFSET)
	mov %cr0, %eax
	or $CR0_PE, %al
	mov %eax, %cr0
	ljmpl $SEL_CODE, $protected

	.code32
protected:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss

	mov $1, %eax
	cpuid
	bt $CPUID_1_EDX_MTRR, %edx
	jnc 2f
	mov $MSR_MTRR_BASE_0, %ecx
	mov $MTRR_WRITE_BACK, %eax
	xor %edx, %edx
	wrmsr
	mov $MSR_MTRR_MASK_0, %ecx
	mov $(MEMORY_MASK | MTRR_ENABLED), %eax
	mov $ADDRESS_HIGH, %edx
	wrmsr
	mov $MSR_MTRR_DEFAULT, %ecx
	mov $MTRR_ENABLED, %eax		/* the rest, devices, is uncacheable */
	xor %edx, %edx
	wrmsr

2:	mov $parts, %ebx
	mov count, %edx
1:	mov (%ebx), %esi
	mov 4(%ebx), %ecx		/* doublewords */
	mov 8(%ebx), %edi
	rep movsl
	add $PART_SIZE, %ebx
	dec %edx
	jnz 1b
	mov information, %ebx
	jmp *entry

	/* With the accessed bits set: the processor cannot set them in a ROM. */
	.balign 8
descriptors:
	.quad 0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
table:
	.word table - descriptors - 1
	.long descriptors

	/* The head, which bochs_rom.py fills in. */
	.org ROM_HEAD
entry:		.long 0
information:	.long 0
count:		.long 0
parts:		.skip ROM_PARTS * PART_SIZE

	.code16
	.org ROM_CODE - 16
	jmp rom
	.org ROM_CODE
