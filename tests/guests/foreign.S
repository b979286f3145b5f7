/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that reports as kvm-unit-tests' images do, and no more: it prints TEXT (with its command
 * line after it, if ECHO is defined) on COM1 and writes CODE to port 0xf4. ELF32, Multiboot 1.
 *   gcc -m32 -nostdlib -static -Wl,-Ttext=0x100000 -DTEXT='"PASS: a\n"' -DCODE=0 foreign.S
 */
	.section .text
	.code32
	.align 4
header:
	.long 0x1badb002, 0, -0x1badb002

	.globl _start
_start:
	mov $stack_top, %esp
	mov %ebx, %edi
	mov $text, %esi
	call print
#ifdef ECHO
	mov 16(%edi), %esi
	call print
	mov $newline, %esi
	call print
#endif
	mov $CODE, %eax
	mov $0xf4, %edx
	out %eax, %dx
1:	hlt
	jmp 1b

/* Prints the string at %esi. */
print:
	mov $0x3fd, %dx
	in %dx, %al
	test $0x20, %al
	jz print
	lodsb
	test %al, %al
	jz 1f
	mov $0x3f8, %dx
	out %al, %dx
	jmp print
1:	ret

text:	.asciz TEXT
newline: .asciz "\n"
	.bss
	.skip 4096
stack_top:
	.section .note.GNU-stack, "", @progbits
