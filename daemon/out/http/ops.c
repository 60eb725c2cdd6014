/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the operator's tools ask for. Never cached; a query has no meaning here. */
#include "daemon/out/http/target.h"

#include <stdlib.h>
#include <string.h>

static bool print_readiness(const struct br_http_setup *setup, struct br_text *text)
{
    const char *why_not = NULL;
    bool ready = setup->ready(setup->context, &why_not);
    if (ready && why_not)
        br_text_format(text, "ready, but degraded: %s\n", why_not);
    else
        br_text_format(text, ready ? "ready\n" : "not ready: %s\n", why_not ? why_not : "starting");
    return ready;
}

static void print_metrics(const struct br_http_setup *setup, struct br_text *text)
{
    FILE *stream = open_memstream(&text->data, &text->size);
    if (!stream) {
        text->failed = 1;
        return;
    }
    if (setup->before_metrics)
        setup->before_metrics(setup->context);
    br_metrics_print(setup->metrics, stream);
    text->failed = fclose(stream) != 0;
}

struct br_answer *br_site_answer_ops(struct br_site *site, const struct br_request *request)
{
    struct br_problem problem = {0};
    struct br_target target = {0};
    if (!br_request_allowed(request, &problem) || !br_target_parse(request->target, &target, &problem))
        return br_refuse(&problem);
    struct br_text text = {0};
    const char *type = "text/plain; charset=utf-8";
    unsigned status = 200;
    if (br_target_fits(&target, "/healthz")) {
        br_text_format(&text, "ok\n");
    } else if (br_target_fits(&target, "/readyz")) {
        status = print_readiness(site->setup, &text) ? 200 : 503;
    } else if (br_target_fits(&target, "/metrics")) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        print_metrics(site->setup, &text);
    } else {
        br_problem_set(&problem, 404, "There is nothing here: /metrics, /healthz and /readyz are.");
        return br_refuse(&problem);
    }
    if (strcmp(request->method, "OPTIONS") == 0) {
        free(text.data);
        return br_answer_options();
    }
    return br_answer_open(status, type, &text, 0, 0);
}
