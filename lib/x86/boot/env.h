/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the image runs on, for the ENV lines of the log.
 */
#ifndef ORDEAL_ENV_H
#define ORDEAL_ENV_H

struct args;

void env_report(void);

/* main.c: runs every case that @args select, and ends the boot. */
void run_cases(const struct args *args);

/* What the image does; by default run_cases(). */
void image_main(const struct args *args);

#endif
