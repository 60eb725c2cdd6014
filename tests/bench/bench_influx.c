/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The line protocol: points of 8 fields against the same points made with snprintf, and against memcpy of
 * what comes out. By turns, the best of several rounds, all in one run;
 * the time is this process' CPU time. */
#include "daemon/out/influx_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POINTS 200000
#define ROUNDS 7
#define RATIO_GOAL 5.0
#define LINE_MAX 512

struct point {
    char region[16];
    int64_t capacity, vacant, occupied, open, full;
    double occupancy, vacant_mean, coverage;
    int64_t time;
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_points(struct point *points)
{
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < POINTS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        struct point *point = &points[i];
        snprintf(point->region, sizeof point->region, "gm%04u", (unsigned)(random % 2000));
        point->capacity = (int64_t)(random % 9000);
        point->vacant = point->capacity / 3;
        point->occupied = point->capacity - point->vacant;
        point->open = (int64_t)(random >> 20) % 20;
        point->full = (int64_t)(random >> 30) % 3;
        point->occupancy = (double)((random >> 10) % 10001) / 10000;
        point->vacant_mean = (double)((random >> 12) % 90000) / 10;
        point->coverage = (double)((random >> 14) % 10001) / 10000;
        point->time = INT64_C(1787047200000) + (int64_t)i;
    }
}

static size_t with_line(const struct point *points, char *to, size_t size)
{
    size_t used = 0;
    struct influx_line line;
    for (size_t i = 0; i < POINTS; i++) {
        const struct point *point = &points[i];
        influx_line_begin(&line, to + used, size - used, "bruis_parking");
        influx_line_tag(&line, "node", "utrecht");
        influx_line_tag(&line, "region", point->region);
        influx_line_tag(&line, "window", "5m");
        influx_line_int(&line, "capacity", point->capacity);
        influx_line_int(&line, "vacant", point->vacant);
        influx_line_int(&line, "occupied", point->occupied);
        influx_line_float(&line, "occupancy", point->occupancy);
        influx_line_float(&line, "vacant_mean", point->vacant_mean);
        influx_line_int(&line, "open", point->open);
        influx_line_int(&line, "full", point->full);
        influx_line_float(&line, "coverage", point->coverage);
        used += (size_t)influx_line_end(&line, point->time);
    }
    return used;
}

/* 17 digits read back as the same double, as they must. */
static size_t with_snprintf(const struct point *points, char *to, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < POINTS; i++) {
        const struct point *point = &points[i];
        used += (size_t)snprintf(
            to + used, size - used,
            "bruis_parking,node=%s,region=%s,window=%s capacity=%" PRId64 "i,vacant=%" PRId64
            "i,occupied=%" PRId64 "i,occupancy=%.17g,vacant_mean=%.17g,open=%" PRId64 "i,full=%" PRId64
            "i,coverage=%.17g %" PRId64 "\n",
            "utrecht", point->region, "5m", point->capacity, point->vacant, point->occupied, point->occupancy,
            point->vacant_mean, point->open, point->full, point->coverage, point->time);
    }
    return used;
}

int main(void)
{
    size_t size = (size_t)POINTS * LINE_MAX, used = 0;
    struct point *points = calloc(POINTS, sizeof *points);
    char *to = malloc(size), *copy = malloc(size);
    double best[3] = {1e9, 1e9, 1e9};
    if (!points || !to || !copy)
        return EXIT_FAILURE;
    memset(to, 0, size);
    memset(copy, 0, size);
    make_points(points);
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_s();
        with_snprintf(points, to, size);
        double between = cpu_s();
        used = with_line(points, to, size);
        double after = cpu_s();
        memcpy(copy, to, used);
        double end = cpu_s(), took[3] = {between - start, after - between, end - after};
        for (int i = 0; i < 3; i++)
            best[i] = took[i] < best[i] ? took[i] : best[i];
    }
    double ratio = best[0] / best[1];
    printf("line protocol: %.0f ns a point of 8 fields, %.0f MB/s, %.1f %% of memcpy; snprintf %.0f ns\n",
           best[1] * 1e9 / POINTS, (double)used / best[1] / 1e6, best[2] / best[1] * 100,
           best[0] * 1e9 / POINTS);
    printf("line protocol: speed, encoder / snprintf %24.2f      goal >= %.0f  %s\n", ratio, RATIO_GOAL,
           ratio >= RATIO_GOAL ? "pass" : "below");
    bool is_same = copy[0] == to[0]; /* the copy is used */
    free(points);
    free(to);
    free(copy);
    return is_same ? EXIT_SUCCESS : EXIT_FAILURE;
}
