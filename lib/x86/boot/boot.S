/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the loader to long mode. One file carries a Multiboot 1 header with address fields (QEMU
 * -kernel, GRUB) and a PVH note (QEMU's and Xen's PVH loaders); both enter here in 32-bit protected
 * mode. Fills the page tables of machine/memory.S with an identity map of the first 4 GiB, the
 * first 2 MiB of it in 4 KiB pages so that the stack has a guard page, and calls start_c(kind,
 * info) in 64-bit mode. What firmware has left in control registers is noted, and nothing of it is
 * kept: with CR4.LA57 these page tables would be walked as if they had five levels, and with
 * CR4.SMEP no scene could run on its page, which CPL 3 may use.
 */
#include "base/bits.h"
#include "boot/inherited_layout.h"

#define MULTIBOOT_MAGIC	      0x1badb002
#define MULTIBOOT_FLAGS	      0x00010003 /* align modules, memory info, address fields */
#define XEN_PHYS32_ENTRY      18	 /* XEN_ELFNOTE_PHYS32_ENTRY */

#define COM1		      0x3f8
#define LINE_CONTROL	      3
#define LINE_CONTROL_8_BITS   3	 /* words of 8 bits; a UART after reset may send 5 */
#define LINE_STATUS	      5
#define LINE_STATUS_THRE      0x20
#define DEBUG_EXIT_PORT	      0xf4
#define EXIT_ABORT	      127

#define CPUID_EXT_FEATURES    0x80000001
#define CPUID_EXT_LM_BIT      29
#define CPUID_EXT_NX_BIT      20

#define DEVICES_START_2M      (0xfe000000 >> 21) /* I/O APIC, LAPIC, firmware: uncached */

.section .head, "ax"
.balign 4
multiboot_header:
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long multiboot_header
	.long image_start
	.long image_load_end
	.long image_end
	.long start_multiboot

.section .note.pvh, "a", @note
	.balign 4
	.long 4
	.long 4
	.long XEN_PHYS32_ENTRY
	.asciz "Xen"
	.long start_pvh

.text
.code32
.globl start_multiboot
start_multiboot:
	mov $BOOT_MULTIBOOT, %edi
	jmp start32
start_pvh:
	mov $BOOT_PVH, %edi
start32:
	cli
	cld
	mov %ebx, %esi
	mov $boot_stack_top, %esp
	push $0
	popf
	call require_long_mode
	call build_page_tables
	lgdt boot_gdt_pointer

	call note_inherited
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $pml4, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	mov $EFER_LME, %eax
	or nx_bit, %eax
	xor %edx, %edx
	wrmsr
	mov $(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE), %eax
	mov %eax, %cr0
	ljmp $SEL_CODE64, $start64

/* Fills in struct inherited. Leaves EDI and ESI alone. */
note_inherited:
	mov %cr0, %eax
	mov %eax, inherited + INHERITED_CR0
	mov %cr4, %eax
	mov %eax, inherited + INHERITED_CR4
	mov $MSR_EFER, %ecx
	rdmsr
	mov %eax, inherited + INHERITED_EFER
	mov %edx, inherited + INHERITED_EFER + 4
	ret

/* Leaves EDI and ESI alone. Does not return if there is no long mode. */
require_long_mode:
	pushf
	pop %eax
	mov %eax, %ecx
	xor $RFLAGS_ID, %eax
	push %eax
	popf
	pushf
	pop %eax
	cmp %ecx, %eax
	je no_long_mode
	mov $0x80000000, %eax
	cpuid
	cmp $CPUID_EXT_FEATURES, %eax
	jb no_long_mode
	mov $CPUID_EXT_FEATURES, %eax
	cpuid
	bt $CPUID_EXT_LM_BIT, %edx
	jnc no_long_mode
	bt $CPUID_EXT_NX_BIT, %edx
	jnc 1f
	movl $EFER_NXE, nx_bit
1:	ret

no_long_mode:
	mov $LINE_CONTROL_8_BITS, %al
	mov $(COM1 + LINE_CONTROL), %edx
	out %al, (%dx)
	mov $no_long_mode_text, %esi
1:	lodsb
	test %al, %al
	jz 3f
	mov %al, %bl
	mov $0x100000, %ecx		/* a bounded wait: there may be no such UART */
	mov $(COM1 + LINE_STATUS), %edx
2:	in (%dx), %al
	test $LINE_STATUS_THRE, %al
	loopz 2b
	mov $COM1, %edx
	mov %bl, %al
	out %al, (%dx)
	jmp 1b
3:	mov $EXIT_ABORT, %eax
	mov $DEBUG_EXIT_PORT, %edx
	out %al, (%dx)
4:	hlt
	jmp 4b

/* Leaves EDI and ESI alone. */
build_page_tables:
	mov $(pdpt + PTE_P + PTE_W + PTE_U), %eax
	mov %eax, pml4
	mov $(page_directories + PTE_P + PTE_W + PTE_U), %eax
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
	cmp $DEVICES_START_2M, %ecx
	jne 3f
	or $(PTE_PCD + PTE_PWT), %eax
3:	cmp $2048, %ecx
	jb 2b

	mov $(low_page_table + PTE_P + PTE_W + PTE_U), %eax
	mov %eax, page_directories
	mov $(PTE_P + PTE_W), %eax
	xor %ecx, %ecx
4:	mov %eax, low_page_table(, %ecx, 8)
	add $4096, %eax
	inc %ecx
	cmp $512, %ecx
	jb 4b

	mov $boot_stack_guard, %eax
	shr $12, %eax
	movl $0, low_page_table(, %eax, 8)
	ret

.code64
start64:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov $boot_stack_top, %rsp
	xor %ebp, %ebp
	mov %edi, %edi
	mov %esi, %esi
	call start_c
1:	cli
	hlt
	jmp 1b

.section .rodata
no_long_mode_text:
	.ascii "ABORT: this CPU has no long mode (CPUID 80000001h EDX bit 29 is clear): "
	.asciz "use an x86-64 CPU model\r\n"
.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SEL_CODE64 */
	.quad 0x00cf93000000ffff	/* SEL_DATA */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.long boot_gdt

.data
.balign 4
nx_bit:	.long 0
