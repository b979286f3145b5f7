/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests, explained.
 */
#ifndef ORDEAL_EXPLAIN_GUEST_H
#define ORDEAL_EXPLAIN_GUEST_H

#include "notation.h"

/* Prints the legal orders of a guest's events, exits and entries, for each vendor that is meant and
 * has its controls. NULL, or why the model does not know them. */
const char *explain_guest(const struct question_asked *asked);

/* The legal traces for one vendor, separated by " || "; "? " and the reason, if the model does not know
 * them. Valid until the next call. */
const char *guest_traces(const struct question_asked *asked, bool amd);

#endif
