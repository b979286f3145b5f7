/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's own lines, on a UART. An image sets the UART up anew for itself.
 */
#ifndef ORDEAL_SERIAL_H
#define ORDEAL_SERIAL_H

#include "base/types.h"

/* @port: of COM1, or of another UART. */
void serial_init(u16 port);
void serial_write(const char *text);
void serial_number(u32 number);

#endif
