/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's name. Compiled once for each image.
 */
#include "report/report.h"

const char suite_name[] = SUITE;
