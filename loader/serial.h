/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's own lines, on COM1. An image sets the UART up anew for itself.
 */
#ifndef ORDEAL_SERIAL_H
#define ORDEAL_SERIAL_H

#include "base/types.h"

void serial_init(void);
void serial_write(const char *text);
void serial_number(u32 number);

#endif
