/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/watermark.h"
#include "daemon/core/clock.h"

#include <stdlib.h>

#define IDLE_INTERVALS 2

struct mark {
    int64_t end_utc_ms, heard_utc_ms; /* BR_TIME_NONE: never */
};

struct br_watermarks {
    const struct br_config *config;
    struct mark *marks; /* feed_count * BR_DOMAINS */
};

struct br_watermarks *br_watermarks_open(const struct br_config *config)
{
    struct br_watermarks *watermarks = calloc(1, sizeof *watermarks);
    size_t count = (config->feed_count + 1) * BR_DOMAINS;
    if (!watermarks)
        return NULL;
    watermarks->config = config;
    watermarks->marks = calloc(count, sizeof *watermarks->marks);
    if (!watermarks->marks) {
        free(watermarks);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        watermarks->marks[i] = (struct mark){BR_TIME_NONE, BR_TIME_NONE};
    return watermarks;
}

void br_watermarks_close(struct br_watermarks *watermarks)
{
    if (!watermarks)
        return;
    free(watermarks->marks);
    free(watermarks);
}

void br_watermarks_heard(struct br_watermarks *watermarks, size_t feed, enum br_domain domain,
                         int64_t end_utc_ms, int64_t heard_utc_ms)
{
    struct mark *mark = &watermarks->marks[feed * BR_DOMAINS + domain];
    if (end_utc_ms > mark->end_utc_ms)
        mark->end_utc_ms = end_utc_ms;
    if (heard_utc_ms > mark->heard_utc_ms)
        mark->heard_utc_ms = heard_utc_ms;
}

int64_t br_watermarks_until(const struct br_watermarks *watermarks, enum br_domain domain,
                            int64_t clock_utc_ms)
{
    const struct br_config *config = watermarks->config;
    bool has_clock = clock_utc_ms != BR_TIME_NONE;
    int64_t until = INT64_MAX;

    for (size_t feed = 0; feed < config->feed_count; feed++) {
        const struct mark *mark = &watermarks->marks[feed * BR_DOMAINS + domain];
        int64_t idle_ms = IDLE_INTERVALS * config->feeds[feed].interval_ms;
        if (mark->end_utc_ms == BR_TIME_NONE ||
            (has_clock && mark->heard_utc_ms != BR_TIME_NONE && clock_utc_ms - mark->heard_utc_ms >= idle_ms))
            continue;
        if (mark->end_utc_ms - config->feeds[feed].lateness_ms < until)
            until = mark->end_utc_ms - config->feeds[feed].lateness_ms;
    }
    if (until != INT64_MAX)
        return until;
    return has_clock ? clock_utc_ms - config->lateness_ms : BR_TIME_NONE;
}

bool br_watermarks_get(const struct br_watermarks *watermarks, size_t feed, enum br_domain domain,
                       int64_t *end_utc_ms, int64_t *heard_utc_ms)
{
    const struct mark *mark = &watermarks->marks[feed * BR_DOMAINS + domain];
    *end_utc_ms = mark->end_utc_ms;
    *heard_utc_ms = mark->heard_utc_ms;
    return mark->end_utc_ms != BR_TIME_NONE;
}

int64_t br_watermarks_latest(const struct br_watermarks *watermarks, enum br_domain domain)
{
    int64_t latest = BR_TIME_NONE;
    for (size_t feed = 0; feed < watermarks->config->feed_count; feed++)
        if (watermarks->marks[feed * BR_DOMAINS + domain].end_utc_ms > latest)
            latest = watermarks->marks[feed * BR_DOMAINS + domain].end_utc_ms;
    return latest;
}
