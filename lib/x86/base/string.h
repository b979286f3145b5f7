/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory and string functions, with the meaning they have in ISO C.
 */
#ifndef ORDEAL_STRING_H
#define ORDEAL_STRING_H

#include "base/types.h"

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
