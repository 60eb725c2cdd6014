/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

void br_problem_set(struct br_problem *problem, unsigned status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem->status = status;
    vsnprintf(problem->detail, sizeof problem->detail, format, arguments);
    va_end(arguments);
}

void br_problem_add(struct br_problem *problem, const char *name, const char *format, ...)
{
    problem->status = 400;
    if (problem->count == BR_PROBLEM_FAULTS_MAX)
        return;
    struct br_problem_fault *fault = &problem->faults[problem->count++];
    snprintf(fault->name, sizeof fault->name, "%.63s", name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->detail, sizeof fault->detail, format, arguments);
    va_end(arguments);
}

static void print_faults(const struct br_problem *problem, struct br_text *text)
{
    br_text_format(text, ",\"errors\":[");
    for (size_t i = 0; i < problem->count; i++) {
        const struct br_problem_fault *fault = &problem->faults[i];
        br_text_format(text, "%s{\"in\":\"query\",\"name\":", i > 0 ? "," : "");
        br_text_json(text, fault->name, strlen(fault->name));
        br_text_format(text, ",\"detail\":");
        br_text_json(text, fault->detail, strlen(fault->detail));
        br_text_format(text, "}");
    }
    br_text_format(text, "]");
}

/* `about:blank` means that the title is the status code's own phrase (RFC 9457, section 4.2.1). */
void br_problem_print(const struct br_problem *problem, struct br_text *text)
{
    br_text_format(text, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":",
                   title_of(problem->status), problem->status);
    if (problem->detail[0] == '\0' && problem->count > 0) {
        char detail[64];
        int size = snprintf(detail, sizeof detail, "%zu %s of the query cannot be served.", problem->count,
                            problem->count == 1 ? "part" : "parts");
        br_text_json(text, detail, (size_t)size);
    } else {
        br_text_json(text, problem->detail, strlen(problem->detail));
    }
    if (problem->count > 0)
        print_faults(problem, text);
    br_text_format(text, "}\n");
}
