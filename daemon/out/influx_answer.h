/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What an answer of InfluxDB means for the points that were sent. Pure; any thread.
 * Source: InfluxDB 1.8, 2.7 and 3 API references, and what 1.6.7 was seen to say. */
#ifndef BR_OUT_INFLUX_ANSWER_H
#define BR_OUT_INFLUX_ANSWER_H

#include "daemon/core/view.h"

#include <stdint.h>

enum br_influx_verdict {
    BR_INFLUX_DONE,    /* stored; some may have been refused, which are counted */
    BR_INFLUX_SPLIT,   /* one of them is wrong, or they are too many: fewer at once */
    BR_INFLUX_HOLD,    /* it cannot take them now: later */
    BR_INFLUX_SETTING, /* it will not take any before somebody changes a setting: later, and say so */
};

struct br_influx_answer {
    enum br_influx_verdict verdict;
    int64_t refused; /* points that were refused while the others were stored */
    int is_expired;  /* refused because they are older than the server keeps */
    int64_t wait_ms; /* Retry-After; -1: not said */
    char why[160];   /* for the log */
};

/* status: of HTTP. body: as far as it was read. retry_after: the header's value or NULL. now_utc_s: for a
 * Retry-After that is a date. */
void br_influx_judge(int status, struct br_view body, const char *retry_after, int64_t now_utc_s,
                     struct br_influx_answer *answer);

#endif
