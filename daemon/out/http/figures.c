/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The figures of one region over time, ascending: {"figures": [...], "links": [...]}, CSV rows, or messages.
 * They are those of the history, and of the board where it has a window that is not written yet or a higher
 * revision of it. */
#include "daemon/out/http/site.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/out/http/print.h"

struct series {
    struct br_printer printer;
    enum br_format format;
    size_t limit;
    bool more;
    int64_t next_utc_ms; /* start of the first figure that found no place */
    const struct br_past *past;
    size_t past_at;
};

static bool put(struct series *series, const struct br_board_item *item)
{
    if (series->printer.count == series->limit) {
        series->more = true;
        series->next_utc_ms = item->start_utc_ms;
        return false;
    }
    br_print(&series->printer, series->format, item);
    return true;
}

/* What the history has before a start. False: there is no place for more. */
static bool put_past(struct series *series, int64_t before_utc_ms)
{
    const struct br_past *past = series->past;
    while (past && series->past_at < past->count && past->items[series->past_at].start_utc_ms < before_utc_ms)
        if (!put(series, &past->items[series->past_at++]))
            return false;
    return true;
}

static bool on_figure(void *context, const struct br_board_item *item)
{
    struct series *series = context;
    if (!put_past(series, item->start_utc_ms))
        return false;
    const struct br_past *past = series->past;
    const struct br_board_item *same =
        past && series->past_at < past->count ? &past->items[series->past_at] : NULL;
    if (same && same->start_utc_ms == item->start_utc_ms) {
        series->past_at++;
        if (same->revision > item->revision)
            item = same;
    }
    return put(series, item);
}

/* One figure more than are given tells that there are more. */
bool br_figures_past(const struct br_ask *ask, struct br_past_query *query)
{
    const struct br_region *region = br_regions_at(ask->site->setup->regions, ask->region);
    *query = (struct br_past_query){.domain = ask->domain,
                                    .from_utc_ms = ask->query.from_utc_ms,
                                    .to_utc_ms = ask->query.to_utc_ms,
                                    .rows_max = ask->query.limit + 1};
    int region_size = snprintf(query->region, sizeof query->region, "%s", region->code);
    int window_size = snprintf(query->window, sizeof query->window, "%s", ask->query.window);
    return region_size < (int)sizeof query->region && window_size < (int)sizeof query->window;
}

static void print_series(const struct br_ask *ask, struct series *series)
{
    const struct br_region *region = br_regions_at(ask->site->setup->regions, ask->region);
    br_print_begin(&series->printer, ask->format);
    br_board_range(ask->site->setup->board, ask->domain, region->code, ask->query.window,
                   ask->query.from_utc_ms, ask->query.to_utc_ms, on_figure, series);
    if (!series->more)
        put_past(series, INT64_MAX);
}

bool br_figures_series(const struct br_ask *ask, struct br_draft *draft)
{
    struct br_printer printer = {.text = &draft->body, .scratch = ask->site->scratch, .domain = ask->domain};
    struct series series = {
        .printer = printer, .format = ask->format, .limit = ask->query.limit, .past = ask->past};
    bool document = ask->format == BR_FORMAT_JSON;
    if (ask->past && ask->past->error) {
        br_problem_set(draft->problem, 503, "The history cannot be read at the moment.");
        return false;
    }
    if (document)
        br_text_format(&draft->body, "{\"figures\":[");
    print_series(ask, &series);
    struct br_query next = ask->query;
    next.from_utc_ms = series.next_utc_ms;
    struct br_links links = {.text = &draft->body};
    if (document) {
        br_text_format(&draft->body, "],\"links\":[");
        br_link_self(&links, ask);
    }
    if (series.more)
        br_link_next(document ? &links : NULL, ask, &next, BR_KEY_FROM | BR_KEY_TO, draft);
    if (document)
        br_text_format(&draft->body, "]}\n");
    return true;
}
