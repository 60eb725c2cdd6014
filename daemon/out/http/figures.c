/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The figures of one region over time, ascending: {"figures": [...], "links": [...]}, CSV rows, or messages.
 */
#include "daemon/out/http/site.h"

#include "daemon/out/http/print.h"

struct series {
    struct br_printer printer;
    enum br_format format;
    size_t limit;
    bool more;
    int64_t next_utc_ms; /* start of the first figure that found no place */
};

static bool on_figure(void *context, const struct br_board_item *item)
{
    struct series *series = context;
    if (series->printer.count == series->limit) {
        series->more = true;
        series->next_utc_ms = item->start_utc_ms;
        return false;
    }
    br_print(&series->printer, series->format, item);
    return true;
}

bool br_figures_series(const struct br_ask *ask, struct br_draft *draft)
{
    const struct br_region *region = br_regions_at(ask->site->setup->regions, ask->region);
    struct br_printer printer = {.text = &draft->body, .scratch = ask->site->scratch, .domain = ask->domain};
    struct series series = {.printer = printer, .format = ask->format, .limit = ask->query.limit};
    bool document = ask->format == BR_FORMAT_JSON;
    if (document)
        br_text_format(&draft->body, "{\"figures\":[");
    br_print_begin(&series.printer, ask->format);
    br_board_range(ask->site->setup->board, ask->domain, region->code, ask->query.window,
                   ask->query.from_utc_ms, ask->query.to_utc_ms, on_figure, &series);
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
