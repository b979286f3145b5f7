/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that boots and exits at once: what `make bench` compares everything else with.
 */
#include "boot/env.h"
#include "report/power.h"

void image_main(const struct args *args __attribute__((unused)))
{
	power_exit(EXIT_CODE_PASS);
}
