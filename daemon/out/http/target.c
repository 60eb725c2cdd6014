/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/target.h"

#include <string.h>

#define METHODS "GET, HEAD, OPTIONS"

/* The path of a target in absolute form (RFC 9112, section 3.2.2): `http://host/path`. */
static const char *without_authority(const char *target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t size = strlen(schemes[i]);
        if (strncmp(target, schemes[i], size) != 0)
            continue;
        target += size;
        target += strcspn(target, "/?");
        return *target == '/' ? target : "/";
    }
    return target;
}

/* False: the problem says why. */
bool br_target_parse(const char *raw, struct br_target *target, struct br_problem *problem)
{
    raw = without_authority(raw);
    size_t size = strcspn(raw, "?"), used = 0;
    target->query = raw[size] == '?' ? raw + size + 1 : "";
    if (size > BR_PATH_SIZE_MAX || strlen(target->query) > BR_QUERY_SIZE_MAX) {
        br_problem_set(problem, 414, "A path has at most %d bytes and a query %d.", BR_PATH_SIZE_MAX,
                       BR_QUERY_SIZE_MAX);
        return false;
    }
    for (size_t at = 0; at < size && raw[at] == '/' && target->count < BR_SEGMENTS_MAX;) {
        size_t length = strcspn(raw + at + 1, "/?");
        struct br_view segment = {raw + at + 1, length};
        char *text = target->text + used;
        if (!br_percent_decode(segment, text, sizeof target->text - used)) {
            br_problem_set(problem, 400, "The path is wrongly encoded.");
            return false;
        }
        used += strlen(text) + 1;
        target->segments[target->count++] = text;
        at += length + 1;
    }
    return true;
}

bool br_target_fits(const struct br_target *target, const char *pattern)
{
    for (size_t i = 0; i < target->count; i++) {
        if (*pattern != '/')
            return false;
        size_t size = strcspn(pattern + 1, "/");
        struct br_view part = {pattern + 1, size};
        if (part.size > 0 && part.data[0] == '{' ? target->segments[i][0] == '\0'
                                                 : !br_view_is(part, target->segments[i]))
            return false;
        pattern += size + 1;
    }
    return target->count > 0 && *pattern == '\0';
}

bool br_request_allowed(const struct br_request *request, struct br_problem *problem)
{
    const char *method = request->method;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 && strcmp(method, "OPTIONS") != 0)
        br_problem_set(problem, 405, "Nothing can be changed here: use GET or HEAD.");
    else if (request->has_body)
        br_problem_set(problem, 413, "A request must not have a body.");
    return problem->status == 0;
}

struct br_answer *br_refuse(const struct br_problem *problem)
{
    struct br_text text = {0};
    br_problem_print(problem, &text);
    struct br_answer *answer =
        br_answer_open(problem->status, "application/problem+json; charset=utf-8", &text, 0, 0);
    if (answer && problem->status == 405)
        answer->allow = METHODS;
    return answer;
}

struct br_answer *br_answer_options(void)
{
    struct br_text nothing = {0};
    struct br_answer *answer = br_answer_open(204, NULL, &nothing, 0, 0);
    if (answer)
        answer->allow = METHODS;
    return answer;
}
