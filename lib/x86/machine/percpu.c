/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Storage of the per-CPU block.
 */
#include "machine/percpu.h"

struct percpu this_cpu;
