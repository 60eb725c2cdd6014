/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/algebra.h"

#include <math.h>

#include "tests/unit/algebra_bench.h"

#define BENCH(name)                                                                                          \
    struct bench name;                                                                                       \
    bench_begin(&name, &br_pedestrian_algebra, 'w')

static const uint8_t leaf[32] = "a leaf";

static const struct br_sum *coverage(const struct bench *b)
{
    return b->sum;
}

static struct br_privacy *turn_on(struct bench *b, uint32_t key)
{
    struct br_privacy *privacy = br_privacy_open(10, 5, (const uint8_t *)&key, sizeof key);
    b->fold.privacy = b->frame.privacy = privacy;
    return privacy;
}

static void protect(struct bench *b)
{
    b->algebra->protect(b->sum, b->fold.privacy, leaf, b->fold.start_utc_ms, b->fold.end_utc_ms, true);
}

static int64_t passages(struct bench *b)
{
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    b->frame.submessage = &b->submessage;
    b->algebra->figure(b->sum, &b->frame, true, &figure);
    ck_assert(figure.pedestrian->has_passages);
    return figure.pedestrian->passages;
}

START_TEST(passages_are_sums)
{
    BENCH(b);
    bench_one(&b, "10:00:00 count=7\n10:01:00 count=5",
              "sensors=1 passages=12 !passages_in !passages_out per_hour=144 margin=0 !presence");
    bench_one(&b, "10:00:00 in=7 out=5", "passages=12 passages_in=7 passages_out=5");
    bench_one(&b, "10:00:00 in=7 out=5 count=99", "passages=12"); /* the sum of in and out */
    bench_one(&b, "10:00:00 in=7", "passages=7 passages_in=7 !passages_out");
    bench_one(&b, "10:00:00 out=0", "passages=0 !passages_in passages_out=0 per_hour=0");
    bench_add(&b, "10:00:00 count=3", 1);
    bench_expect(&b, true, "sensors=2 passages=3 passages_out=0");
    bench_end(&b);
}
END_TEST

START_TEST(nothing_counted_is_null)
{
    BENCH(b);
    bench_one(&b, "10:00:00", "!sensors !passages !per_hour !margin !presence");
    ck_assert(bench_is_zero(&b));
    bench_one(&b, "10:00:00 presence=4", "sensors=1 !passages !per_hour !margin presence=4");
    bench_one(&b, "10:00:00 count=5", "passages=5");
    bench_expect(&b, false, "sensors=1 !passages !per_hour !margin !presence");
    bench_end(&b);
}
END_TEST

START_TEST(counts_belong_to_the_window_that_holds_their_start)
{
    BENCH(b);
    bench_one(&b, "09:59:59.999 count=7\n10:00:00 count=5\n10:04:59.999 count=1", "passages=6");
    bench_one(&b, "09:59:00 count=7", "!sensors !passages");
    bench_end(&b);
}
END_TEST

START_TEST(longer_periods_take_no_part)
{
    BENCH(b);
    bench_one(&b, "10:00:00 count=7 period=300", "passages=7");
    bench_one(&b, "10:00:00 count=7 period=300.001", "!sensors !passages");
    b.fold.period_min_ms = 60000;
    bench_one(&b, "10:00:00 count=7 period=60\n10:01:00 count=5 period=180", "passages=5");
    bench_end(&b);
}
END_TEST

START_TEST(presence_is_a_level)
{
    BENCH(b);
    bench_one(&b, "10:00:00 presence=4\n10:02:00 presence=9", "presence=9");
    bench_one(&b, "09:55:00 presence=4", "presence=4 sensors=1");
    bench_one(&b, "09:50:00 presence=4", "!presence sensors=1"); /* valid in [t, t + 15 min) */
    bench_one(&b, "09:50:00.001 presence=4", "presence=4");
    bench_one(&b, "09:45:00 presence=4", "!presence !sensors");
    bench_one(&b, "10:01:00 presence=4\n10:02:00 count=3", "presence=4 passages=3");
    bench_one(&b, "10:00:00 presence=4 count=3\n10:01:00 count=2 presence=0",
              "presence=0 passages=5 sensors=1");
    bench_end(&b);
}
END_TEST

START_TEST(an_old_presence_is_flagged)
{
    BENCH(b);
    bench_one(&b, "10:01:00 presence=4", ""); /* three intervals and its own period */
    ck_assert_int_eq(coverage(&b)->stale, 0);
    bench_one(&b, "10:00:59.999 presence=4", "");
    ck_assert_int_eq(coverage(&b)->stale, 1);
    bench_one(&b, "10:00:00 count=4 partial\n10:01:00 count=4 estimated", "");
    ck_assert_int_eq(coverage(&b)->partial, 1);
    ck_assert_int_eq(coverage(&b)->estimated, 1);
    bench_end(&b);
}
END_TEST

START_TEST(protected_cells)
{
    BENCH(b);
    struct br_privacy *privacy = turn_on(&b, 1);
    struct br_privacy_cell in = {leaf, sizeof leaf, time_of("10:00:00"), 'i'}, out = in, all = in;
    out.what = 'o';
    all.what = 'c';
    bench_add(&b, "10:00:00 in=3 out=12", 1);
    bench_add(&b, "10:01:00 in=1 out=4", 1);
    bench_add(&b, "10:01:00 count=8", 1);
    protect(&b);
    /* In, out and those without direction are cells of their own: 4, 16 and 8 are rounded, not 24. */
    char wanted[160];
    long long safe_in = br_privacy_round(privacy, &in, 4), safe_out = br_privacy_round(privacy, &out, 16),
              safe_all = br_privacy_round(privacy, &all, 8);
    snprintf(wanted, sizeof wanted, "sensors=3 passages=%lld passages_in=%lld passages_out=%lld margin=%.10g",
             safe_in + safe_out + safe_all, safe_in, safe_out, round(sqrt(25 + 6 + 25) * 10) / 10);
    bench_expect(&b, true, wanted);
    bench_expect(&b, true, wanted); /* asked again it is the same */
    protect(&b);
    bench_expect(&b, true, wanted);
    br_privacy_close(privacy);
    bench_end(&b);
}
END_TEST

/* Sums of cells stay unbiased: the mean over many keys is what was counted. */
START_TEST(protected_sums_are_unbiased)
{
    enum { KEYS = 4000 };
    double sum = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        BENCH(b);
        struct br_privacy *privacy = turn_on(&b, key);
        bench_add(&b, "10:00:00 in=3 out=12", 1);
        bench_add(&b, "10:00:00 count=8", 1);
        bench_add(&b, "10:00:00 count=13 period=900", 1); /* takes no part in five minutes */
        protect(&b);
        sum += (double)(passages(&b) - 23);
        br_privacy_close(privacy);
        bench_end(&b);
    }
    ck_assert_double_lt(fabs(sum / KEYS), 5 * sqrt(25 + 6 + 25) / sqrt(KEYS));
}
END_TEST

START_TEST(a_count_longer_than_a_cell_is_one)
{
    enum { KEYS = 4000 };
    double sum = 0;
    int64_t first = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        BENCH(b);
        struct br_privacy *privacy = turn_on(&b, key);
        bench_span(&b, "10:00:00", "11:00:00");
        /* Neither protected with the leaf's cell nor with the sensor's next one. */
        bench_add(&b, "10:00:00 count=3 period=900\n10:15:00 in=4 out=6 period=900", 1);
        protect(&b);
        int64_t value = passages(&b);
        ck_assert_int_eq(value % 5, 0);
        first += value == 13;
        sum += (double)(value - 13);
        br_privacy_close(privacy);
        bench_end(&b);
    }
    ck_assert_int_eq(first, 0);
    ck_assert_double_lt(fabs(sum / KEYS), 5 * sqrt(75) / sqrt(KEYS));
}
END_TEST

START_TEST(margins_add_up)
{
    BENCH(b);
    struct br_privacy *privacy = turn_on(&b, 1);
    bench_span(&b, "10:00:00", "11:00:00");
    /* Multiples are given as they are, and still have the margin of their size: it tells nothing more. */
    bench_add(&b, "10:00:00 count=100 period=900\n10:15:00 in=10 out=0 period=900", 1);
    bench_expect(&b, true, "passages=110 margin=7.5"); /* 6 + 25 + 25 */
    br_privacy_close(privacy);
    bench_end(&b);
}
END_TEST

START_TEST(longer_windows_inherit_their_cells)
{
    BENCH(hour);
    struct br_privacy *privacy = turn_on(&hour, 1);
    int64_t wanted = 0;
    void *before = calloc(1, hour.algebra->sum_size);
    for (int i = 0; i < 3; i++) {
        BENCH(part);
        part.fold.privacy = part.frame.privacy = privacy;
        part.fold.start_utc_ms += i * 300000;
        part.fold.end_utc_ms += i * 300000;
        void *cell = bench_fold(&part, i == 0   ? "10:00:00 count=3"
                                       : i == 1 ? "10:06:00 count=8"
                                                : "10:11:00 count=14");
        part.algebra->add(part.sum, cell, 1, BR_KIND_PEDESTRIAN);
        hour.algebra->add(hour.sum, cell, 1, BR_KIND_PEDESTRIAN);
        protect(&part);
        hour.algebra->inherit(hour.sum, part.sum, 1);
        wanted += passages(&part);
        if (i == 2)
            memcpy(before, part.sum, part.algebra->sum_size);
        free(cell);
        bench_end(&part);
    }
    hour.algebra->protect(hour.sum, privacy, leaf, time_of("10:00:00"), time_of("10:15:00"), false);
    ck_assert_int_eq(passages(&hour), wanted);
    hour.algebra->inherit(hour.sum, before, -1);
    ck_assert_int_le(passages(&hour), wanted - 10);
    free(before);
    br_privacy_close(privacy);
    bench_end(&hour);
}
END_TEST

START_TEST(presence_is_protected_too)
{
    BENCH(b);
    struct br_privacy *privacy = turn_on(&b, 1);
    struct br_privacy_cell cell = {leaf, sizeof leaf, time_of("10:05:00"), 'p'};
    char wanted[64];
    bench_add(&b, "10:01:00 presence=4", 1);
    bench_add(&b, "10:01:00 presence=9", 1);
    protect(&b);
    snprintf(wanted, sizeof wanted, "presence=%lld", (long long)br_privacy_round(privacy, &cell, 13));
    ck_assert_str_ne(wanted, "presence=13");
    bench_expect(&b, true, wanted);
    br_privacy_close(privacy);
    bench_end(&b);
}
END_TEST

START_TEST(merges_over_time)
{
    BENCH(whole);
    BENCH(parts);
    void *open = calloc(1, parts.algebra->day_size), *cell;
    parts.algebra->reset(open);
    bench_add(&whole, "10:00:00 in=6 out=7 presence=2\n10:03:00 count=4 partial presence=3", 1);
    cell = bench_fold(&parts, "10:00:00 in=6 out=7 presence=2");
    parts.algebra->extend(open, cell, true);
    free(cell);
    cell = bench_fold(&parts, "10:03:00 count=4 partial presence=3");
    parts.algebra->extend(open, cell, false);
    free(cell);
    parts.algebra->add(parts.sum, open, 1, BR_KIND_PEDESTRIAN);
    ck_assert_mem_eq(parts.sum, whole.sum, whole.algebra->sum_size);
    free(open);
    bench_end(&whole);
    bench_end(&parts);
}
END_TEST

START_TEST(days_take_hours_back)
{
    BENCH(b);
    void *day = calloc(1, b.algebra->day_size);
    b.algebra->reset(day);
    void *before = bench_fold(&b, "10:00:00 in=6"), *after = bench_fold(&b, "10:00:00 in=8 presence=1");
    void *next = bench_fold(&b, "10:01:00 out=1 presence=5");
    b.algebra->day_put(day, NULL, before, 0, true);
    b.algebra->day_put(day, NULL, next, 1, true);
    b.algebra->day_put(day, before, after, 0, false);
    b.algebra->add(b.sum, day, 1, BR_KIND_PEDESTRIAN);
    bench_expect(&b, true, "sensors=1 passages=9 passages_in=8 passages_out=1 presence=5");
    b.algebra->add(b.sum, day, -1, BR_KIND_PEDESTRIAN);
    ck_assert(bench_is_zero(&b));
    free(before);
    free(after);
    free(next);
    free(day);
    bench_end(&b);
}
END_TEST

/* With privacy on nothing is told between two cells, and an unknown presence stays unknown. */
START_TEST(live_presence)
{
    BENCH(last);
    BENCH(now);
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT, instant = BRUIS__V1__FIGURE__INIT;
    last.frame.submessage = &last.submessage;
    now.frame.submessage = &now.submessage;
    bench_add(&last, "10:00:00 count=5 presence=3", 1);
    bench_add(&now, "10:04:00 presence=7", 1);
    for (int known = 1; known >= 0; known--) {
        last.algebra->figure(last.sum, &last.frame, known, &figure);
        now.algebra->figure(now.sum, &now.frame, true, &instant);
        figure.quality = known ? BRUIS__V1__FIGURE__QUALITY__good : BRUIS__V1__FIGURE__QUALITY__none;
        instant.quality = BRUIS__V1__FIGURE__QUALITY__good;
        last.algebra->overlay(&figure, &instant);
        expect_figure(&figure, "live", known ? "passages=5 presence=7" : "!passages presence=7");

        last.algebra->figure(last.sum, &last.frame, known, &figure);
        figure.quality = known ? BRUIS__V1__FIGURE__QUALITY__protected : BRUIS__V1__FIGURE__QUALITY__none;
        instant.quality = BRUIS__V1__FIGURE__QUALITY__protected;
        last.algebra->overlay(&figure, &instant);
        expect_figure(&figure, "live", known ? "passages=5 presence=3" : "!passages !presence");
    }
    bench_end(&last);
    bench_end(&now);
}
END_TEST

START_TEST(presence_reaches_as_long_as_it_is_fresh)
{
    ck_assert_int_eq(br_pedestrian_algebra.carry_ms(BR_KIND_PEDESTRIAN, 900000), 900000);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, passages_are_sums);
    tcase_add_test(tcase, nothing_counted_is_null);
    tcase_add_test(tcase, counts_belong_to_the_window_that_holds_their_start);
    tcase_add_test(tcase, longer_periods_take_no_part);
    tcase_add_test(tcase, presence_is_a_level);
    tcase_add_test(tcase, an_old_presence_is_flagged);
    tcase_add_test(tcase, protected_cells);
    tcase_add_test(tcase, protected_sums_are_unbiased);
    tcase_add_test(tcase, a_count_longer_than_a_cell_is_one);
    tcase_add_test(tcase, margins_add_up);
    tcase_add_test(tcase, longer_windows_inherit_their_cells);
    tcase_add_test(tcase, presence_is_protected_too);
    tcase_add_test(tcase, merges_over_time);
    tcase_add_test(tcase, days_take_hours_back);
    tcase_add_test(tcase, live_presence);
    tcase_add_test(tcase, presence_reaches_as_long_as_it_is_fresh);
}

UNIT_MAIN("pedestrian", tests)
