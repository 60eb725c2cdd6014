/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A small country, four feeds, and the flow between them and a list of figures. Readings go in as one line,
 * figures come out as one line:
 *
 *     say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
 *     tick(&w, "10:02:30");
 *     expect(&w, "parking gm0001 1m 10:00:00", "revision=0 vacant=30 !entries");
 *
 * Times without a date are of 2026-08-18, in UTC. */
#ifndef BR_TESTS_FLOW_FIXTURE_H
#define BR_TESTS_FLOW_FIXTURE_H

#include "tests/unit/figure_text.h"

#include <math.h>

#include "daemon/flow/flow.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS INT64_C(60000)

enum { GARAGES, LOOPS, JAMS, PEOPLE, FEEDS };

/* Two provinces in a row from west to east: gm0001 and gm0002 in pv01, gm0003 in pv02. */
static const char regions_csv[] =
    "code,type,name,parents\nnl00,land,Proefland,\npv01,provincie,Westland,nl00\n"
    "pv02,provincie,Oostland,nl00\ngm0001,gemeente,Aa,pv01\n"
    "gm0002,gemeente,Bee,pv01\ngm0003,gemeente,Cee,pv02\n";
#define SQUARE(code, west, east)                                                                             \
    "{\"type\":\"Feature\",\"properties\":{\"statcode\":\"" code "\"},\"geometry\":{\"type\":\"Polygon\","   \
    "\"coordinates\":[[[" west ",52.0],[" east ",52.0],[" east ",52.1],[" west ",52.1],[" west ",52.0]]]}}"
static const char regions_geojson[] = "{\"type\":\"FeatureCollection\",\"features\":[" SQUARE(
    "gm0001", "5.0", "5.1") "," SQUARE("gm0002", "5.1", "5.2") "," SQUARE("gm0003", "5.2", "5.3") "]}";

static const struct br_adapter parking_adapter = {.name = "p", .domains = "parking"};
static const struct br_adapter traffic_adapter = {.name = "t", .domains = "traffic"};
static const struct br_adapter pedestrian_adapter = {.name = "w", .domains = "pedestrian"};

struct told {
    Bruis__V1__Figure *figure;
    bool newest;
};

struct world {
    char dir[64];
    struct br_config config;
    struct br_config_feed feeds[FEEDS];
    struct br_config_boundary boundary;
    struct br_faults *faults;
    struct br_regions *regions;
    const char *catalogue_csv; /* before world_open */
    struct br_catalogue *catalogue;
    struct br_metrics *metrics;
    struct br_tally *tally;
    struct br_flow *flow;
    bool replay; /* before world_open */
    uint8_t key[16];
    struct told *told;
    size_t told_count, told_capacity, observed_count;
};

static inline char *world_file(const struct world *w, const char *name, const char *text)
{
    char *path;
    ck_assert_int_gt(asprintf(&path, "%s/%s", w->dir, name), 0);
    FILE *to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    ck_assert_int_ge(fputs(text, to), 0);
    ck_assert_int_eq(fclose(to), 0);
    return path;
}

static inline void world_windows(struct world *w, const char *names)
{
    static char texts[5][4] = {"1m", "5m", "15m", "1h", "1d"};
    static const int64_t lengths[] = {MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, BR_HOUR_MS, BR_DAY_MS};
    w->config.window_count = 0;
    for (size_t i = 0; i < 5; i++) {
        const char *at = strstr(names, texts[i]);
        while (at && at > names && at[-1] != ' ')
            at = strstr(at + 1, texts[i]);
        if (at)
            w->config.windows[w->config.window_count++] = (struct br_config_window){texts[i], lengths[i]};
    }
}

static inline void world_begin(struct world *w)
{
    static char names[FEEDS][8] = {"garages", "loops", "jams", "people"};
    static const struct br_adapter *const adapters[] = {&parking_adapter, &traffic_adapter, &traffic_adapter,
                                                        &pedestrian_adapter};
    *w = (struct world){.dir = "/tmp/bruisd-test-XXXXXX", .key = "0123456789abcde"};
    ck_assert_ptr_nonnull(mkdtemp(w->dir));
    w->config = (struct br_config){.path = w->dir,
                                   .lateness_ms = 90 * SECOND_MS,
                                   .correct_for_ms = BR_HOUR_MS,
                                   .coverage_min = 5000,
                                   .privacy = {.min_window_ms = 5 * MINUTE_MS},
                                   .feeds = w->feeds,
                                   .feed_count = FEEDS,
                                   .memory_max = 1 << 20,
                                   .readings_max = 1 << 30,
                                   .sensors_max = 1000};
    for (size_t i = 0; i < FEEDS; i++)
        w->feeds[i] = (struct br_config_feed){.name = names[i],
                                              .adapter = adapters[i],
                                              .interval_ms = MINUTE_MS,
                                              .stale_after_ms = 15 * MINUTE_MS,
                                              .lateness_ms = 90 * SECOND_MS,
                                              .max_payload = 4096,
                                              .max_unpacked = 65536};
    world_windows(w, "1m 5m 15m 1h 1d");
    w->boundary =
        (struct br_config_boundary){world_file(w, "regions.geojson", regions_geojson), (char *)"statcode"};
    w->config.regions = (struct br_config_regions){.year = 2026,
                                                   .table = world_file(w, "regions.csv", regions_csv),
                                                   .boundaries = &w->boundary,
                                                   .boundary_count = 1};
    w->faults = br_faults_open();
    w->metrics = br_metrics_open();
}

static inline void world_privacy(struct world *w, int64_t min, int64_t round_to)
{
    w->config.privacy.pedestrian_min = min;
    w->config.privacy.round_to = round_to;
}

static inline void world_covers(struct world *w, char *code)
{
    static char *codes[1];
    codes[0] = code;
    w->feeds[JAMS].covers = (struct br_config_texts){1, codes};
}

static inline void on_told(void *context, const Bruis__V1__Figure *figure, bool newest)
{
    struct world *w = context;
    size_t size = bruis__v1__figure__get_packed_size(figure);
    uint8_t *packed = malloc(size);
    ck_assert_ptr_nonnull(packed);
    bruis__v1__figure__pack(figure, packed);
    if (w->told_count == w->told_capacity) {
        w->told_capacity = w->told_capacity ? 2 * w->told_capacity : 256;
        w->told = realloc(w->told, w->told_capacity * sizeof *w->told);
        ck_assert_ptr_nonnull(w->told);
    }
    w->told[w->told_count++] = (struct told){bruis__v1__figure__unpack(NULL, size, packed), newest};
    free(packed);
}

static inline void on_observed(void *context, const Bruis__V1__Observation *observation)
{
    struct world *w = context;
    ck_assert_ptr_nonnull(observation->sensor);
    w->observed_count++;
}

static inline void world_regions(struct world *w)
{
    w->regions = br_regions_open(&w->config, w->faults);
    br_faults_print(w->faults, stdout);
    ck_assert_ptr_nonnull(w->regions);
}

static inline void world_open(struct world *w)
{
    char dir[96];
    int error = 0;
    world_regions(w);
    if (w->catalogue_csv) {
        char *path = world_file(w, "sensors.csv", w->catalogue_csv);
        w->config.sensors = (struct br_config_texts){1, &path};
        w->catalogue = br_catalogue_open(&w->config, w->regions, w->faults);
        br_faults_print(w->faults, stdout);
        ck_assert_ptr_nonnull(w->catalogue);
        free(path);
    }
    w->tally = br_tally_open(w->metrics, &w->config);
    snprintf(dir, sizeof dir, "%s/readings", w->dir);
    struct br_flow_setup setup = {.config = &w->config,
                                  .regions = w->regions,
                                  .catalogue = w->catalogue,
                                  .tally = w->tally,
                                  .readings_dir = dir,
                                  .privacy_key = w->key,
                                  .privacy_key_size = sizeof w->key,
                                  .replay = w->replay,
                                  .figure = on_told,
                                  .observation = on_observed,
                                  .context = w};
    w->flow = br_flow_open(&setup, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_ptr_nonnull(w->flow);
}

static inline void forget_told(struct world *w)
{
    for (size_t i = 0; i < w->told_count; i++)
        bruis__v1__figure__free_unpacked(w->told[i].figure, NULL);
    w->told_count = 0;
}

static inline void world_end(struct world *w)
{
    char command[96];
    br_flow_close(w->flow);
    br_tally_close(w->tally);
    br_metrics_close(w->metrics);
    br_catalogue_close(w->catalogue);
    br_regions_close(w->regions);
    br_faults_close(w->faults);
    forget_told(w);
    free(w->told);
    free(w->boundary.file);
    free(w->config.regions.table);
    snprintf(command, sizeof command, "rm -r %s", w->dir);
    ck_assert_int_eq(system(command), 0);
}

/* ---- in */

static inline void say(struct world *w, int feed, const char *line)
{
    struct said said;
    said_read(&said, line, feed == GARAGES ? 'p' : feed == LOOPS ? 't' : feed == JAMS ? 'j' : 'w');
    struct br_emitted_observation emitted = {.observation = &said.observation, .place = said.place};
    br_flow_observation(w->flow, (size_t)feed, &emitted, said.received_at_utc_ms);
}

/* A source describes a sensor: "P1 capacity=100 lat=52.05 lon=5.05". */
static inline void describe(struct world *w, int feed, const char *line, const char *received)
{
    struct said said;
    char text[256], *after = NULL;
    snprintf(text, sizeof text, "%s", line);
    char *name = strtok_r(text, " ", &after);
    char full[256];
    snprintf(full, sizeof full, "%s 00:00:00 nowhere %s", name, after);
    said_read(&said, full, 'p');
    Bruis__V1__Sensor sensor = BRUIS__V1__SENSOR__INIT;
    sensor.sensor = said.sensor;
    sensor.has_domain = true;
    sensor.domain = feed == GARAGES  ? BRUIS__V1__DOMAIN__parking
                    : feed == PEOPLE ? BRUIS__V1__DOMAIN__pedestrian
                                     : BRUIS__V1__DOMAIN__traffic;
    sensor.has_capacity = said.parking.has_capacity;
    sensor.capacity = said.parking.capacity;
    sensor.has_kind = said.parking.has_kind;
    sensor.kind = said.parking.kind;
    sensor.has_lat = said.observation.has_lat;
    sensor.has_lon = said.observation.has_lon;
    sensor.lat = said.observation.lat;
    sensor.lon = said.observation.lon;
    struct br_emitted_sensor emitted = {.sensor = &sensor, .place = said.place};
    br_flow_sensor(w->flow, (size_t)feed, &emitted, received ? time_of(received) : BR_TIME_NONE);
}

static inline void snapshot(struct world *w, const char *at, const char *received)
{
    br_flow_snapshot(w->flow, JAMS, time_of(at), received ? time_of(received) : BR_TIME_NONE);
}

static inline void tick(struct world *w, const char *now)
{
    br_flow_tick(w->flow, time_of(now));
    br_flow_rest(w->flow);
}

/* Ticks every second from one time to another, as the daemon does. */
static inline void ticks(struct world *w, const char *from, const char *to)
{
    for (int64_t now = time_of(from); now <= time_of(to); now += SECOND_MS) {
        br_flow_tick(w->flow, now);
        br_flow_rest(w->flow);
    }
}

/* ---- out */

/* The last figure of "DOMAIN REGION WINDOW START"; a live one has the start of its window. */
static inline const struct told *find_told(const struct world *w, const char *which)
{
    char domain[16], region[32], window[8], start[40];
    ck_assert_int_eq(sscanf(which, "%15s %31s %7s %39s", domain, region, window, start), 4);
    for (size_t i = w->told_count; i-- > 0;) {
        const Bruis__V1__Figure *figure = w->told[i].figure;
        if (strcmp(domain_word(figure->domain), domain) == 0 && strcmp(figure->region, region) == 0 &&
            strcmp(figure->window, window) == 0 && figure->start == time_of(start))
            return &w->told[i];
    }
    return NULL;
}

static inline void expect(const struct world *w, const char *which, const char *wanted)
{
    const struct told *told = find_told(w, which);
    if (!told)
        ck_abort_msg("no figure %s", which);
    else
        expect_figure(told->figure, which, wanted);
}

static inline void expect_none(const struct world *w, const char *which)
{
    const struct told *told = find_told(w, which);
    char text[1024];
    if (told)
        ck_abort_msg("%s: there is one: %s", which, figure_text(told->figure, text, sizeof text));
}

static inline size_t count_told(const struct world *w, const char *window)
{
    size_t count = 0;
    for (size_t i = 0; i < w->told_count; i++)
        count += strcmp(w->told[i].figure->window, window) == 0;
    return count;
}

/* The results of a feed, as "used=2 late=1 pending=1", those that are not 0; and that they add up. */
static inline void expect_results(const struct world *w, int feed, const char *wanted)
{
    static const char *const words[] = {"invalid",  "implausible", "late",      "duplicate",
                                        "conflict", "corrected",   "unlocated", "used"};
    const struct br_tally_feed *tally = br_tally_feed(w->tally, (size_t)feed);
    char text[256] = "";
    int64_t sum = *tally->pending;
    for (int i = 0; i < BR_RESULTS; i++) {
        sum += *tally->result[i];
        if (*tally->result[i] != 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%lld ", words[i],
                     (long long)*tally->result[i]);
    }
    if (*tally->pending != 0)
        snprintf(text + strlen(text), sizeof text - strlen(text), "pending=%lld ",
                 (long long)*tally->pending);
    if (*text)
        text[strlen(text) - 1] = '\0';
    ck_assert_str_eq(text, wanted);
    ck_assert_int_eq(*tally->decoded, sum);
}

#endif
