/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One algebra at work without windows around it: readings as lines into a cell, cells into a sum, the sum as
 * text. */
#ifndef BR_TESTS_ALGEBRA_BENCH_H
#define BR_TESTS_ALGEBRA_BENCH_H

#include "daemon/flow/algebra.h"

#include "tests/unit/figure_text.h"

#define BENCH_LINES 16

struct bench {
    const struct br_algebra *algebra;
    char what; /* of figure_text.h */
    struct br_fold fold;
    struct br_reading readings[BENCH_LINES], snapshots[BENCH_LINES];
    struct br_figure_frame frame;
    union br_submessage submessage;
    void *sum;
};

/* A window of 10:00 to 10:05 for levels that hold for 15 minutes and come every minute. */
static inline void bench_begin(struct bench *b, const struct br_algebra *algebra, char what)
{
    *b = (struct bench){.algebra = algebra, .what = what};
    b->fold = (struct br_fold){.kind = what == 'p'   ? BR_KIND_PARKING
                                       : what == 't' ? BR_KIND_TRAFFIC
                                       : what == 'j' ? BR_KIND_JAM
                                                     : BR_KIND_PEDESTRIAN,
                               .readings = b->readings,
                               .start_utc_ms = time_of("10:00:00"),
                               .end_utc_ms = time_of("10:05:00"),
                               .length_ms = 300000,
                               .stale_ms = 900000,
                               .interval_ms = 60000,
                               .capacity = -1,
                               .snapshots = b->snapshots,
                               .min_window_ms = 300000,
                               .sensor_name = (const uint8_t *)"feed/sensor",
                               .sensor_name_size = 11};
    b->frame.length_ms = 300000;
    b->sum = calloc(1, algebra->sum_size);
}

static inline void bench_end(struct bench *b)
{
    free(b->sum);
}

static inline void bench_span(struct bench *b, const char *start, const char *end)
{
    b->fold.start_utc_ms = time_of(start);
    b->fold.end_utc_ms = time_of(end);
    b->fold.length_ms = b->frame.length_ms = b->fold.end_utc_ms - b->fold.start_utc_ms;
}

/* The cell of readings, one a line without the sensor's name: "10:00:00 vacant=3\n10:01:00 vacant=4". The
 * caller frees it; it has the size of a day. */
static inline void *bench_fold(struct bench *b, const char *lines)
{
    char text[512], line[256], *after = NULL;
    void *cell = calloc(1, b->algebra->day_size);
    snprintf(text, sizeof text, "%s", lines);
    b->fold.count = 0;
    for (char *at = strtok_r(text, "\n", &after); at; at = strtok_r(NULL, "\n", &after)) {
        ck_assert_uint_lt(b->fold.count, BENCH_LINES);
        snprintf(line, sizeof line, "S %s", at);
        b->readings[b->fold.count++] = reading_of(line, b->what);
    }
    b->algebra->fold(&b->fold, cell);
    return cell;
}

/* Adds the cell of a sensor's readings to the sum, or takes it away. */
static inline void bench_add(struct bench *b, const char *lines, int sign)
{
    void *cell = bench_fold(b, lines);
    b->algebra->add(b->sum, cell, sign, b->fold.kind);
    free(cell);
}

static inline void bench_expect(struct bench *b, bool known, const char *wanted)
{
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    b->frame.submessage = &b->submessage;
    b->algebra->figure(b->sum, &b->frame, known, &figure);
    expect_figure(&figure, "sum", wanted);
}

/* The figure of one sensor with these readings. */
static inline void bench_one(struct bench *b, const char *lines, const char *wanted)
{
    memset(b->sum, 0, b->algebra->sum_size);
    bench_add(b, lines, 1);
    bench_expect(b, true, wanted);
}

static inline bool bench_is_zero(const struct bench *b)
{
    const char *sum = b->sum;
    for (size_t i = 0; i < b->algebra->sum_size; i++)
        if (sum[i])
            return false;
    return true;
}

#endif
