/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The server on free ports of the loopback, its loop in a thread of its own, asked with libcurl and with
 * plain sockets. The tests read and write the board between requests, when the loop waits. */
#ifndef BR_TESTS_HTTP_FIXTURE_H
#define BR_TESTS_HTTP_FIXTURE_H

#include "daemon/out/http/server.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

#include <curl/curl.h>
#include <jansson.h>

#define START INT64_C(1787047200000) /* 2026-08-18T10:00:00Z */
#define MINUTE INT64_C(60000)

static struct site {
    uv_loop_t loop;
    uv_async_t stop, work;
    sem_t done;
    _Atomic(const Bruis__V1__Figure *) figure; /* to put */
    pthread_t thread;
    struct br_config config;
    struct br_board *board;
    struct br_history *history;    /* where site_history_dir names a folder */
    bool only_history, only_board; /* where figures are put */
    struct br_regions *regions;
    struct br_metrics *metrics;
    struct br_http *http;
    int port, ops_port;
    atomic_llong now_utc_ms;
    atomic_bool ready;
    atomic_int metrics_asked;
    bool closed;
} site;

static char site_history_dir[32]; /* "": none */

/* --- the server --- */

static inline int64_t on_now(void *context)
{
    return ((struct site *)context)->now_utc_ms;
}

static inline bool on_ready(void *context, const char **why_not)
{
    *why_not = "the journal is being read";
    return ((struct site *)context)->ready;
}

static inline void on_before_metrics(void *context)
{
    ((struct site *)context)->metrics_asked++;
}

static inline void on_closed(void *context)
{
    struct site *closed = context;
    closed->closed = true;
    br_history_close(closed->history, 10000);
    uv_close((uv_handle_t *)&closed->stop, NULL);
    uv_close((uv_handle_t *)&closed->work, NULL);
}

static inline void on_work(uv_async_t *async)
{
    (void)async;
    if (!site.only_history)
        br_board_put(site.board, site.figure);
    if (site.history && !site.only_board)
        br_history_put(site.history, site.figure, true);
    sem_post(&site.done);
}

static inline void on_stop(uv_async_t *async)
{
    br_http_close(site.http, on_closed, async->data);
}

static inline void *loop_thread(void *context)
{
    uv_run(context, UV_RUN_DEFAULT);
    return NULL;
}

static inline void file_make(char path[32], const char *text)
{
    strcpy(path, "/tmp/bruis-http-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Five regions, of which one, Aardam, has an outline. */
static inline struct br_regions *regions_make(struct br_config *config)
{
    static char table[32], outline[32];
    static struct br_config_boundary boundary = {outline, (char *)"statcode"};
    file_make(table, "code,type,name,parents,population,area_km2\n"
                     "NL00,land,Nederland,,,\n"
                     "PV90,provincie,\"Noord, Midden\",NL00,500,12.5\n"
                     "GM9001,gemeente,Aardam,PV90,300,\n"
                     "GM9002,gemeente,Beekstad,PV90,200,\n"
                     "GM9003,gemeente,Cadewoud,PV90,,\n");
    file_make(outline, "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\","
                       "\"properties\":{\"statcode\":\"GM9001\"},\"geometry\":{\"type\":\"Polygon\","
                       "\"coordinates\":[[[5,52],[5.2,52],[5.2,52.2],[5,52.2],[5,52]]]}}]}");
    config->regions.year = 2026;
    config->regions.table = table;
    config->regions.boundaries = &boundary;
    config->regions.boundary_count = 1;
    struct br_faults *faults = br_faults_open();
    struct br_regions *regions = br_regions_open(config, faults);
    br_faults_print(faults, stderr);
    ck_assert_ptr_nonnull(regions);
    br_faults_close(faults);
    unlink(table);
    unlink(outline);
    return regions;
}

static inline void history_open(void)
{
    int error;
    struct br_history_setup setup = {
        .loop = &site.loop, .config = &site.config, .metrics = site.metrics, .waiting_max = (size_t)64 << 20};
    if (site_history_dir[0] == '\0')
        return;
    site.config.state_dir = site_history_dir;
    for (size_t i = 0; i < site.config.window_count; i++)
        site.config.history_keep_ms[i] = 1000 * BR_DAY_MS;
    site.history = br_history_open(&setup, &error);
    ck_assert_msg(site.history != NULL, "%s", strerror(-error));
}

static inline struct br_http *http_open(int *error)
{
    struct br_http_setup setup = {.loop = &site.loop,
                                  .config = &site.config,
                                  .regions = site.regions,
                                  .board = site.board,
                                  .history = site.history,
                                  .metrics = site.metrics,
                                  .now_utc_ms = on_now,
                                  .ready = on_ready,
                                  .before_metrics = on_before_metrics,
                                  .context = &site};
    return br_http_open(&setup, error);
}

static inline void site_open_at(char *listen, char *public_url)
{
    memset(&site, 0, sizeof site);
    site.config = (struct br_config){
        .node = (char *)"proefdam",
        .windows = {{(char *)"1m", MINUTE}, {(char *)"5m", 5 * MINUTE}, {(char *)"1d", BR_DAY_MS}},
        .window_count = 3,
        .lateness_ms = 90000,
        .mqtt = {.live_every_ms = 1000},
        .http = {.enabled = true,
                 .listen = listen,
                 .ops_listen = (char *)"127.0.0.1:0",
                 .public_url = public_url}};
    site.now_utc_ms = START + 10 * MINUTE + 5000;
    site.board = br_board_open(1000, 1 << 22);
    site.metrics = br_metrics_open();
    site.regions = regions_make(&site.config);
    uv_loop_init(&site.loop);
    uv_async_init(&site.loop, &site.stop, on_stop);
    uv_async_init(&site.loop, &site.work, on_work);
    sem_init(&site.done, 0, 0);
    site.stop.data = &site;
    history_open();
    int error = 0;
    site.http = http_open(&error);
    ck_assert_msg(site.http != NULL, "%s", strerror(-error));
    site.port = br_http_port(site.http);
    site.ops_port = br_http_ops_port(site.http);
    ck_assert_int_gt(site.port, 0);
    pthread_create(&site.thread, NULL, loop_thread, &site.loop);
}

static inline void site_open(void)
{
    site_open_at((char *)"127.0.0.1:0", NULL);
}

static inline void site_close(void)
{
    uv_async_send(&site.stop);
    pthread_join(site.thread, NULL);
    ck_assert(site.closed);
    ck_assert_int_eq(uv_loop_close(&site.loop), 0);
    sem_destroy(&site.done);
    br_board_close(site.board);
    br_regions_close(site.regions);
    br_metrics_close(site.metrics);
}

static inline void put(const char *region, const char *name, const char *window, int64_t minute,
                       int64_t length, int64_t vacant)
{
    Bruis__V1__Coverage coverage = BRUIS__V1__COVERAGE__INIT;
    coverage.has_expected = coverage.has_weight = coverage.has_oldest = 1;
    coverage.expected = 12;
    coverage.weight = 0.94;
    coverage.oldest = START;
    Bruis__V1__ParkingFigure parking = BRUIS__V1__PARKING_FIGURE__INIT;
    parking.has_vacant = parking.has_occupancy = parking.has_trend = 1;
    parking.vacant = vacant;
    parking.occupancy = 0.25;
    parking.trend = BRUIS__V1__PARKING_FIGURE__TREND__decreasing;
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    figure.region = (char *)region;
    figure.name = (char *)name;
    figure.window = (char *)window;
    figure.region_type = (char *)"gemeente";
    figure.has_domain = figure.has_start = figure.has_end = figure.has_revision = figure.has_quality = 1;
    figure.domain = BRUIS__V1__DOMAIN__parking;
    figure.start = START + minute * MINUTE;
    figure.end = figure.start + length * MINUTE;
    figure.quality = BRUIS__V1__FIGURE__QUALITY__good;
    figure.coverage = &coverage;
    figure.parking = &parking;
    site.figure = &figure;
    uv_async_send(&site.work);
    while (sem_wait(&site.done) != 0)
        continue;
}

static inline void fill(void)
{
    for (int64_t minute = 0; minute < 8; minute++) {
        put("gm9001", "Aardam", "1m", minute, 1, 100 + minute);
        put("gm9002", "Beekstad", "1m", minute, 1, 200 + minute);
    }
    put("pv90", "Noord, Midden", "1m", 7, 1, 307);
    put("gm9001", "Aardam", "5m", 0, 5, 55);
}

/* --- the client --- */

struct got {
    long status;
    char *body;
    size_t size;
    char head[8192];
};

static inline size_t on_body(char *data, size_t unit, size_t count, void *context)
{
    struct got *got = context;
    got->body = realloc(got->body, got->size + unit * count + 1);
    memcpy(got->body + got->size, data, unit * count);
    got->size += unit * count;
    got->body[got->size] = '\0';
    return unit * count;
}

static inline size_t on_head(char *data, size_t unit, size_t count, void *context)
{
    struct got *got = context;
    size_t used = strlen(got->head);
    if (used + unit * count < sizeof got->head)
        memcpy(got->head + used, data, unit * count);
    return unit * count;
}

/* method NULL: GET. header: one line, or NULL. The body is never NULL; got_free gives it back. */
static inline struct got ask_port(int port, const char *method, const char *path, const char *header)
{
    struct got got = {0};
    char url[2000];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
    CURL *curl = curl_easy_init();
    struct curl_slist *lines = header ? curl_slist_append(NULL, header) : NULL;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &got);
    if (method && strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (method)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    CURLcode code = curl_easy_perform(curl);
    ck_assert_msg(code == CURLE_OK, "%s: %s", path, curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &got.status);
    curl_slist_free_all(lines);
    curl_easy_cleanup(curl);
    if (!got.body)
        got.body = calloc(1, 1);
    return got;
}

static inline struct got ask(const char *path)
{
    return ask_port(site.port, NULL, path, NULL);
}

static inline void got_free(struct got *got)
{
    free(got->body);
    got->body = NULL;
}

static inline void has_head(const struct got *got, const char *line)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
    ck_assert_msg(strcasestr(got->head, whole) != NULL, "no %s in %s", line, got->head);
}

static inline json_t *json_of(const struct got *got)
{
    json_error_t error;
    json_t *document = json_loadb(got->body, got->size, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(document != NULL, "%s: %s", error.text, got->body);
    return document;
}

/* The document of a path that is there. The caller gives it back. */
static inline json_t *fetch(const char *path)
{
    struct got got = ask(path);
    ck_assert_msg(got.status == 200, "%s: %ld %s", path, got.status, got.body);
    json_t *document = json_of(&got);
    got_free(&got);
    return document;
}

static inline const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static inline const char *link_of(const json_t *document, const char *rel)
{
    json_t *link;
    size_t i;
    json_array_foreach(json_object_get(document, "links"), i, link)
    {
        if (strcmp(text_at(link, "rel"), rel) == 0)
            return text_at(link, "href");
    }
    return NULL;
}

/* The status of a refusal, whose body must say the same. */
static inline long refused(const char *path, const char *header)
{
    struct got got = ask_port(site.port, NULL, path, header);
    ck_assert_msg(got.status >= 400, "%s: %ld", path, got.status);
    has_head(&got, "Content-Type: application/problem+json; charset=utf-8");
    has_head(&got, "Cache-Control: no-store");
    has_head(&got, "API-Version: 1.0.0");
    has_head(&got, "Access-Control-Allow-Origin: *");
    json_t *problem = json_of(&got);
    ck_assert_int_eq(json_integer_value(json_object_get(problem, "status")), got.status);
    ck_assert_str_ne(text_at(problem, "type"), "");
    ck_assert_str_ne(text_at(problem, "title"), "");
    ck_assert_str_ne(text_at(problem, "detail"), "");
    json_decref(problem);
    got_free(&got);
    return got.status;
}

/* What the server says to some bytes, until it closes the connection. */
static inline void talk(int port, const char *bytes, size_t size, char *heard, size_t heard_max)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    struct timeval patience = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (size_t sent = 0; sent < size;) {
        ssize_t more = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (more <= 0)
            break;
        sent += (size_t)more;
    }
    size_t used = 0;
    for (ssize_t more; (more = recv(fd, heard + used, heard_max - 1 - used, 0)) > 0;)
        used += (size_t)more;
    heard[used] = '\0';
    close(fd);
}

/* Runs tests, each with a server of its own, and others without. */
static inline int http_run(const char *name, const TTest *const *served, size_t served_count,
                           const TTest *const *alone, size_t alone_count)
{
    Suite *suite = suite_create(name);
    TCase *with = tcase_create("served"), *without = tcase_create("alone");
    tcase_add_checked_fixture(with, site_open, site_close);
    tcase_set_timeout(with, 120);
    tcase_set_timeout(without, 120);
    for (size_t i = 0; i < served_count; i++)
        tcase_add_test(with, served[i]);
    for (size_t i = 0; i < alone_count; i++)
        tcase_add_test(without, alone[i]);
    suite_add_tcase(suite, with);
    suite_add_tcase(suite, without);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
