/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Legal orders as what a case expects.
 */
#ifndef ORDEAL_EXPLAIN_WANTS_H
#define ORDEAL_EXPLAIN_WANTS_H

#include "model/model.h"

enum {
	ORDERS_TEXT = 64 * 1024,
	CITATION_TEXT = 2048,
};

/* A step that has no label, and at which something is wanted, gets M. */
struct places {
	bool m_used;
	size_t m;
};

/* The legal orders of one vendor: each as a list of wants, one after the other. */
struct legal_orders {
	size_t count;
	char text[ORDERS_TEXT];
	char citation[CITATION_TEXT]; /* of the rules that decided */
	char first[512];	      /* the first order, as a log has it */
};

/* Returns why there are none, or NULL. Labels that are needed are added to *places. */
const char *read_orders(struct legal_orders *orders, const struct situation *situation, u16 vendor,
			struct places *places);

/* The line of CASE, with its sentence and its citation. */
void print_head(const char *name, const char *id, const struct legal_orders *intel,
		const struct legal_orders *amd);

/* What play() is followed by. */
void print_expectation(const struct legal_orders *intel, const struct legal_orders *amd);

/* "GP_VECTOR", "VEC"; valid until the next call. */
const char *vector_text(u8 vector);

/* The fragment's name in fragments.def. */
const char *fragment_id(u16 id);

#endif
