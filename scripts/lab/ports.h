/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port I/O, for programs under an operating system and for programs without one. The C library's
 * outsb() and insb() do not tell the compiler that they access memory, so this file has its own.
 */
#ifndef ORDEAL_LAB_PORTS_H
#define ORDEAL_LAB_PORTS_H

#include <stddef.h>
#include <stdint.h>
#if __STDC_HOSTED__
#include <sys/io.h>
#else
static inline void outb(uint8_t value, uint16_t port)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
#endif

static inline void write_bytes(unsigned short port, const void *from, size_t n)
{
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(n) : "d"(port) : "memory");
}

static inline void read_bytes(unsigned short port, void *to, size_t n)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(n) : "d"(port) : "memory");
}

static inline void read_words(unsigned short port, void *to, size_t n)
{
	__asm__ volatile("rep insw" : "+D"(to), "+c"(n) : "d"(port) : "memory");
}

#endif
