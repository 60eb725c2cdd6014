/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/algebra.h"

#include "tests/unit/algebra_bench.h"

#define PARKING(name)                                                                                        \
    struct bench name;                                                                                       \
    bench_begin(&name, &br_parking_algebra, 'p')

static const struct br_sum *coverage(const struct bench *b)
{
    return b->sum;
}

START_TEST(a_level_that_holds)
{
    PARKING(b);
    bench_one(&b, "10:00:00 capacity=100 vacant=30",
              "capacity=100 vacant=30 occupied=70 occupancy=0.7 vacant_min=30 vacant_max=30 vacant_mean=30 "
              "occupancy_mean=0.7 open=1 closed=0 full=0 !entries !exits fill_rate_per_h=0");
    bench_end(&b);
}
END_TEST

START_TEST(integrals_minimum_and_maximum)
{
    PARKING(b);
    /* 30 for two minutes, 10 for one, 50 for two: 170 / 5, with the carry-in of 09:58. */
    bench_one(
        &b,
        "09:58:00 capacity=100 vacant=30\n10:02:00 capacity=100 vacant=10\n10:03:00 capacity=100 vacant=50",
        "vacant=50 vacant_min=10 vacant_max=50 vacant_mean=34 occupancy_mean=0.66 fill_rate_per_h=-240");
    /* Known for the last two minutes only: the mean is of the window, the share of what is known. */
    bench_one(&b, "10:03:00 capacity=100 vacant=50",
              "vacant_mean=20 occupancy_mean=0.5 occupied=50 !fill_rate_per_h");
    bench_end(&b);
}
END_TEST

START_TEST(stale_to_the_millisecond)
{
    PARKING(b);
    /* Valid in [t, t + 15 min). */
    bench_one(&b, "09:50:00 capacity=100 vacant=30", "!vacant open=0 vacant_min=30 vacant_mean=30");
    bench_one(&b, "09:50:00.001 capacity=100 vacant=30", "vacant=30 open=1 vacant_mean=30");
    bench_one(&b, "09:45:00.001 capacity=100 vacant=30", "!vacant open=0 vacant_min=30 vacant_mean=0");
    ck_assert_int_eq(coverage(&b)->reporting, 1);
    bench_one(&b, "09:45:00 capacity=100 vacant=30", "!vacant !open !vacant_min !vacant_mean");
    ck_assert_int_eq(coverage(&b)->reporting, 0);
    ck_assert(bench_is_zero(&b));
    bench_end(&b);
}
END_TEST

START_TEST(an_old_level_is_flagged)
{
    PARKING(b);
    bench_one(&b, "10:02:00 capacity=100 vacant=30", "");
    ck_assert_int_eq(coverage(&b)->stale, 0); /* three intervals */
    bench_one(&b, "10:01:59.999 capacity=100 vacant=30", "");
    ck_assert_int_eq(coverage(&b)->stale, 1);
    bench_end(&b);
}
END_TEST

START_TEST(closed_leaves_capacity_and_vacancy)
{
    PARKING(b);
    bench_add(&b, "10:00:00 capacity=100 vacant=30", 1);
    bench_add(&b, "10:00:00 capacity=200 vacant=150 closed", 1);
    bench_expect(&b, true,
                 "capacity=100 vacant=30 occupied=70 open=1 closed=1 full=0 vacant_min=30 vacant_mean=30");
    ck_assert_int_eq(coverage(&b)->reporting, 2);
    ck_assert_int_eq(coverage(&b)->reporting_capacity, 300);
    bench_add(&b, "10:00:00 capacity=100 vacant=30", -1); /* all closed: null */
    bench_expect(&b, true, "!capacity !vacant !occupied !occupancy !vacant_min !vacant_mean open=0 closed=1");
    bench_add(&b, "10:00:00 capacity=200 vacant=150 closed", -1);
    ck_assert(bench_is_zero(&b));
    bench_end(&b);
}
END_TEST

START_TEST(closes_within_the_window)
{
    PARKING(b);
    bench_one(
        &b, "10:00:00 capacity=100 vacant=30\n10:01:00 capacity=100 vacant=30 closed",
        "!capacity !vacant open=0 closed=1 vacant_min=30 vacant_mean=6 occupancy_mean=0.7 !fill_rate_per_h");
    bench_one(&b, "10:00:00 closed\n10:04:00 capacity=100 vacant=40 open",
              "vacant=40 open=1 closed=0 vacant_mean=8 !fill_rate_per_h");
    bench_end(&b);
}
END_TEST

START_TEST(unknown_vacancy_counts_in_open_only)
{
    PARKING(b);
    bench_one(&b, "10:00:00 capacity=100", "open=1 !vacant !capacity !occupied !vacant_min !vacant_mean");
    bench_one(&b, "10:00:00 vacant=7", "open=1 vacant=7 !capacity !occupied vacant_min=7 !occupancy_mean");
    bench_one(&b, "10:00:00 vacant=7\n10:01:00 open", "open=1 !vacant vacant_min=7 vacant_mean=1.4");
    bench_add(&b, "10:00:00 capacity=100 vacant=30", 1);
    bench_add(&b, "10:00:00 vacant=7", 1);
    bench_expect(&b, true, "capacity=100 vacant=37 occupied=70 occupancy=0.7 open=3");
    bench_end(&b);
}
END_TEST

START_TEST(capacity_that_was_described)
{
    PARKING(b);
    b.fold.capacity = 80;
    bench_one(&b, "10:00:00 vacant=20", "capacity=80 occupied=60");
    bench_one(&b, "10:00:00 vacant=20 capacity=90", "capacity=90 occupied=70"); /* the reading's own */
    bench_one(&b, "10:00:00 occupied=20", "capacity=80 vacant=60");
    bench_one(&b, "10:00:00 occupied=90", "capacity=80 vacant=0 occupied=80 full=1");
    bench_one(&b, "10:00:00 vacant=90", "capacity=80 vacant=80 occupied=0"); /* clamped */
    b.fold.capacity = 0;
    bench_one(&b, "10:00:00 occupied=20", "!capacity !vacant open=1");
    bench_end(&b);
}
END_TEST

START_TEST(full_is_said_or_seen)
{
    PARKING(b);
    bench_one(&b, "10:00:00 capacity=100 vacant=0", "full=1 open=1");
    bench_one(&b, "10:00:00 capacity=100 vacant=5 full=1", "full=1 vacant=5");
    bench_one(&b, "10:00:00 full=1", "full=1 open=1 !vacant");
    bench_one(&b, "10:00:00 capacity=100 vacant=0 closed", "full=0 closed=1");
    bench_one(&b, "10:00:00 vacant=0\n10:04:59 vacant=1", "full=0");
    b.fold.is_space = true; /* a single bay that is taken is no full facility */
    bench_one(&b, "10:00:00 capacity=1 vacant=0", "full=0 open=1 vacant=0 occupied=1");
    bench_end(&b);
}
END_TEST

START_TEST(vehicles_in_and_out)
{
    PARKING(b);
    /* The carry-in was counted in its own window. */
    bench_one(&b, "09:59:00 entries=100\n10:00:00 entries=4 exits=1\n10:04:59.999 entries=2 vacant=1",
              "entries=6 exits=1");
    bench_one(&b, "10:00:00 entries=0", "entries=0 !exits");
    bench_end(&b);
}
END_TEST

START_TEST(fill_rate_is_of_those_known_at_both_ends)
{
    PARKING(b);
    bench_add(&b, "09:59:00 capacity=100 vacant=50\n10:01:00 capacity=100 vacant=40", 1);    /* + 10 */
    bench_add(&b, "10:00:00 capacity=100 vacant=50\n10:01:00 capacity=100 vacant=53", 1);    /* - 3 */
    bench_add(&b, "10:00:00.001 capacity=100 vacant=50\n10:01:00 capacity=100 vacant=0", 1); /* no start */
    bench_add(&b, "10:00:00 capacity=100 vacant=50\n10:01:00 capacity=100", 1);              /* no end */
    bench_add(&b, "09:59:00 vacant=50\n10:01:00 capacity=100 vacant=0", 1);                  /* no start */
    bench_expect(&b, true, "fill_rate_per_h=84");
    bench_end(&b);
}
END_TEST

START_TEST(below_coverage_only_counts_stay)
{
    PARKING(b);
    bench_add(&b, "10:00:00 capacity=100 vacant=0 entries=3", 1);
    bench_expect(&b, false,
                 "open=1 closed=0 full=1 !capacity !vacant !occupied !occupancy !vacant_min !vacant_max "
                 "!vacant_mean !occupancy_mean !entries !exits !fill_rate_per_h");
    bench_end(&b);
}
END_TEST

START_TEST(flags_of_readings)
{
    PARKING(b);
    bench_one(&b, "10:00:00 vacant=1 partial\n10:01:00 vacant=2 estimated\n10:02:00 vacant=3", "");
    ck_assert_int_eq(coverage(&b)->partial, 1);
    ck_assert_int_eq(coverage(&b)->estimated, 1);
    bench_end(&b);
}
END_TEST

/* A window is the merge of its minutes, whatever the readings are. */
START_TEST(merges_over_time)
{
    static const char *const lines[] = {"09:50:00 capacity=100 vacant=30\n10:00:00 capacity=100 vacant=20 "
                                        "entries=4\n10:02:30 vacant=10 partial\n"
                                        "10:04:00 capacity=90 vacant=5 exits=2 closed",
                                        "10:03:10 capacity=100 vacant=0", "09:46:30 capacity=10 vacant=3",
                                        "10:00:30 closed\n10:01:30 full=1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        PARKING(whole);
        PARKING(parts);
        void *open = calloc(1, parts.algebra->day_size);
        parts.algebra->reset(open);
        for (int minute = 0; minute < 5; minute++) {
            parts.fold.start_utc_ms = time_of("10:00:00") + minute * 60000;
            parts.fold.end_utc_ms = parts.fold.start_utc_ms + 60000;
            /* What the window module gives a fold: from the one to carry in to the window's end. */
            void *cell = bench_fold(&parts, lines[i]);
            size_t first = 0, count = parts.fold.count;
            while (first + 1 < count &&
                   parts.readings[first + 1].observed_at_utc_ms <= parts.fold.start_utc_ms)
                first++;
            while (count > 0 && parts.readings[count - 1].observed_at_utc_ms >= parts.fold.end_utc_ms)
                count--;
            parts.fold.readings = parts.readings + first;
            parts.fold.count = count > first ? count - first : 0;
            parts.algebra->fold(&parts.fold, cell);
            parts.algebra->extend(open, cell, minute == 0);
            parts.fold.readings = parts.readings;
            free(cell);
        }
        parts.algebra->add(parts.sum, open, 1, BR_KIND_PARKING);
        bench_add(&whole, lines[i], 1);
        ck_assert_mem_eq(parts.sum, whole.sum, whole.algebra->sum_size);
        free(open);
        bench_end(&whole);
        bench_end(&parts);
    }
}
END_TEST

/* A day takes hours back: the minimum too. */
START_TEST(days_take_hours_back)
{
    PARKING(b);
    void *day = calloc(1, b.algebra->day_size), *before, *after;
    b.algebra->reset(day);
    bench_span(&b, "10:00:00", "11:00:00");
    before = bench_fold(&b, "10:00:00 capacity=100 vacant=5\n10:10:00 capacity=100 vacant=40");
    b.algebra->day_put(day, NULL, before, 10, true);
    bench_span(&b, "11:00:00", "12:00:00");
    after = bench_fold(&b, "11:50:00 capacity=100 vacant=30 entries=2");
    b.algebra->day_put(day, NULL, after, 11, true);
    free(after);
    b.algebra->add(b.sum, day, 1, BR_KIND_PARKING);
    bench_expect(&b, true, "vacant=30 vacant_min=5 vacant_max=40 entries=2");
    b.algebra->add(b.sum, day, -1, BR_KIND_PARKING);
    ck_assert(bench_is_zero(&b));

    bench_span(&b, "10:00:00", "11:00:00"); /* the minimum was wrong */
    after = bench_fold(&b, "10:00:00 capacity=100 vacant=25\n10:10:00 capacity=100 vacant=40");
    b.algebra->day_put(day, before, after, 10, false);
    b.algebra->add(b.sum, day, 1, BR_KIND_PARKING);
    bench_expect(&b, true, "vacant=30 vacant_min=25 vacant_max=40 entries=2");
    b.algebra->day_put(day, NULL, after, 25, true); /* no day has so many hours */
    b.algebra->add(b.sum, day, -1, BR_KIND_PARKING);
    ck_assert(bench_is_zero(&b));
    free(before);
    free(after);
    free(day);
    bench_end(&b);
}
END_TEST

START_TEST(the_first_hour_has_the_start)
{
    PARKING(b);
    void *day = calloc(1, b.algebra->day_size);
    b.algebra->reset(day);
    for (unsigned hour = 2; hour-- > 0;) { /* the second first */
        bench_span(&b, hour ? "01:00:00" : "00:00:00", hour ? "02:00:00" : "01:00:00");
        void *cell = bench_fold(&b, hour ? "01:00:00 capacity=100 vacant=80\n01:50:00 capacity=100 vacant=60"
                                         : "00:00:00 capacity=100 vacant=100");
        b.algebra->day_put(day, NULL, cell, hour, hour == 1);
        free(cell);
    }
    b.algebra->add(b.sum, day, 1, BR_KIND_PARKING);
    b.frame.length_ms = 7200000;
    bench_expect(&b, true, "fill_rate_per_h=20 vacant=60");
    free(day);
    bench_end(&b);
}
END_TEST

START_TEST(order_cannot_change_a_sum)
{
    PARKING(b);
    PARKING(c);
    static const char *const cells[] = {"10:00:00 capacity=100 vacant=30", "10:01:00 vacant=3 entries=2",
                                        "09:59:00 capacity=7 vacant=7 closed",
                                        "10:04:00 occupied=3 capacity=9"};
    for (size_t i = 0; i < 4; i++) {
        bench_add(&b, cells[i], 1);
        bench_add(&c, cells[3 - i], 1);
    }
    ck_assert_mem_eq(b.sum, c.sum, b.algebra->sum_size);
    for (size_t i = 0; i < 4; i++)
        bench_add(&b, cells[(i + 2) % 4], -1);
    ck_assert(bench_is_zero(&b));
    bench_end(&b);
    bench_end(&c);
}
END_TEST

START_TEST(levels_reach_as_long_as_they_are_fresh)
{
    ck_assert_int_eq(br_parking_algebra.carry_ms(BR_KIND_PARKING, 900000), 900000);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_level_that_holds);
    tcase_add_test(tcase, integrals_minimum_and_maximum);
    tcase_add_test(tcase, stale_to_the_millisecond);
    tcase_add_test(tcase, an_old_level_is_flagged);
    tcase_add_test(tcase, closed_leaves_capacity_and_vacancy);
    tcase_add_test(tcase, closes_within_the_window);
    tcase_add_test(tcase, unknown_vacancy_counts_in_open_only);
    tcase_add_test(tcase, capacity_that_was_described);
    tcase_add_test(tcase, full_is_said_or_seen);
    tcase_add_test(tcase, vehicles_in_and_out);
    tcase_add_test(tcase, fill_rate_is_of_those_known_at_both_ends);
    tcase_add_test(tcase, below_coverage_only_counts_stay);
    tcase_add_test(tcase, flags_of_readings);
    tcase_add_test(tcase, merges_over_time);
    tcase_add_test(tcase, days_take_hours_back);
    tcase_add_test(tcase, the_first_hour_has_the_start);
    tcase_add_test(tcase, order_cannot_change_a_sum);
    tcase_add_test(tcase, levels_reach_as_long_as_they_are_fresh);
}

UNIT_MAIN("parking", tests)
