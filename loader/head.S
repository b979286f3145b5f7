/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first bytes of the file, which is at once an EFI application (PE32+, "Microsoft Portable
 * Executable and Common Object File Format Specification") and a Multiboot 1 kernel for GRUB; the
 * way from Multiboot into 64-bit mode; and the two gates between this loader and the images. The
 * code of the file runs wherever firmware puts it; GRUB puts it at LOAD.
 */
#include "base/bits.h"
#include "loader/selectors.h"

#define LOAD		 0x1000000
#define FILE_RVA(symbol) symbol - LOAD
#define MULTIBOOT_MAGIC	 0x1badb002
#define MULTIBOOT_FLAGS	 0x00010003 /* align modules, memory info, address fields */
#define PE_AMD64	 0x8664
#define PE_EXECUTABLE	 0x22e /* executable, no line numbers, symbols or debug, large addresses */
#define PE32_PLUS	 0x20b
#define EFI_APPLICATION	 10
#define NX_COMPATIBLE	 0x100
#define CODE_SECTION	 0x60000020 /* code, executable, readable */
#define DATA_SECTION	 0xc0000040 /* initialized data, readable, writable */
#define RELOC_SECTION	 0x42000040 /* initialized data, discardable, readable */

#define SCRIPT_SIZE	 0x8000
#define CR4_LA57	 (1 << 12)
#define CR0_ET		 (1 << 4)

.section .head, "a"
.globl image
image:
	.ascii "MZ"
	.org image + 0x3c
	.long pe - image
pe:
	.ascii "PE\0\0"
	.word PE_AMD64
	.word 3				/* sections */
	.long 0, 0, 0
	.word sections - optional
	.word PE_EXECUTABLE
optional:
	.word PE32_PLUS
	.byte 2, 0
	.long text_size
	.long data_size
	.long 0
	.long FILE_RVA(efi_main)
	.long FILE_RVA(text_start)
	.quad LOAD
	.long 4096, 4096		/* alignment in memory and in the file */
	.word 0, 0, 0, 0, 2, 0
	.long 0
	.long FILE_RVA(image_end)
	.long FILE_RVA(text_start)	/* the size of the headers */
	.long 0
	.word EFI_APPLICATION
	.word NX_COMPATIBLE
	.quad 0x10000, 0x1000, 0x10000, 0x1000
	.long 0
	.long 6				/* data directories; the sixth is that of relocations */
	.quad 0, 0, 0, 0, 0
	.long FILE_RVA(reloc_start), 12
sections:
	.ascii ".text\0\0\0"
	.long text_size, FILE_RVA(text_start), text_size, FILE_RVA(text_start), 0, 0, 0
	.long CODE_SECTION
	.ascii ".reloc\0\0"
	.long 4096, FILE_RVA(reloc_start), 4096, FILE_RVA(reloc_start), 0, 0, 0
	.long RELOC_SECTION
	.ascii ".data\0\0\0"
	.long data_memory_size, FILE_RVA(data_start), data_size, FILE_RVA(data_start), 0, 0, 0
	.long DATA_SECTION

.balign 4
multiboot_header:
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long multiboot_header
	.long image
	.long data_end
	.long image_end
	.long start_multiboot

/* Nothing is relocated; some firmware refuses a file without this table. */
.section .reloc, "a"
	.long 0, 12
	.word 0, 0

.text
.code32
.globl start_multiboot
start_multiboot:
	cli
	cld
	mov $stack_top, %esp
	mov %ebx, %esi
	mov $(page_directories + PTE_P + PTE_W), %eax
	xor %ecx, %ecx
1:	mov %eax, pdpt(, %ecx, 8)
	add $4096, %eax
	inc %ecx
	cmp $4, %ecx
	jb 1b
	mov $(PTE_P + PTE_W + PTE_PS), %eax
	xor %ecx, %ecx
2:	mov %eax, page_directories(, %ecx, 8)
	add $0x200000, %eax
	inc %ecx
	cmp $2048, %ecx
	jb 2b
	movl $(pdpt + PTE_P + PTE_W), pml4
	movl $gdt, gdt_pointer + 2
	lgdt gdt_pointer
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov $(CR0_PG | CR0_PE), %eax
	mov %eax, %cr0
	ljmp $CODE64, $3f
.code64
3:	mov %esi, %edi
	call begin_multiboot

/* begin_at(code, machine): jumps to code, which is begin in the loader's other place. */
.globl begin_at
begin_at:
	mov %rdi, %rax
	mov %rsi, %rdi
	jmp *%rax

/* begin(machine): on a stack of the loader's own. */
.globl begin
begin:
	cli
	cld
	lea stack_top(%rip), %rsp
	xor %ebp, %ebp
	call run_script

/* Images come back here, in 64-bit mode, with their code in EDI, on page tables of their own. */
.globl image_left
image_left:
	cli
	cld
	lea stack_top(%rip), %rsp
	xor %ebp, %ebp
	push %rdi
	push %rdi
	call escape
	pop %rdi
	pop %rdi
	call image_over

/*
 * enter_image(to, from, bytes, zeros, entry, info): copies an image to its place and enters it as
 * PVH specifies: 32-bit protected mode without paging, CR4 and EFER clear. The copy comes last,
 * because the page tables in use may be those of the image before. Of CR4 only what 64-bit mode
 * needs stays until paging ends: CR4.PCIDE and CR4.CET would forbid the writes of CR0 below.
 */
.globl enter_image
enter_image:
	mov %ecx, %ebx			/* zeros */
	mov %r8d, %ebp			/* entry */
	push %rdx
	push %r9
	xor %eax, %eax
	mov %rax, %dr7
	mov %cr4, %rax
	and $(CR4_PAE | CR4_LA57), %eax
	mov %rax, %cr4
	lea gdt(%rip), %rax
	mov %rax, gdt_pointer + 2(%rip)
	lgdt gdt_pointer(%rip)
	lidt no_idt(%rip)
	pushq $CODE32
	lea 1f(%rip), %rax
	push %rax
	lretq
.code32
1:	mov $DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %eax, %fs
	mov %eax, %gs
	mov $(CR0_PE | CR0_ET), %eax
	mov %eax, %cr0
	xor %eax, %eax
	mov %eax, %cr4
	xor %edx, %edx
	mov $MSR_EFER, %ecx
	wrmsr
	pop %edx			/* info */
	pop %eax			/* the upper half of its slot */
	pop %eax			/* bytes */
	mov %eax, %ecx
	shr $2, %ecx
	rep movsl
	mov %eax, %ecx
	and $3, %ecx
	rep movsb
	xor %eax, %eax
	mov %ebx, %ecx
	and $3, %ecx
	rep stosb
	mov %ebx, %ecx
	shr $2, %ecx
	rep stosl
	mov %edx, %ebx
	jmp *%ebp
.code64

.section .rodata
.balign 4
.globl blob, blob_end
blob:
	.incbin "loader/suites.lzma"
blob_end:

/* Which images run, in which order, with which arguments: the runner writes it anew. */
.data
.balign 16
.globl script, script_end
script:
	.incbin "loader/script.txt"
	.org script + SCRIPT_SIZE
script_end:
	.byte 0

.balign 8
.globl gdt, gdt_pointer
gdt:	.quad 0
	.quad 0x00af9b000000ffff	/* CODE64 */
	.quad 0x00cf93000000ffff	/* DATA */
	.quad 0x00cf9b000000ffff	/* CODE32 */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.quad 0
no_idt:	.word 0
	.quad 0

.bss
.balign 4096
pml4:		  .skip 4096
pdpt:		  .skip 4096
page_directories: .skip 4 * 4096
		  .skip 4 * 4096
stack_top:
