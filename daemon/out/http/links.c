/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/http/site.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/clock.h"

void br_link_add(struct br_links *links, const char *rel, const char *media, const char *base,
                 const char *path)
{
    struct br_text href = {0};
    br_text_format(&href, "%s%s", base, path);
    br_text_format(links->text, "%s{\"rel\":\"%s\",\"type\":\"%s\",\"href\":", links->count++ > 0 ? "," : "",
                   rel, media);
    br_text_json(links->text, href.data ? href.data : "", href.size);
    br_text_format(links->text, "}");
    links->text->failed |= href.failed;
    free(href.data);
}

/* The ask's path with a query, as an address. */
static void address(const struct br_ask *ask, const struct br_query *query, enum br_format format,
                    unsigned also, struct br_text *text)
{
    br_text_format(text, "%s", ask->path);
    br_query_print(query, format, also, text);
}

void br_link_self(struct br_links *links, const struct br_ask *ask)
{
    for (int i = -1; i < BR_FORMAT_COUNT; i++) {
        bool self = i < 0;
        if (!self && (!(ask->formats & BR_FORMAT_BIT(i)) || i == (int)ask->format))
            continue;
        struct br_text text = {0};
        enum br_format format = self ? ask->format : (enum br_format)i;
        address(ask, &ask->query, self ? BR_FORMAT_NONE : format, 0, &text);
        br_link_add(links, self ? "self" : "alternate", br_format_media(format), ask->site->base,
                    text.data ? text.data : "");
        links->text->failed |= text.failed;
        free(text.data);
    }
}

void br_link_next(struct br_links *links, const struct br_ask *ask, const struct br_query *query,
                  unsigned also, struct br_draft *draft)
{
    struct br_text text = {0};
    address(ask, query, ask->format, also, &text);
    const char *path = text.data ? text.data : "";
    br_text_format(&draft->link, "<%s%s>; rel=\"next\"", ask->site->base, path);
    if (links)
        br_link_add(links, "next", br_format_media(ask->format), ask->site->base, path);
    draft->body.failed |= text.failed;
    free(text.data);
}

void br_draft_stamp(struct br_draft *draft, int64_t now_utc_ms)
{
    char time[BR_TIME_TEXT_SIZE];
    br_time_format(now_utc_ms, time);
    draft->stamp_at = draft->body.size;
    br_text_json(&draft->body, time, strlen(time));
    draft->stamp_size = draft->body.size - draft->stamp_at;
}
