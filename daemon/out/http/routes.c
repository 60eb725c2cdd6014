/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A request becomes an answer: target -> route -> query -> format -> cache, or a renderer. */
#include "daemon/out/http/site.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/out/http/target.h"

#define CACHE_SIZE_MAX ((size_t)4 << 20)
#define SCRATCH_BLOCK 8192
#define SCRATCH_SIZE_MAX ((size_t)1 << 20)
#define LASTING_MS 300000 /* how long what only a reload changes stays fresh */

struct route {
    const char *pattern; /* {domain} and {region} stand for one segment */
    unsigned keys, formats;
    enum br_format fallback;
    bool figures; /* changes with the board */
    bool live;
    bool (*render)(const struct br_ask *ask, struct br_draft *draft);
    bool (*past)(const struct br_ask *ask, struct br_past_query *query); /* NULL: it needs none */
};

#define JSON BR_FORMAT_BIT(BR_FORMAT_JSON)
#define CSV BR_FORMAT_BIT(BR_FORMAT_CSV)
#define PB BR_FORMAT_BIT(BR_FORMAT_PB)
#define GEOJSON BR_FORMAT_BIT(BR_FORMAT_GEOJSON)
#define HTML BR_FORMAT_BIT(BR_FORMAT_HTML)
#define PAGE_KEYS (BR_KEY_LIMIT | BR_KEY_OFFSET | BR_KEY_REGION_TYPE | BR_KEY_F)
#define ITEM_KEYS (BR_KEY_WINDOW | BR_KEY_DATETIME | BR_KEY_F)
#define SERIES_KEYS (BR_KEY_WINDOW | BR_KEY_FROM | BR_KEY_TO | BR_KEY_LIMIT | BR_KEY_F)

static const struct route routes[] = {
    {"/", 0, HTML, BR_FORMAT_HTML, false, false, br_page_print, NULL},
    {"/v1", BR_KEY_F, JSON, BR_FORMAT_JSON, false, false, br_landing_root, NULL},
    {"/v1/conformance", BR_KEY_F, JSON, BR_FORMAT_JSON, false, false, br_landing_conformance, NULL},
    {"/v1/collections", BR_KEY_F, JSON, BR_FORMAT_JSON, false, false, br_landing_collections, NULL},
    {"/v1/collections/{domain}", BR_KEY_F, JSON, BR_FORMAT_JSON, false, false, br_landing_collection, NULL},
    {"/v1/collections/{domain}/items", ITEM_KEYS | PAGE_KEYS | BR_KEY_BBOX, GEOJSON | JSON | CSV | PB,
     BR_FORMAT_GEOJSON, true, true, br_geojson_items, NULL},
    {"/v1/collections/{domain}/items/{region}", ITEM_KEYS, GEOJSON | JSON | CSV | PB, BR_FORMAT_GEOJSON, true,
     true, br_geojson_item, NULL},
    {"/v1/figures/{domain}/{region}", SERIES_KEYS, JSON | CSV | PB, BR_FORMAT_JSON, true, false,
     br_figures_series, br_figures_past},
    {"/v1/regions", PAGE_KEYS, JSON | CSV, BR_FORMAT_JSON, false, false, br_areas_list, NULL},
    {"/v1/regions/{region}", BR_KEY_F, JSON, BR_FORMAT_JSON, false, false, br_areas_one, NULL},
};

struct br_site *br_site_open(const struct br_http_setup *setup)
{
    struct br_site *site = calloc(1, sizeof *site);
    if (!site)
        return NULL;
    const char *url = setup->config->http.public_url;
    size_t size = url ? strlen(url) : 0;
    while (size > 0 && url[size - 1] == '/')
        size--;
    site->setup = setup;
    site->base = strndup(url ? url : "", size);
    site->cache = br_cache_open(CACHE_SIZE_MAX);
    site->scratch = br_arena_open(SCRATCH_BLOCK, SCRATCH_SIZE_MAX);
    br_page_policy(site->page_policy, sizeof site->page_policy);
    if (site->base && site->cache && site->scratch)
        return site;
    br_site_close(site);
    return NULL;
}

void br_site_close(struct br_site *site)
{
    if (!site)
        return;
    br_cache_close(site->cache);
    br_arena_close(site->scratch);
    free(site->base);
    free(site);
}

static const struct route *route_find(const struct br_target *target, struct br_problem *problem)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (br_target_fits(target, routes[i].pattern))
            return &routes[i];
    bool slash = target->count > 1 && target->segments[target->count - 1][0] == '\0';
    br_problem_set(problem, 404, "%s",
                   slash ? "There is nothing here: no path ends in a slash." : "There is nothing here.");
    return NULL;
}

static bool bind_domain(const char *word, struct br_ask *ask, struct br_problem *problem)
{
    for (int domain = BRUIS__V1__DOMAIN__parking; domain <= BRUIS__V1__DOMAIN__pedestrian; domain++) {
        if (strcmp(br_domain_word((Bruis__V1__Domain)domain), word) == 0) {
            ask->domain = (Bruis__V1__Domain)domain;
            return true;
        }
    }
    br_problem_set(problem, 404, "There is no domain of this name: parking, traffic and pedestrian are.");
    return false;
}

/* Gives the names in a pattern their values, and the path its one spelling. */
static bool bind_names(const char *pattern, const struct br_target *target, struct br_ask *ask,
                       struct br_text *path, struct br_problem *problem)
{
    const struct br_regions *regions = ask->site->setup->regions;
    for (size_t i = 0; i < target->count; i++) {
        const char *segment = target->segments[i];
        if (strncmp(pattern, "/{domain}", 9) == 0 && !bind_domain(segment, ask, problem))
            return false;
        if (strncmp(pattern, "/{region}", 9) == 0) {
            ask->region = br_regions_find(regions, br_view_of(segment));
            if (ask->region == BR_REGION_NONE) {
                br_problem_set(problem, 404, "There is no region of this code.");
                return false;
            }
            segment = br_regions_at(regions, ask->region)->code;
        }
        br_text_add(path, "/", 1);
        br_percent_encode(path, segment, "");
        pattern += 1 + strcspn(pattern + 1, "/");
    }
    ask->path = path->data ? path->data : "";
    if (path->failed)
        br_problem_set(problem, 503, "There is no memory for this answer.");
    return !path->failed;
}

static bool understand(const struct route *route, const struct br_target *target,
                       const struct br_request *request, struct br_ask *ask, struct br_problem *problem)
{
    struct br_query_rules rules = {.keys = route->keys,
                                   .formats = route->formats,
                                   .live = route->live,
                                   .config = ask->site->setup->config,
                                   .domain = ask->domain,
                                   .now_utc_ms = ask->now_utc_ms};
    if (!br_query_parse(target->query, &rules, &ask->query, problem))
        return false;
    ask->formats = route->formats;
    ask->format = ask->query.format;
    if (ask->format == BR_FORMAT_NONE)
        ask->format = br_format_accepted(request->accept, route->formats, route->fallback);
    if (ask->format != BR_FORMAT_NONE)
        return true;
    br_problem_set(problem, 406, "This is given as");
    for (int i = 0; i < BR_FORMAT_COUNT; i++) {
        size_t used = strlen(problem->detail);
        if (route->formats & BR_FORMAT_BIT(i))
            snprintf(problem->detail + used, sizeof problem->detail - used, " %s",
                     br_format_media((enum br_format)i));
    }
    return false;
}

/* A window is published `lateness` after its end. What is asked now stays fresh until the next one of the
 * shortest length: longer windows change no later, and a correction may come with any. */
static int64_t fresh_until(const struct route *route, const struct br_ask *ask)
{
    const struct br_config *config = ask->site->setup->config;
    if (!route->figures)
        return ask->now_utc_ms + LASTING_MS;
    if (ask->query.window_ms == 0) {
        int64_t every = config->mqtt.live_every_ms;
        return ask->now_utc_ms + (every > 1000 ? every : 1000);
    }
    int64_t step = config->windows[0].length_ms;
    int64_t since = ask->now_utc_ms - config->lateness_ms % step;
    return (since / step + 1) * step + config->lateness_ms % step;
}

static struct br_answer *render(const struct route *route, const struct br_ask *ask, uint64_t change,
                                struct br_problem *problem)
{
    struct br_draft draft = {.problem = problem};
    if (!route->render(ask, &draft)) {
        free(draft.body.data);
        free(draft.link.data);
        return br_refuse(problem);
    }
    struct br_answer *answer =
        br_answer_open(200, br_format_type(ask->format), &draft.body, draft.stamp_at, draft.stamp_size);
    if (!answer || draft.link.failed) {
        free(draft.link.data);
        br_answer_drop(answer);
        br_problem_set(problem, 503, "There is no memory for this answer.");
        return br_refuse(problem);
    }
    answer->link = draft.link.data;
    answer->policy = ask->format == BR_FORMAT_HTML ? ask->site->page_policy : NULL;
    answer->until_utc_ms = fresh_until(route, ask);
    answer->change = change;
    return answer;
}

/* False: the request is to wait. */
static bool has_past(const struct route *route, struct br_ask *ask, struct br_past *past)
{
    struct br_past_query query;
    if (!route->past || !past || !route->past(ask, &query))
        return true;
    if (br_past_answers(past, &query)) {
        ask->past = past;
        return true;
    }
    past->query = query;
    past->is_asked = true;
    return false;
}

/* From the cache, or rendered and put there. The key is the path in its one spelling, the raw query and the
 * format. */
static struct br_answer *serve(struct br_site *site, const struct route *route, struct br_ask *ask,
                               struct br_past *past, const char *raw_query, struct br_problem *problem)
{
    uint64_t change =
        route->figures ? br_board_change_of(site->setup->board, ask->domain, ask->query.window) : 0;
    struct br_text key = {0};
    br_text_format(&key, "%s?%s %s", ask->path, raw_query, br_format_word(ask->format));
    if (key.failed) {
        free(key.data);
        return has_past(route, ask, past) ? render(route, ask, change, problem) : NULL;
    }
    struct br_answer *answer = br_cache_find(site->cache, key.data, change, ask->now_utc_ms);
    if (answer) {
        br_answer_keep(answer);
    } else if (has_past(route, ask, past)) {
        answer = render(route, ask, change, problem);
        if (answer && answer->status == 200)
            br_cache_put(site->cache, key.data, answer);
    }
    free(key.data);
    return answer;
}

struct br_answer *br_site_answer(struct br_site *site, const struct br_request *request)
{
    struct br_problem problem = {0};
    struct br_target target = {0};
    if (!br_request_allowed(request, &problem))
        return br_refuse(&problem);
    bool options = strcmp(request->method, "OPTIONS") == 0;
    if (options && strcmp(request->target, "*") == 0)
        return br_answer_options();
    const struct route *route =
        br_target_parse(request->target, &target, &problem) ? route_find(&target, &problem) : NULL;
    if (!route)
        return br_refuse(&problem);
    struct br_text path = {0};
    struct br_ask ask = {.site = site,
                         .domain = BRUIS__V1__DOMAIN__parking,
                         .region = BR_REGION_NONE,
                         .now_utc_ms = site->setup->now_utc_ms(site->setup->context)};
    struct br_answer *answer;
    if (!bind_names(route->pattern, &target, &ask, &path, &problem))
        answer = br_refuse(&problem);
    else if (options)
        answer = br_answer_options();
    else if (!understand(route, &target, request, &ask, &problem))
        answer = br_refuse(&problem);
    else
        answer = serve(site, route, &ask, request->past, target.query, &problem);
    free(path.data);
    return answer;
}
