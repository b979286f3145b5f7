/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a situation of the generated world to a case, in the words of lib/x86/stage/case.h.
 */
#ifndef ORDEAL_EXPLAIN_WRITE_CASE_H
#define ORDEAL_EXPLAIN_WRITE_CASE_H

/* Prints a CASE that stages the situation of this name and wants its legal orders, with what it
 * includes. Returns why there is none, or NULL. */
const char *write_case(char *name);

#endif
