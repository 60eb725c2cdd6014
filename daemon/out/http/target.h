/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What stands between the request line and a resource: the target taken apart, methods, refusals. */
#ifndef BR_OUT_HTTP_TARGET_H
#define BR_OUT_HTTP_TARGET_H

#include "daemon/out/http/site.h"

#define BR_SEGMENTS_MAX 8

struct br_target {                   /* {0} to begin */
    char text[BR_PATH_SIZE_MAX + 1]; /* the decoded segments, each behind the other */
    char *segments[BR_SEGMENTS_MAX];
    size_t count;
    const char *query; /* raw, borrowed; never NULL */
};

/* False: the problem says why (400, 414). A path that ends in a slash has an empty last segment. */
bool br_target_parse(const char *raw, struct br_target *target, struct br_problem *problem);

/* Whether the path has the segments of a pattern, in which {NAME} stands for any that is not empty. */
bool br_target_fits(const struct br_target *target, const char *pattern);

/* What holds for every path: GET, HEAD and OPTIONS only, and no body. False: the problem says why (405, 413).
 */
bool br_request_allowed(const struct br_request *request, struct br_problem *problem);

/* The answer that says what is wrong; never cached. */
struct br_answer *br_refuse(const struct br_problem *problem);

/* 204 with the methods. */
struct br_answer *br_answer_options(void);

#endif
