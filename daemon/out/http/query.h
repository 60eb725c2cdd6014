/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The query of a request: decoded strictly, checked whole, every fault told at once. Pure. */
#ifndef BR_OUT_HTTP_QUERY_H
#define BR_OUT_HTTP_QUERY_H

#include "daemon/config.h"
#include "daemon/out/http/format.h"
#include "daemon/out/http/problem.h"

#include "bruis/v1/observation.pb-c.h"

#define BR_QUERY_SIZE_MAX 2048 /* of the raw query; longer: 414 */
#define BR_LIMIT_DEFAULT 100
#define BR_LIMIT_MAX 10000
#define BR_RANGE_MAX_MS (400 * BR_DAY_MS)

enum br_query_key {
    BR_KEY_WINDOW = 1,
    BR_KEY_BBOX = 2,
    BR_KEY_DATETIME = 4,
    BR_KEY_LIMIT = 8,
    BR_KEY_OFFSET = 16,
    BR_KEY_REGION_TYPE = 32,
    BR_KEY_FROM = 64,
    BR_KEY_TO = 128,
    BR_KEY_F = 256
};

/* What a resource allows, and what the defaults come from. */
struct br_query_rules {
    unsigned keys;    /* bits of enum br_query_key */
    unsigned formats; /* bits of BR_FORMAT_BIT */
    bool live;        /* `live` is a window here */
    const struct br_config *config;
    Bruis__V1__Domain domain;
    int64_t now_utc_ms;
};

struct br_query {
    unsigned given;                    /* bits of the keys that were in the query */
    const char *window;                /* name; never NULL where the key is allowed */
    int64_t window_ms;                 /* 0: live */
    double west, south, east, north;   /* bbox, degrees; west > east crosses the 180th meridian */
    int64_t first_utc_ms, last_utc_ms; /* datetime, both ends included; INT64_MIN, INT64_MAX: open */
    int64_t from_utc_ms, to_utc_ms;    /* half-open */
    size_t limit, offset;
    char region_type[33];
    char bbox_text[128], datetime_text[96]; /* as given, decoded */
    enum br_format format;                  /* BR_FORMAT_NONE: not given */
};

/* Undoes percent-encoding in place of a copy of size_max bytes, NUL included. False: a percent sign without
 * two hexadecimal digits, a control character (NUL too), a byte that a URI cannot hold, or no room. A plus
 * sign stays. */
bool br_percent_decode(struct br_view raw, char *text, size_t size_max);

/* Adds a text as part of a URI: all but letters, digits and -._~ becomes %XX; also `keep` stays. */
void br_percent_encode(struct br_text *to, const char *text, const char *keep);

/* raw: what stands behind the question mark, or "". False: problem has every fault. The defaults of absent
 * keys are filled in: the first window that is published of the domain, `to` now (the end of the shortest
 * window that runs, so that an answer stays the same while it does), `from` a day before `to`. */
bool br_query_parse(const char *raw, const struct br_query_rules *rules, struct br_query *query,
                    struct br_problem *problem);

/* The shortest window that figures of a domain are published for. */
const struct br_config_window *br_query_window_default(const struct br_config *config,
                                                       Bruis__V1__Domain domain);

/* Adds `?key=value&...` of the keys that were given, with f = format (BR_FORMAT_NONE: as it was given) and
 * the limit, offset and range that the query holds now where the bits of `also` name them. */
void br_query_print(const struct br_query *query, enum br_format format, unsigned also, struct br_text *text);

#endif
