/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets that entry.S shares with C. log.c, handler.c and desc.c hold a _Static_assert for each.
 */
#ifndef ORDEAL_LOG_LAYOUT_H
#define ORDEAL_LOG_LAYOUT_H

#define LOG_CAPACITY	  256
#define LOG_ENTRY_SHIFT	  7 /* an entry takes 128 bytes */
#define LOG_ENTRIES	  128

#define LOG_KIND_DELIVERY 1

#define ENTRY_KIND	  0
#define ENTRY_VECTOR	  1
#define ENTRY_IN_SERVICE  2
#define ENTRY_ERROR	  8
#define ENTRY_RIP	  16
#define ENTRY_CS	  24
#define ENTRY_RFLAGS	  32
#define ENTRY_RSP	  40
#define ENTRY_SS	  48
#define ENTRY_FRAME	  56
#define ENTRY_CR2	  64
#define ENTRY_DR6	  72
#define ENTRY_RESUME	  96

/* In the IDT: the interrupt stack of #DB's gate. */
#define DB_GATE_IST	  20

/* struct frame: general registers as pushed, then vector, error code, and the hardware's frame. */
#define FRAME_VECTOR	  120
#define FRAME_ERROR	  128
#define FRAME_RIP	  136
#define FRAME_CS	  144
#define FRAME_RFLAGS	  152
#define FRAME_RSP	  160
#define FRAME_SS	  168

/* Each stub of entry.S takes this many bytes. */
#define ENTRY_STUB_SIZE	  16

/* Vectors whose delivery pushes an error code: "Error Code". */
#define VECTORS_WITH_ERROR_CODE                                                                    \
	((1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17) |        \
	 (1 << 21) | (1 << 29) | (1 << 30))

#endif
