/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * String I/O from user space. The C library's outsb() and insb() do not tell the compiler that they
 * touch memory.
 */
#ifndef ORDEAL_LAB_PORTS_H
#define ORDEAL_LAB_PORTS_H

#include <stddef.h>
#include <sys/io.h>

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
