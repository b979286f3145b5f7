/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest says about the case that is running: the lines of docs/results.md that two plays
 * of one case are compared by.
 */
#ifndef ORDEAL_VMM_CASE_LOG_H
#define ORDEAL_VMM_CASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CASE_NAME_SIZE = 128,
	CASE_SEEN_SIZE = 2048,
	CASE_VERDICT_SIZE = 16,
	CASE_REASON_SIZE = 256,
};

struct case_log {
	char name[CASE_NAME_SIZE];
	char seen[CASE_SEEN_SIZE];
	char verdict[CASE_VERDICT_SIZE]; /* "PASS" and so on; empty until it comes */
	char reason[CASE_REASON_SIZE];	 /* what the verdict's line says */
	bool sweep; /* the case is one: it has many orders, all of them legal */
	bool begun, over;
};

/* The case that is running, or ran last. */
extern struct case_log case_log;

/* One byte of the guest's console. */
void case_log_byte(char byte);

/*
 * Where the other play differs: NULL if a reader of the log could not tell them apart. Plays of a
 * sweep meet other samples, so only their verdicts are compared, and only if the first one passed:
 * an illegal order that not every play meets says nothing of the others.
 */
const char *case_log_difference(const struct case_log *one, const struct case_log *other);

#endif
