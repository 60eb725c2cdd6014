/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/influx_answer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#define WAIT_MAX_S 3600 /* whoever says more is asked again after an hour */

static const char *find(struct br_view body, const char *text)
{
    return memmem(body.data ? body.data : "", body.size, text, strlen(text));
}

/* "... dropped=3" */
static int64_t dropped_of(struct br_view body)
{
    const char *at = find(body, "dropped=");
    int64_t count = 0;
    if (!at)
        return 1;
    for (at += strlen("dropped="); at < body.data + body.size && *at >= '0' && *at <= '9' && count < 1000000;
         at++)
        count = count * 10 + (*at - '0');
    return count;
}

/* The errors of version 3 are a list: {"error":"partial write of line protocol
 * occurred","data":[{...},{...}]}
 */
static int64_t listed_of(struct br_view body)
{
    int64_t count = 0;
    for (const char *at = find(body, "\"line_number\""); at; count++) {
        struct br_view rest = {at + 1, (size_t)(body.data + body.size - at - 1)};
        at = find(rest, "\"line_number\"");
    }
    return count;
}

static bool is_partial(struct br_view body, struct br_influx_answer *answer)
{
    if (!find(body, "partial write"))
        return false;
    int64_t listed = listed_of(body);
    answer->verdict = BR_INFLUX_DONE;
    answer->refused = listed > 0 ? listed : dropped_of(body);
    answer->is_expired = find(body, "beyond retention policy") != NULL;
    return true;
}

static bool is_missing(struct br_view body)
{
    return find(body, "database not found") || find(body, "retention policy not found") ||
           find(body, "bucket not found") || find(body, "organization name");
}

static int64_t wait_of(const char *retry_after, int64_t now_utc_s)
{
    char *end;
    if (!retry_after || !*retry_after)
        return -1;
    long long seconds = strtoll(retry_after, &end, 10);
    if (end == retry_after || *end) {
        time_t date = curl_getdate(retry_after, NULL);
        if (date < 0)
            return -1;
        seconds = (long long)date - now_utc_s;
    }
    if (seconds < 0)
        seconds = 0;
    return (seconds < WAIT_MAX_S ? seconds : WAIT_MAX_S) * 1000;
}

/* One line of what the server says. */
static void tell(int status, struct br_view body, struct br_influx_answer *answer)
{
    size_t size = (size_t)snprintf(answer->why, sizeof answer->why, "HTTP %d", status);
    if (body.size > 0)
        size += (size_t)snprintf(answer->why + size, sizeof answer->why - size, ": ");
    for (size_t i = 0; i < body.size && size + 1 < sizeof answer->why; i++) {
        unsigned char byte = (unsigned char)body.data[i];
        answer->why[size++] = byte < 0x20 || byte >= 0x7f ? ' ' : byte == '"' ? '\'' : (char)byte;
    }
    while (size > 0 && answer->why[size - 1] == ' ')
        size--;
    answer->why[size] = '\0';
}

void br_influx_judge(int status, struct br_view body, const char *retry_after, int64_t now_utc_s,
                     struct br_influx_answer *answer)
{
    *answer = (struct br_influx_answer){.wait_ms = wait_of(retry_after, now_utc_s)};
    tell(status, body, answer);
    if (status == 200 && find(body, "\"error\"")) /* of a statement */
        answer->verdict = is_missing(body) ? BR_INFLUX_SETTING : BR_INFLUX_SPLIT;
    else if (status >= 200 && status < 300)
        answer->verdict = BR_INFLUX_DONE;
    else if ((status == 400 || status == 422) && is_partial(body, answer))
        return;
    else if (is_missing(body) || status == 401 || status == 403 || status == 404)
        answer->verdict = BR_INFLUX_SETTING;
    else if (status == 400 || status == 413 || status == 422)
        answer->verdict = BR_INFLUX_SPLIT;
    else
        answer->verdict = BR_INFLUX_HOLD;
}
