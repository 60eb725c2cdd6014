/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What the resources of the site share: the request that is being answered, and the text that is being
 * written. Knows nothing of the library underneath. */
#ifndef BR_OUT_HTTP_SITE_H
#define BR_OUT_HTTP_SITE_H

#include "daemon/core/arena.h"
#include "daemon/out/http/answer.h"
#include "daemon/out/http/past.h"
#include "daemon/out/http/query.h"
#include "daemon/out/http/server.h"

#define BR_PATH_SIZE_MAX 256 /* of the raw path; longer: 414 */
#define BR_API_VERSION "1.0.0"

struct br_site {
    const struct br_http_setup *setup;
    struct br_cache *cache;
    struct br_arena *scratch; /* for unpacking; reset after each record */
    char *base;               /* what links begin with: public_url without a slash at its end, or "" */
    char page_policy[384]; /* Content-Security-Policy of the live page: it names the hashes of its script and
                              style */
};

/* NULL: no memory. setup is borrowed. */
struct br_site *br_site_open(const struct br_http_setup *setup);
void br_site_close(struct br_site *site); /* NULL is allowed */

/* What the library hands over. Header values are NULL where absent. */
struct br_request {
    const char *method;
    const char *target; /* as received: /v1?f=json */
    const char *accept;
    bool has_body;
    struct br_past *past; /* where it can wait for the history, else NULL */
};

/* A request that is understood. */
struct br_ask {
    const struct br_site *site;
    const char *path; /* for links: encoded, codes in lower case */
    Bruis__V1__Domain domain;
    uint32_t region; /* where the path names one */
    struct br_query query;
    enum br_format format;
    unsigned formats; /* that the resource has */
    int64_t now_utc_ms;
    const struct br_past *past; /* what the history has for it; NULL: the board is all there is */
};

/* An answer in the making. */
struct br_draft {
    struct br_text body;
    struct br_text link;         /* Link header; may stay empty */
    size_t stamp_at, stamp_size; /* where the body holds the time it was made */
    struct br_problem *problem;  /* to fill when a renderer gives false */
};

/* One answer to a request; never NULL but without memory, or where its past is asked for: then the request
 * comes again when that is known. The caller drops it. */
struct br_answer *br_site_answer(struct br_site *site, const struct br_request *request);
struct br_answer *br_site_answer_ops(struct br_site *site, const struct br_request *request);

/* The renderers: false with the draft's problem filled when there is nothing to give. */
bool br_landing_root(const struct br_ask *ask, struct br_draft *draft);
bool br_landing_conformance(const struct br_ask *ask, struct br_draft *draft);
bool br_landing_collections(const struct br_ask *ask, struct br_draft *draft);
bool br_landing_collection(const struct br_ask *ask, struct br_draft *draft);
bool br_geojson_items(const struct br_ask *ask, struct br_draft *draft);
bool br_geojson_item(const struct br_ask *ask, struct br_draft *draft);
bool br_figures_series(const struct br_ask *ask, struct br_draft *draft);
/* What of the history it needs; false: nothing. */
bool br_figures_past(const struct br_ask *ask, struct br_past_query *query);

bool br_areas_list(const struct br_ask *ask, struct br_draft *draft);
bool br_areas_one(const struct br_ask *ask, struct br_draft *draft);
bool br_page_print(const struct br_ask *ask, struct br_draft *draft);

/* Finds the page's inline script and style and names their hashes. */
void br_page_policy(char *policy, size_t size_max);

/* Link objects of a list `links`: {"rel":...,"type":...,"href":...}. */
struct br_links {
    struct br_text *text;
    size_t count;
};
void br_link_add(struct br_links *links, const char *rel, const char *media, const char *base,
                 const char *path);

/* self and one alternate for each other format, all of the ask's path and query. */
void br_link_self(struct br_links *links, const struct br_ask *ask);

/* The next page: the ask's path with a query that was moved on; `also` are bits of the keys that moved.
 * Without links (formats that have no place for them) it goes into the draft's Link header alone. */
void br_link_next(struct br_links *links, const struct br_ask *ask, const struct br_query *query,
                  unsigned also, struct br_draft *draft);

/* Adds the time of the answer, which its ETag leaves out, as a JSON string. */
void br_draft_stamp(struct br_draft *draft, int64_t now_utc_ms);

#endif
