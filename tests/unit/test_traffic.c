/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/algebra.h"

#include "tests/unit/algebra_bench.h"

#define BENCH(name, what)                                                                                    \
    struct bench name;                                                                                       \
    bench_begin(&name, &br_traffic_algebra, what)

static const struct br_sum *coverage(const struct bench *b)
{
    return b->sum;
}

static void hear(struct bench *b, const char *times)
{
    char text[128], *after = NULL;
    snprintf(text, sizeof text, "%s", times);
    b->fold.snapshot_count = 0;
    for (char *at = strtok_r(text, " ", &after); at; at = strtok_r(NULL, " ", &after))
        b->snapshots[b->fold.snapshot_count++] =
            (struct br_reading){.observed_at_utc_ms = time_of(at), .kind = BR_KIND_SNAPSHOT};
}

/* ---- sites */

START_TEST(vehicles_and_flow)
{
    BENCH(b, 't');
    bench_one(
        &b, "10:00:00 flow=1200 speed=100\n10:01:00 flow=600 speed=100",
        "sites=1 vehicles=30 flow_veh_h=900 speed_km_h=100 sites_slow=0 slow_share=0 !jams !queue_length_m "
        "!delay_s !queue_km_min");
    bench_add(&b, "10:00:00 flow=60", 1); /* a mean over its own minutes; flows of sites add up */
    bench_expect(&b, true, "sites=2 vehicles=31 flow_veh_h=960 speed_km_h=100");
    bench_one(&b, "10:00:00 flow=0", "sites=1 vehicles=0 flow_veh_h=0 !speed_km_h !sites_slow");
    bench_one(&b, "10:00:00 flow=30", "vehicles=1"); /* half a vehicle */
    bench_one(&b, "10:00:00 flow=29.9", "vehicles=0 flow_veh_h=29.9");
    bench_end(&b);
}
END_TEST

START_TEST(periods_weigh)
{
    BENCH(b, 't');
    bench_one(&b, "10:00:00 flow=600 period=60\n10:01:00 flow=1200 period=180",
              "vehicles=70 flow_veh_h=1050");
    bench_one(&b, "10:00:00 flow=3600 period=1.5\n10:00:02 flow=0 period=1.5", "vehicles=2 flow_veh_h=1800");
    bench_one(&b, "10:00:00 flow=7200 period=0.5", "vehicles=1 flow_veh_h=7200");
    bench_end(&b);
}
END_TEST

START_TEST(longer_periods_take_no_part)
{
    BENCH(b, 't');
    bench_one(&b, "10:00:00 flow=600 speed=50 period=300", "sites=1 vehicles=50");
    bench_one(&b, "10:00:00 flow=600 speed=50 period=300.001", "!sites !vehicles !flow_veh_h !sites_slow");
    ck_assert(bench_is_zero(&b));
    b.fold.period_min_ms = 60000; /* the shorter ones are in the parts already */
    bench_one(&b, "10:00:00 flow=600 period=60\n10:01:00 flow=1200 period=61", "vehicles=20 flow_veh_h=1200");
    bench_end(&b);
}
END_TEST

START_TEST(speed_is_the_harmonic_mean_by_vehicles)
{
    BENCH(b, 't');
    bench_one(&b, "10:00:00 flow=600 speed=100\n10:01:00 flow=600 speed=20", "speed_km_h=33.3");
    bench_one(&b, "10:00:00 flow=1800 speed=100\n10:01:00 flow=600 speed=20", "speed_km_h=50");
    bench_one(&b, "10:00:00 flow=600 speed=100\n10:01:00 flow=600", "speed_km_h=100 vehicles=20");
    bench_add(&b, "10:00:00 flow=1200 speed=60", 1);
    bench_expect(&b, true, "speed_km_h=69.2 vehicles=40"); /* 30 vehicles in 10/100 + 20/60 h/km */
    bench_end(&b);
}
END_TEST

START_TEST(a_standstill_weighs_as_3_km_h)
{
    BENCH(b, 't');
    bench_one(&b, "10:00:00 flow=60 speed=0", "speed_km_h=3 sites_slow=1 slow_share=1");
    bench_one(&b, "10:00:00 flow=60 speed=1", "speed_km_h=1");
    bench_one(&b, "10:00:00 flow=0 speed=0", "!speed_km_h !sites_slow vehicles=0"); /* an empty road */
    bench_end(&b);
}
END_TEST

START_TEST(slow_is_below_50)
{
    BENCH(b, 't');
    bench_one(&b, "10:00:00 flow=60 speed=50", "sites_slow=0");
    for (int flow = 60; flow < 400; flow += 17) { /* 50 sharp, however it is rounded */
        char line[96];
        snprintf(line, sizeof line, "10:00:00 flow=%d speed=50\n10:01:00 flow=%d speed=50", flow, flow + 1);
        bench_one(&b, line, "sites_slow=0");
        snprintf(line, sizeof line, "10:00:00 flow=%d speed=49.99\n10:01:00 flow=%d speed=50", flow,
                 flow + 1);
        bench_one(&b, line, "sites_slow=1");
    }
    bench_one(&b, "10:00:00 flow=60 speed=49.9", "sites_slow=1");
    bench_one(&b, "10:00:00 flow=60 speed=100\n10:01:00 flow=600 speed=20", "sites_slow=1");
    bench_add(&b, "10:00:00 flow=60 speed=80", 1);
    bench_add(&b, "10:00:00 flow=60 speed=80", 1);
    bench_expect(&b, true, "sites=3 sites_slow=1 slow_share=0.3333");
    bench_end(&b);
}
END_TEST

START_TEST(speeds_without_a_flow_are_estimated)
{
    BENCH(b, 't');
    /* Harmonic with equal weights: 20 and 60 are 30. It counts in sites_slow, not in the region's speed. */
    bench_one(&b, "10:00:00 speed=20\n10:01:00 speed=60",
              "sites=1 !vehicles !flow_veh_h !speed_km_h sites_slow=1 slow_share=1");
    ck_assert_int_eq(coverage(&b)->estimated, 1);
    bench_one(&b, "10:00:00 speed=50", "sites_slow=0");
    bench_one(&b, "10:00:00 speed=0", "sites_slow=1");
    bench_one(&b, "10:00:00 speed=30\n10:01:00 speed=100", "sites_slow=1"); /* 46.2 */
    bench_one(&b, "10:00:00 speed=40\n10:01:00 speed=100", "sites_slow=0"); /* 57.1 */
    bench_add(&b, "10:00:00 flow=60 speed=80", 1);
    bench_expect(&b, true, "sites=2 vehicles=1 speed_km_h=80");
    bench_end(&b);
}
END_TEST

START_TEST(flags_of_sites)
{
    BENCH(b, 't');
    bench_one(&b, "10:00:00 flow=60 partial\n10:01:00 flow=60 estimated", "");
    ck_assert_int_eq(coverage(&b)->partial, 1);
    ck_assert_int_eq(coverage(&b)->estimated, 1);
    bench_one(&b, "10:00:00 flow=60", "");
    ck_assert_int_eq(coverage(&b)->partial, 0);
    ck_assert_int_eq(coverage(&b)->estimated, 0);
    b.readings[0] = reading_of("S 10:00:00", 't'); /* neither flow nor speed: travel times only */
    bench_one(&b, "10:00:00", "!sites");
    bench_end(&b);
}
END_TEST

/* ---- jams */

START_TEST(a_jam_at_the_end)
{
    BENCH(b, 'j');
    bench_one(&b, "10:01:00 length=3000 delay=600",
              "jams=1 queue_length_m=3000 delay_s=600 queue_km_min=12 !sites");
    bench_one(&b, "10:01:00", "jams=1 !queue_length_m !delay_s !queue_km_min");
    bench_one(&b, "10:01:00 length=0 delay=0", "jams=1 queue_length_m=0 delay_s=0 queue_km_min=0");
    ck_assert_int_eq(coverage(&b)->reporting, 0); /* a jam is no sensor */
    bench_add(&b, "10:04:00 length=500", 1);
    bench_expect(&b, true, "jams=2 queue_length_m=500 delay_s=0 queue_km_min=0.5");
    bench_end(&b);
}
END_TEST

START_TEST(a_jam_that_ended)
{
    BENCH(b, 'j');
    bench_one(&b, "10:01:00 length=3000\n10:03:00 length=3000 ended",
              "!jams !queue_length_m queue_km_min=6"); /* nobody says that there is none */
    bench_one(&b, "10:01:00 length=3000\n10:03:00 length=1000", "jams=1 queue_length_m=1000 queue_km_min=8");
    bench_one(&b, "10:01:00 length=3000\n10:03:00", "jams=1 !queue_length_m queue_km_min=6");
    bench_one(&b, "10:01:00 ended length=5", "!jams !queue_km_min");
    ck_assert(bench_is_zero(&b));
    bench_end(&b);
}
END_TEST

START_TEST(a_jam_that_grows_stale)
{
    BENCH(b, 'j');
    bench_one(&b, "09:50:00.001 length=1000", "jams=1 queue_km_min=5");
    bench_one(&b, "09:50:00 length=1000", "!jams queue_km_min=5"); /* valid in [t, t + 15 min) */
    bench_one(&b, "09:45:00 length=1000", "!jams !queue_km_min");
    bench_end(&b);
}
END_TEST

START_TEST(validity_ends_a_jam)
{
    BENCH(b, 'j');
    bench_one(&b, "10:00:00 length=1000 valid_to=10:03:00", "!jams queue_km_min=3");
    bench_one(&b, "10:00:00 length=1000 valid_to=10:05:00", "!jams queue_km_min=5");
    bench_one(&b, "10:00:00 length=1000 valid_to=10:05:01", "jams=1 queue_km_min=5");
    bench_one(&b, "10:00:00 length=1000 valid_to=09:59:00", "!jams !queue_km_min");
    bench_one(&b, "10:00:00 length=1000 valid_to=2099-12-31T00:00:00Z", "jams=1");
    bench_end(&b);
}
END_TEST

START_TEST(a_snapshot_without_it_ends_a_jam)
{
    BENCH(b, 'j');
    hear(&b, "10:01:00 10:02:00"); /* the first one told of it */
    bench_one(&b, "10:01:00 length=1000", "!jams queue_km_min=1");
    bench_one(&b, "10:01:00 length=1000\n10:02:00 length=2000", "jams=1 queue_length_m=2000 queue_km_min=7");
    hear(&b, "10:01:00 10:20:00");
    bench_one(&b, "10:01:00 length=1000", "jams=1 queue_km_min=4");
    hear(&b, "09:59:00");
    bench_one(&b, "10:01:00 length=1000", "jams=1 queue_km_min=4");
    bench_end(&b);
}
END_TEST

START_TEST(covered_regions_have_0)
{
    BENCH(b, 'j');
    b.frame.covered = true;
    bench_expect(&b, true, "jams=0 queue_length_m=0 delay_s=0 queue_km_min=0 !vehicles !sites_slow");
    bench_add(&b, "10:01:00", 1); /* one of an unknown length */
    bench_expect(&b, true, "jams=1 !queue_length_m !delay_s !queue_km_min");
    bench_add(&b, "10:01:00", -1);
    bench_add(&b, "10:01:00 length=1000 delay=9 valid_to=10:03:00", 1); /* none at the end, but some before */
    bench_expect(&b, true, "jams=0 queue_length_m=0 delay_s=0 queue_km_min=2");
    b.frame.covered = false;
    bench_expect(&b, true, "!jams !queue_length_m !delay_s queue_km_min=2");
    bench_expect(&b, false, "!sites !jams queue_km_min=2"); /* jams do not hang on the sites' coverage */
    bench_end(&b);
}
END_TEST

START_TEST(a_snapshot_is_a_level)
{
    BENCH(b, 't');
    void *cell = calloc(1, b.algebra->cell_size), *empty = calloc(1, b.algebra->cell_size);
    b.algebra->reset(empty);
    b.fold.kind = BR_KIND_SNAPSHOT;
    b.fold.count = 1;
    b.readings[0] = (struct br_reading){.observed_at_utc_ms = time_of("09:50:00"), .kind = BR_KIND_SNAPSHOT};
    b.algebra->fold(&b.fold, cell);
    ck_assert_mem_eq(cell, empty, b.algebra->cell_size);
    b.readings[0].observed_at_utc_ms++;
    b.algebra->fold(&b.fold, cell);
    ck_assert_mem_ne(cell, empty, b.algebra->cell_size);
    b.algebra->add(b.sum, cell, 1, BR_KIND_SNAPSHOT); /* it is in no sum */
    ck_assert(bench_is_zero(&b));
    free(cell);
    free(empty);
    bench_end(&b);
}
END_TEST

/* ---- over time */

START_TEST(merges_over_time)
{
    BENCH(whole, 't');
    BENCH(parts, 't');
    void *open = calloc(1, parts.algebra->day_size), *cell;
    parts.algebra->reset(open);
    bench_add(&whole, "10:00:00 flow=600 speed=70\n10:01:00 flow=300 speed=40\n10:02:00 speed=10 partial", 1);
    cell = bench_fold(&parts, "10:00:00 flow=600 speed=70\n10:01:00 flow=300 speed=40");
    parts.algebra->extend(open, cell, true);
    free(cell);
    cell = bench_fold(&parts, "10:02:00 speed=10 partial");
    parts.algebra->extend(open, cell, false);
    free(cell);
    parts.algebra->add(parts.sum, open, 1, BR_KIND_TRAFFIC);
    ck_assert_mem_eq(parts.sum, whole.sum, whole.algebra->sum_size);
    free(open);
    bench_end(&whole);
    bench_end(&parts);
}
END_TEST

START_TEST(days_take_hours_back)
{
    BENCH(b, 't');
    void *day = calloc(1, b.algebra->day_size);
    b.algebra->reset(day);
    void *before = bench_fold(&b, "10:00:00 flow=600 speed=70");
    void *after = bench_fold(&b, "10:00:00 flow=1200 speed=30");
    void *next = bench_fold(&b, "10:01:00 flow=60 speed=100");
    b.algebra->day_put(day, NULL, before, 0, true);
    b.algebra->day_put(day, NULL, next, 1, true);
    b.algebra->day_put(day, before, after, 0, false);
    b.algebra->add(b.sum, day, 1, BR_KIND_TRAFFIC);
    bench_expect(&b, true, "sites=1 vehicles=21 flow_veh_h=630 speed_km_h=31 sites_slow=1");
    b.algebra->add(b.sum, day, -1, BR_KIND_TRAFFIC);
    ck_assert(bench_is_zero(&b));
    free(before);
    free(after);
    free(next);
    free(day);
    bench_end(&b);
}
END_TEST

START_TEST(counts_do_not_carry)
{
    ck_assert_int_eq(br_traffic_algebra.carry_ms(BR_KIND_TRAFFIC, 900000), 0);
    ck_assert_int_eq(br_traffic_algebra.carry_ms(BR_KIND_JAM, 900000), 900000);
    ck_assert_int_eq(br_traffic_algebra.carry_ms(BR_KIND_SNAPSHOT, 900000), 900000);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, vehicles_and_flow);
    tcase_add_test(tcase, periods_weigh);
    tcase_add_test(tcase, longer_periods_take_no_part);
    tcase_add_test(tcase, speed_is_the_harmonic_mean_by_vehicles);
    tcase_add_test(tcase, a_standstill_weighs_as_3_km_h);
    tcase_add_test(tcase, slow_is_below_50);
    tcase_add_test(tcase, speeds_without_a_flow_are_estimated);
    tcase_add_test(tcase, flags_of_sites);
    tcase_add_test(tcase, a_jam_at_the_end);
    tcase_add_test(tcase, a_jam_that_ended);
    tcase_add_test(tcase, a_jam_that_grows_stale);
    tcase_add_test(tcase, validity_ends_a_jam);
    tcase_add_test(tcase, a_snapshot_without_it_ends_a_jam);
    tcase_add_test(tcase, covered_regions_have_0);
    tcase_add_test(tcase, a_snapshot_is_a_level);
    tcase_add_test(tcase, merges_over_time);
    tcase_add_test(tcase, days_take_hours_back);
    tcase_add_test(tcase, counts_do_not_carry);
}

UNIT_MAIN("traffic", tests)
