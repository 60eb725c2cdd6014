/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What is wrong with a request, all of it: application/problem+json (RFC 9457) with a list `errors`. */
#ifndef BR_OUT_HTTP_PROBLEM_H
#define BR_OUT_HTTP_PROBLEM_H

#include "proto/record.h"

#define BR_PROBLEM_FAULTS_MAX 32

struct br_problem_fault {
    char name[64]; /* of the query key */
    char detail[192];
};

struct br_problem { /* {0} to begin */
    unsigned status;
    char detail[256];
    size_t count;
    struct br_problem_fault faults[BR_PROBLEM_FAULTS_MAX]; /* more are left out */
};

void br_problem_set(struct br_problem *problem, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One fault of a query key; makes the status 400. */
void br_problem_add(struct br_problem *problem, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The JSON document. */
void br_problem_print(const struct br_problem *problem, struct br_text *text);

#endif
