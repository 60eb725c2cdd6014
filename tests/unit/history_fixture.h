/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A history in a folder of its own, a loop, and figures to put into it. */
#ifndef BR_TESTS_HISTORY_FIXTURE_H
#define BR_TESTS_HISTORY_FIXTURE_H

#include "daemon/out/history.h"

#include "tests/unit/unit.h"

#include <inttypes.h>
#include <sys/stat.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define T0 INT64_C(1787047200000) /* 2026-08-18T10:00:00Z */

struct history_fixture {
    char dir[64];
    uv_loop_t loop;
    uv_timer_t pulse; /* so that a turn of the loop never sleeps for long */
    struct br_metrics *metrics;
    struct br_log *log;
    struct br_config config;
    bool outputs[BR_HISTORY_OUTPUTS];
    size_t waiting_max;
    struct br_history *history;
    int changes, error;
    /* what was read last */
    bool answered, more;
    uint64_t passed;
    size_t count;
    char *text; /* "CHANGE REGION WINDOW MINUTES-AFTER-T0 rREVISION VACANT[ newest][ narrowed]\n" each */
};

static inline void history_pulse(uv_timer_t *timer)
{
    (void)timer;
}

static inline void history_changed(void *context)
{
    ((struct history_fixture *)context)->changes++;
}

static inline void history_set_up(struct history_fixture *f)
{
    static char m[] = "1m", five[] = "5m", h[] = "1h", d[] = "1d";
    *f = (struct history_fixture){.dir = "/tmp/bruis-history-XXXXXX", .waiting_max = (size_t)8 << 20};
    ck_assert_ptr_nonnull(mkdtemp(f->dir));
    ck_assert_int_eq(uv_loop_init(&f->loop), 0);
    uv_timer_init(&f->loop, &f->pulse);
    uv_timer_start(&f->pulse, history_pulse, 1, 1);
    f->metrics = br_metrics_open();
    f->config.state_dir = f->dir;
    f->config.window_count = 4;
    f->config.windows[0] = (struct br_config_window){m, MINUTE};
    f->config.windows[1] = (struct br_config_window){five, 5 * MINUTE};
    f->config.windows[2] = (struct br_config_window){h, HOUR};
    f->config.windows[3] = (struct br_config_window){d, BR_DAY_MS};
    for (size_t i = 0; i < 4; i++)
        f->config.history_keep_ms[i] = 100 * BR_DAY_MS;
    f->outputs[BR_HISTORY_MQTT] = true;
}

/* Without an assertion, for those take memory. */
static inline int history_begin(struct history_fixture *f)
{
    int error;
    struct br_history_setup setup = {.loop = &f->loop,
                                     .config = &f->config,
                                     .log = f->log,
                                     .metrics = f->metrics,
                                     .waiting_max = f->waiting_max,
                                     .changed = history_changed,
                                     .context = f};
    memcpy(setup.outputs, f->outputs, sizeof setup.outputs);
    f->history = br_history_open(&setup, &error);
    return error;
}

static inline int history_try_open(struct history_fixture *f)
{
    int error = history_begin(f);
    ck_assert(!f->history == (error != 0));
    return error;
}

static inline void history_open(struct history_fixture *f)
{
    ck_assert_int_eq(history_try_open(f), 0);
}

static inline void history_close(struct history_fixture *f)
{
    br_history_close(f->history, 10000);
    f->history = NULL;
    uv_run(&f->loop, UV_RUN_NOWAIT);
    uv_run(&f->loop, UV_RUN_NOWAIT);
}

static inline void history_tear_down(struct history_fixture *f)
{
    char command[128];
    history_close(f);
    uv_close((uv_handle_t *)&f->pulse, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    br_metrics_close(f->metrics);
    br_log_close(f->log);
    free(f->text);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    ck_assert_int_eq(system(command), 0);
}

/* A figure of parking; length 0: that of the window. */
struct history_figure {
    const char *region, *window;
    int64_t start, length;
    uint32_t revision;
    int64_t vacant; /* below 0: null */
    const char *name;
};

static inline int64_t history_length(const char *window)
{
    int64_t number = strtoll(window, NULL, 10);
    return number * (strchr(window, 'h') ? HOUR : strchr(window, 'd') ? BR_DAY_MS : MINUTE);
}

static inline uint64_t history_put_figure(struct history_fixture *f, const struct history_figure *what,
                                          bool newest)
{
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    Bruis__V1__Coverage coverage = BRUIS__V1__COVERAGE__INIT;
    Bruis__V1__ParkingFigure parking = BRUIS__V1__PARKING_FIGURE__INIT;
    static char type[] = "gemeente", usual_name[] = "Somewhere";
    figure.region = (char *)what->region;
    figure.name = what->name ? (char *)what->name : usual_name;
    figure.region_type = type;
    figure.window = (char *)what->window;
    figure.has_region_year = figure.has_domain = figure.has_start = figure.has_end = figure.has_revision =
        figure.has_quality = true;
    figure.region_year = 2023;
    figure.domain = BRUIS__V1__DOMAIN__parking;
    figure.start = what->start;
    figure.end = what->start + (what->length ? what->length : history_length(what->window));
    figure.revision = what->revision;
    figure.quality = BRUIS__V1__FIGURE__QUALITY__good;
    coverage.has_expected = coverage.has_reporting = coverage.has_weight = true;
    coverage.expected = 12;
    coverage.reporting = 11;
    coverage.weight = 0.9167;
    figure.coverage = &coverage;
    parking.has_capacity = true;
    parking.capacity = 500;
    parking.has_vacant = what->vacant >= 0;
    parking.vacant = what->vacant >= 0 ? what->vacant : 0;
    figure.parking = &parking;
    return br_history_put(f->history, &figure, newest);
}

/* A minute of parking. */
static inline uint64_t history_put(struct history_fixture *f, const char *region, int64_t minute,
                                   uint32_t revision, int64_t vacant, bool newest)
{
    struct history_figure figure = {.region = region,
                                    .window = "1m",
                                    .start = T0 + minute * MINUTE,
                                    .revision = revision,
                                    .vacant = vacant};
    return history_put_figure(f, &figure, newest);
}

static inline void history_flush(struct history_fixture *f)
{
    ck_assert(br_history_flush(f->history, 60000));
}

static inline void history_take(void *context, int error, const struct br_history_row *rows, size_t count,
                                bool more, uint64_t passed)
{
    struct history_fixture *f = context;
    size_t size = 0;
    free(f->text);
    f->text = NULL;
    FILE *to = open_memstream(&f->text, &size);
    for (size_t i = 0; i < count; i++) {
        Bruis__V1__Figure *figure = bruis__v1__figure__unpack(NULL, rows[i].packed_size, rows[i].packed);
        ck_assert_ptr_nonnull(figure);
        fprintf(to, "%" PRIu64 " %s %s %" PRId64 " r%u ", rows[i].change, figure->region, figure->window,
                (figure->start - T0) / MINUTE, figure->revision);
        if (figure->parking && figure->parking->has_vacant)
            fprintf(to, "%" PRId64, figure->parking->vacant);
        else
            fprintf(to, "-");
        fprintf(to, "%s%s\n", rows[i].newest ? " newest" : "", rows[i].narrowed ? " narrowed" : "");
        bruis__v1__figure__free_unpacked(figure, NULL);
    }
    fclose(to);
    f->error = error;
    f->count = count;
    f->more = more;
    f->passed = passed;
    f->answered = true;
}

static inline const char *history_wait(struct history_fixture *f)
{
    while (!f->answered)
        uv_run(&f->loop, UV_RUN_ONCE);
    return f->text;
}

/* What is behind a change. */
static inline const char *history_read(struct history_fixture *f, uint64_t after, size_t rows_max)
{
    f->answered = false;
    ck_assert_int_eq(br_history_read(f->history, after, rows_max, history_take, f), 0);
    ck_assert(!f->answered);
    return history_wait(f);
}

static inline const char *history_series(struct history_fixture *f, const char *region, const char *window,
                                         int64_t from, int64_t to, size_t rows_max)
{
    f->answered = false;
    ck_assert_int_eq(br_history_read_series(f->history, BRUIS__V1__DOMAIN__parking, region, window, from, to,
                                            rows_max, history_take, f),
                     0);
    return history_wait(f);
}

static inline const char *history_span(struct history_fixture *f, int64_t from, int64_t to, uint64_t after,
                                       size_t rows_max)
{
    f->answered = false;
    ck_assert_int_eq(br_history_read_span(f->history, from, to, after, rows_max, history_take, f), 0);
    return history_wait(f);
}

#endif
