/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first sector of the lab's disk. The BIOS loads this sector; its code loads the rest of the
 * code and the head, and calls loader() in 32-bit protected mode without paging. The descriptors
 * are those that Linux's boot protocol requires: code 0x10 and data 0x18, both flat.
 */
#include "bootdisk.h"

	.code16
	.globl mbr
mbr:
	cli
	cld
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $LOAD_ADDRESS, %sp
	mov $packet, %si
	mov $0x42, %ah			/* EDD extended read, from the drive the BIOS left in DL */
	int $0x13
	cli				/* a BIOS may return with interrupts enabled */
	jc failed
	in $0x92, %al			/* A20 */
	or $2, %al
	out %al, $0x92
	lgdt table
	mov %cr0, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmp $0x10, $protected
failed:
	mov $'!', %al
	out %al, $0xe9
	hlt
	jmp failed

	.code32
protected:
	mov $0x18, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	call loader
	mov (HEAD_ADDRESS + HEAD_INFORMATION), %ebx
	mov %ebx, %esi
	xor %ebp, %ebp
	xor %edi, %edi
	jmp *%eax

	.balign 8
descriptors:
	.quad 0, 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
table:
	.word table - descriptors - 1
	.long descriptors
	.balign 4
packet:
	.byte 16, 0
	.word CODE_SECTORS		/* the rest of the code, and the head */
	.word LOAD_ADDRESS + SECTOR, 0
	.quad 1

	.org 510
	.word 0xaa55
