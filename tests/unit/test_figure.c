/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Coverage and quality of figures, and which regions have one. */
#include "daemon/flow/window.h"

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w, const char *catalogue)
{
    world_begin(w);
    world_windows(w, "5m");
    w->catalogue_csv = catalogue;
    world_open(w);
}

START_TEST(expected_are_catalogued_and_heard_sensors)
{
    struct world w;
    begin(&w, "feed,sensor,region\nloops,S1,gm0001\nloops,S2,gm0001\nloops,S9,gm0003\n");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S3 10:00:00 flow=60");
    tick(&w, "10:07:00");
    expect(&w, "traffic gm0001 5m 10:00:00", "expected=3 reporting=2 weight=0.6667 quality=partial");
    expect(&w, "traffic gm0003 5m 10:00:00", "expected=1 reporting=0 weight=0 quality=none !sites !vehicles");
    expect(&w, "traffic nl00 5m 10:00:00", "expected=4 reporting=2 weight=0.5 quality=partial vehicles=2");
    expect_none(&w, "traffic gm0002 5m 10:00:00"); /* nothing is expected: no figure */
    tick(&w, "2026-08-19T10:07:00Z");
    expect(&w, "traffic gm0001 5m 2026-08-19T09:55:00Z", "expected=3 reporting=0 quality=none");
    expect(&w, "traffic gm0001 5m 2026-08-19T10:00:00Z", "expected=2"); /* S3: 24 hours before the end */
    world_end(&w);
}
END_TEST

START_TEST(weight_is_by_capacity_for_parking)
{
    struct world w;
    begin(&w, "feed,sensor,region,capacity\ngarages,P1,gm0001,900\ngarages,P2,gm0001,100\n");
    say(&w, GARAGES, "P1 10:04:00 capacity=900 vacant=30");
    tick(&w, "10:07:00");
    expect(&w, "parking gm0001 5m 10:00:00", "expected=2 reporting=1 weight=0.9 quality=good vacant=30");
    say(&w, GARAGES, "P1 10:09:00 capacity=900 vacant=30 closed"); /* a closed one reports */
    tick(&w, "10:12:00");
    expect(&w, "parking gm0001 5m 10:05:00",
           "weight=0.9 quality=good closed=1 !vacant !capacity vacant_min=30");
    world_end(&w);
}
END_TEST

START_TEST(weight_is_by_sensors_where_a_capacity_is_unknown)
{
    struct world w;
    begin(&w, "feed,sensor,region,capacity\ngarages,P1,gm0001,900\ngarages,P2,gm0001,\n");
    say(&w, GARAGES, "P1 10:00:00 vacant=30");
    tick(&w, "10:07:00");
    expect(&w, "parking gm0001 5m 10:00:00",
           "expected=2 reporting=1 weight=0.5 quality=partial capacity=900");
    world_end(&w);
}
END_TEST

START_TEST(values_need_coverage)
{
    struct world w;
    begin(&w, "feed,sensor,region\ngarages,P1,gm0001\ngarages,P2,gm0001\ngarages,P3,gm0001\n");
    say(&w, GARAGES, "P1 10:00:00 capacity=10 vacant=0");
    tick(&w, "10:07:00"); /* a third is below a half: counts stay */
    expect(&w, "parking gm0001 5m 10:00:00",
           "quality=none weight=0.3333 expected=3 reporting=1 open=1 closed=0 full=1 !vacant !capacity "
           "!vacant_min "
           "oldest=10:00:00");
    say(&w, GARAGES, "P2 10:05:00 capacity=10 vacant=0");
    tick(&w, "10:12:00");
    expect(&w, "parking gm0001 5m 10:05:00", "quality=partial weight=0.6667 vacant=0 open=2");
    world_end(&w);
}
END_TEST

START_TEST(exactly_the_least_coverage_is_enough)
{
    struct world w;
    begin(&w, "feed,sensor,region\nloops,S1,gm0001\nloops,S2,gm0001\n");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    tick(&w, "10:07:00");
    expect(&w, "traffic gm0001 5m 10:00:00", "weight=0.5 quality=partial vehicles=1");
    world_end(&w);
}
END_TEST

/* Twenty sites: how many of them are flagged decides. */
static void sites(struct world *w, int flagged, const char *flag, int silent)
{
    char line[64];
    world_begin(w);
    world_windows(w, "5m");
    world_open(w);
    for (int i = 0; i < 20; i++) {
        snprintf(line, sizeof line, "S%d 09:55:00 flow=60", i);
        say(w, LOOPS, line);
    }
    for (int i = 0; i < 20 - silent; i++) {
        snprintf(line, sizeof line, "S%d 10:00:00 flow=60 %s", i, i < flagged ? flag : "");
        say(w, LOOPS, line);
    }
    tick(w, "10:07:00");
}

START_TEST(quality_of_flags)
{
    static const struct {
        int flagged, silent;
        const char *flag, *wanted;
    } cases[] = {{0, 0, "", "quality=good weight=1"},       {0, 2, "", "quality=good weight=0.9"},
                 {0, 3, "", "quality=partial weight=0.85"}, {2, 0, "partial", "quality=good"},
                 {3, 0, "partial", "quality=partial"},      {2, 0, "estimated", "quality=good"},
                 {3, 0, "estimated", "quality=estimated"},  {3, 0, "partial estimated", "quality=partial"},
                 {0, 11, "", "quality=none weight=0.45"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        sites(&w, cases[i].flagged, cases[i].flag, cases[i].silent);
        expect(&w, "traffic gm0001 5m 10:00:00", cases[i].wanted);
        world_end(&w);
    }
}
END_TEST

START_TEST(quality_of_old_levels)
{
    struct world w;
    begin(&w, NULL);
    say(&w, GARAGES, "P1 10:04:00 capacity=100 vacant=30");
    tick(&w, "10:17:00");
    expect(&w, "parking gm0001 5m 10:00:00", "quality=good");
    expect(&w, "parking gm0001 5m 10:05:00", "quality=stale vacant=30");
    world_end(&w);
    begin(&w, NULL);
    for (int i = 0; i < 10; i++) { /* one in ten may be old */
        char line[64];
        snprintf(line, sizeof line, "P%d %s capacity=100 vacant=30", i, i == 0 ? "10:00:00" : "10:08:00");
        say(&w, GARAGES, line);
    }
    tick(&w, "10:17:00");
    expect(&w, "parking gm0001 5m 10:05:00", "quality=good reporting=10");
    world_end(&w);
}
END_TEST

START_TEST(sensors_of_longer_periods_are_not_expected)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "5m 15m");
    w.catalogue_csv = "feed,sensor,region,interval_s\nloops,S15,gm0002,900\n";
    world_open(&w);
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S2 10:00:00 flow=60 period=900");
    tick(&w, "10:17:00");
    expect(&w, "traffic gm0001 5m 10:00:00", "expected=1 reporting=1 weight=1");
    expect(&w, "traffic gm0001 15m 10:00:00", "expected=2 reporting=2 weight=1 vehicles=16");
    expect_none(&w, "traffic gm0002 5m 10:00:00");
    expect(&w, "traffic gm0002 15m 10:00:00", "expected=1 reporting=0 quality=none");
    world_end(&w);
}
END_TEST

START_TEST(jams_are_no_sensors)
{
    struct world w;
    begin(&w, NULL);
    say(&w, JAMS, "J1 10:04:00 length=1000");
    say(&w, LOOPS, "S2 10:00:00 gm=2 flow=60");
    say(&w, JAMS, "J2 10:04:00 gm=2 length=500 delay=30");
    tick(&w, "10:07:00");
    expect(&w, "traffic gm0001 5m 10:00:00",
           "expected=0 reporting=0 !sites !weight !oldest jams=1 queue_length_m=1000");
    expect(&w, "traffic gm0002 5m 10:00:00",
           "expected=1 reporting=1 weight=1 sites=1 jams=1 oldest=10:00:00");
    expect(&w, "traffic pv01 5m 10:00:00", "expected=1 jams=2 queue_length_m=1500 delay_s=30 vehicles=1");
    expect_none(&w, "traffic gm0003 5m 10:00:00");
    world_end(&w);
}
END_TEST

START_TEST(covered_regions_know_that_there_is_no_jam)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "5m");
    world_covers(&w, (char *)"pv01");
    world_open(&w);
    say(&w, LOOPS, "S3 10:00:00 gm=3 flow=60");
    snapshot(&w, "10:00:00", "10:00:01");
    tick(&w, "10:07:00");
    expect(&w, "traffic gm0001 5m 10:00:00",
           "expected=0 jams=0 queue_length_m=0 delay_s=0 queue_km_min=0 !sites_slow");
    expect(&w, "traffic gm0003 5m 10:00:00", "!jams vehicles=1");
    expect(&w, "traffic nl00 5m 10:00:00", "!jams vehicles=1");
    tick(&w, "10:22:00"); /* heard within stale_after: valid in [10:00, 10:15) */
    expect(&w, "traffic gm0001 5m 10:05:00", "jams=0");
    expect_none(&w, "traffic gm0001 5m 10:10:00");
    world_end(&w);
}
END_TEST

START_TEST(a_region_that_had_a_figure_keeps_it)
{
    struct world w;
    begin(&w, NULL);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:07:00");
    say(&w, GARAGES, "P1 10:07:30 gm=2 capacity=100 vacant=30");
    tick(&w, "10:07:32");
    expect(&w, "parking gm0001 5m 10:00:00", "revision=1 expected=0 reporting=0 !vacant !oldest");
    expect(&w, "parking gm0002 5m 10:00:00", "revision=0 expected=1 reporting=1 vacant=30");
    expect(&w, "parking pv01 5m 10:00:00", "revision=1 vacant=30");
    tick(&w, "10:12:00");
    expect_none(&w, "parking gm0001 5m 10:05:00");
    world_end(&w);
}
END_TEST

START_TEST(levels_of_regions_add_up)
{
    static const char *const names[] = {"nl00", "pv01", "pv02", "gm0001", "gm0002", "gm0003"};
    struct world w;
    int64_t vacant[6];
    begin(&w, NULL);
    for (int i = 0; i < 30; i++) {
        char line[64];
        snprintf(line, sizeof line, "P%d 10:0%d:00 gm=%d capacity=100 vacant=%d", i, i % 5, i % 3 + 1, 3 * i);
        say(&w, GARAGES, line);
    }
    tick(&w, "10:07:00");
    for (int i = 0; i < 6; i++) {
        char which[64];
        snprintf(which, sizeof which, "parking %s 5m 10:00:00", names[i]);
        vacant[i] = find_told(&w, which)->figure->parking->vacant;
    }
    ck_assert_int_eq(vacant[0], 3 * 29 * 30 / 2);
    ck_assert_int_eq(vacant[0], vacant[1] + vacant[2]);
    ck_assert_int_eq(vacant[1], vacant[3] + vacant[4]);
    ck_assert_int_eq(vacant[2], vacant[5]);
    world_end(&w);
}
END_TEST

START_TEST(what_was_told_can_be_told_again)
{
    struct world w;
    begin(&w, NULL);
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    tick(&w, "10:07:00");
    say(&w, LOOPS, "S1 10:01:00 flow=60 received=10:07:01");
    tick(&w, "10:07:02");
    tick(&w, "10:12:00");
    forget_told(&w);
    br_flow_repeat(w.flow);
    ck_assert_uint_eq(w.told_count, 3); /* the newest window of nl00, pv01, gm0001 */
    expect(&w, "traffic gm0001 5m 10:05:00", "revision=0 quality=none");
    ck_assert(find_told(&w, "traffic gm0001 5m 10:05:00")->newest);
    forget_told(&w);
    say(&w, LOOPS, "S1 10:05:00 flow=60 received=10:12:01");
    tick(&w, "10:12:02");
    forget_told(&w);
    br_flow_repeat(w.flow);
    expect(&w, "traffic gm0001 5m 10:05:00", "revision=1 vehicles=1");
    tick(&w, "10:12:03");
    ck_assert_uint_eq(w.told_count, 3); /* nothing was revised by it */
    world_end(&w);
}
END_TEST

START_TEST(a_capacity_that_was_told_once_weighs)
{
    struct world w;
    begin(&w, NULL);
    say(&w, GARAGES, "P1 10:00:00 capacity=300 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:06:00 vacant=30");
    say(&w, GARAGES, "P1 10:21:00 closed"); /* a carried level tells it no more */
    tick(&w, "10:27:00");
    expect(&w, "parking gm0001 5m 10:05:00", "expected=2 reporting=2 weight=1 capacity=100 vacant=60");
    expect(&w, "parking gm0001 5m 10:20:00", "expected=2 reporting=1 weight=0.75 closed=1");
    world_end(&w);
}
END_TEST

START_TEST(the_capacity_of_a_windows_time_weighs)
{
    struct world w;
    begin(&w, NULL);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:16:00 vacant=30");
    tick(&w, "10:22:00");
    expect(&w, "parking gm0001 5m 10:15:00", "revision=0 weight=0.5"); /* P2 is silent */
    say(&w, GARAGES, "P2 10:22:00 capacity=700 vacant=30");
    say(&w, GARAGES, "P1 10:17:00 vacant=20 received=10:22:01");
    tick(&w, "10:22:02");
    expect(&w, "parking gm0001 5m 10:15:00", "revision=1 weight=0.5");
    tick(&w, "10:27:00");
    expect(&w, "parking gm0001 5m 10:20:00", "weight=1");
    say(&w, GARAGES, "P1 10:12:00 capacity=300 vacant=30 received=10:27:01"); /* late: it weighs since then */
    tick(&w, "10:27:02");
    expect(&w, "parking gm0001 5m 10:05:00", "revision=0 weight=1");
    expect(&w, "parking gm0001 5m 10:15:00", "revision=2 weight=0.75");
    expect(&w, "parking gm0001 5m 10:20:00", "revision=1 weight=1");
    say(&w, GARAGES, "P1 10:41:00 vacant=30");
    tick(&w, "10:47:00");
    expect(&w, "parking gm0001 5m 10:40:00", "weight=0.3 quality=none"); /* 300 of 1000 */
    world_end(&w);
}
END_TEST

/* What weighed in a window is taken out of it again, whatever was told meanwhile. */
START_TEST(many_capacities_leave_nothing_behind)
{
    struct world w;
    char line[96];
    begin(&w, NULL);
    say(&w, GARAGES, "P1 10:00:00 capacity=1 vacant=0");
    say(&w, GARAGES, "P1 10:02:00 vacant=0");
    tick(&w, "10:11:30");
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof line, "P1 10:%02d:%02d capacity=%d vacant=0 received=10:12:00", 2 + i / 6,
                 10 * (i % 6), 50 + i);
        say(&w, GARAGES, line);
    }
    say(&w, GARAGES, "P2 10:00:00 capacity=100 vacant=0 received=10:12:01");
    tick(&w, "10:12:02");
    expect(&w, "parking gm0001 5m 10:00:00", "weight=1 reporting=2");
    say(&w, GARAGES, "P1 10:13:00 gm=2 capacity=90 vacant=0"); /* and all of it goes over */
    tick(&w, "10:17:02");
    expect(&w, "parking gm0001 5m 10:05:00", "weight=1 reporting=1 expected=1");
    expect(&w, "parking gm0002 5m 10:05:00", "weight=1 reporting=1 expected=1");
    world_end(&w);
}
END_TEST

START_TEST(expected_is_what_was_heard_in_the_day_before_its_end)
{
    struct world w;
    begin(&w, NULL);
    w.config.correct_for_ms = 2 * BR_DAY_MS;
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S2 10:00:00 flow=60");
    tick(&w, "10:07:00");
    say(&w, LOOPS, "S1 2026-08-19T20:00:00Z flow=60");
    say(&w, LOOPS, "S2 2026-08-19T20:00:00Z flow=60"); /* silent until then */
    tick(&w, "2026-08-19T20:07:00Z");
    say(&w, LOOPS, "S1 2026-08-19T12:00:00Z flow=60 received=2026-08-19T20:07:01Z");
    say(&w, LOOPS, "S1 2026-08-19T09:59:00Z flow=60 received=2026-08-19T20:07:01Z");
    tick(&w, "2026-08-19T20:07:02Z");
    expect(&w, "traffic gm0001 5m 2026-08-19T12:00:00Z", "expected=1 reporting=1");
    expect(&w, "traffic gm0001 5m 2026-08-19T09:55:00Z", "expected=2 reporting=1");
    expect(&w, "traffic gm0001 5m 2026-08-19T20:00:00Z", "expected=2 reporting=2");
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_capacity_that_was_told_once_weighs);
    tcase_add_test(tcase, the_capacity_of_a_windows_time_weighs);
    tcase_add_test(tcase, many_capacities_leave_nothing_behind);
    tcase_add_test(tcase, expected_is_what_was_heard_in_the_day_before_its_end);
    tcase_add_test(tcase, expected_are_catalogued_and_heard_sensors);
    tcase_add_test(tcase, weight_is_by_capacity_for_parking);
    tcase_add_test(tcase, weight_is_by_sensors_where_a_capacity_is_unknown);
    tcase_add_test(tcase, values_need_coverage);
    tcase_add_test(tcase, exactly_the_least_coverage_is_enough);
    tcase_add_test(tcase, quality_of_flags);
    tcase_add_test(tcase, quality_of_old_levels);
    tcase_add_test(tcase, sensors_of_longer_periods_are_not_expected);
    tcase_add_test(tcase, jams_are_no_sensors);
    tcase_add_test(tcase, covered_regions_know_that_there_is_no_jam);
    tcase_add_test(tcase, a_region_that_had_a_figure_keeps_it);
    tcase_add_test(tcase, levels_of_regions_add_up);
    tcase_add_test(tcase, what_was_told_can_be_told_again);
}

UNIT_MAIN("figure", tests)
