/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixed-width integer names, and the few helper macros every file uses. Freestanding: only the
 * compiler's own headers are included, so the pure parts of the library also build on the host.
 */
#ifndef ORDEAL_TYPES_H
#define ORDEAL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int32_t s32;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)	      (1ull << (n))
#define PRINTF(f, a)  __attribute__((format(printf, f, a)))
#define NORETURN      __attribute__((noreturn))
#define NOINLINE      __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
/* Objects so marked are emitted in the order of the source; clang keeps that order anyway. */
#if defined(__has_attribute) && __has_attribute(no_reorder)
#define IN_SOURCE_ORDER __attribute__((no_reorder))
#else
#define IN_SOURCE_ORDER
#endif

#define PAGE_SIZE    4096ul
#define PAGE_ALIGNED __attribute__((aligned(4096)))

#endif
