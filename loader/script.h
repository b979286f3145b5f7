/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The script names images with their arguments, one a line; the packed images lie beside it.
 */
#ifndef ORDEAL_SCRIPT_H
#define ORDEAL_SCRIPT_H

#include "loader/machine.h"

/* head.S calls these, on the loader's stack. @code: enum exit_code, of the image that is over. */
NORETURN void run_script(const struct machine *m);
NORETURN void image_over(u32 code);

#endif
