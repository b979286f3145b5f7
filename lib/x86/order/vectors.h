/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of vectors, as the manuals write them.
 */
#ifndef ORDEAL_VECTORS_H
#define ORDEAL_VECTORS_H

#include "base/text.h"
#include "order/log_layout.h"

/* "#GP" for 13; NULL for a vector that is no exception, and for NMI. */
const char *exception_mnemonic(u8 vector);

/* Does its delivery push an error code? */
static inline bool vector_has_error_code(u8 vector)
{
	return vector < 32 && (VECTORS_WITH_ERROR_CODE >> vector & 1);
}

/* Appends "GP_ENTRY", "NMI_ENTRY" or "IRQ_0x40_ENTRY". */
void vector_entry_name(struct text *text, u8 vector);

#endif
