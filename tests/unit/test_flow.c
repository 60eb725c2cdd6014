/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Results of observations, time, and what the flow is opened with. */
#include "daemon/flow/flow.h"

#include <errno.h>

#include <sys/stat.h>

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w)
{
    world_begin(w);
    world_windows(w, "1m");
    world_open(w);
}

START_TEST(each_result)
{
    struct world w;
    begin(&w);
    w.feeds[GARAGES].republish = true;
    say(&w, GARAGES, "P1 10:00:00 vacant=30 capacity=100");
    expect_results(&w, GARAGES, "used=1");
    say(&w, GARAGES, "P1 10:00:00 vacant=30 capacity=100");
    expect_results(&w, GARAGES, "duplicate=1 used=1");
    say(&w, GARAGES, "P1 10:00:00 vacant=29 capacity=100");
    expect_results(&w, GARAGES, "duplicate=1 conflict=1 used=1");
    say(&w, GARAGES, "P1 10:00:00 vacant=31 capacity=100");
    expect_results(&w, GARAGES, "duplicate=1 conflict=1 corrected=1 used=1");
    say(&w, GARAGES, "P1 10:00:00 vacant=31 capacity=100");
    expect_results(&w, GARAGES, "duplicate=2 conflict=1 corrected=1 used=1");
    say(&w, GARAGES, "P2 10:00:00 outside vacant=31");
    expect_results(&w, GARAGES, "duplicate=2 conflict=1 corrected=1 unlocated=1 used=1");
    say(&w, GARAGES, "P3 10:00:00 nowhere vacant=31");
    expect_results(&w, GARAGES, "duplicate=2 conflict=1 corrected=1 unlocated=1 used=1 pending=1");
    say(&w, GARAGES, "P1 10:00:00 vacant=-1");
    say(&w, GARAGES, "P1 09:00:00 vacant=5 received=10:00:00.001");
    say(&w, GARAGES, "P1 10:01:00.001 vacant=5 received=10:00:00");
    expect_results(
        &w, GARAGES,
        "invalid=1 implausible=1 late=1 duplicate=2 conflict=1 corrected=1 unlocated=1 used=1 pending=1");
    ck_assert_uint_eq(w.observed_count, 3); /* what counts or may count: P1 twice, P3 */
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    ck_assert_uint_eq(w.observed_count, 3); /* this feed is not to be republished */
    world_end(&w);
}
END_TEST

START_TEST(identity_is_feed_sensor_time_and_kind)
{
    struct world w;
    begin(&w);
    say(&w, LOOPS, "X 10:00:00 flow=60");
    say(&w, JAMS, "X 10:00:00 length=60");
    say(&w, GARAGES, "X 10:00:00 vacant=6");
    say(&w, LOOPS, "Y 10:00:00 flow=60");
    say(&w, LOOPS, "X 10:00:00.001 flow=60");
    expect_results(&w, LOOPS, "used=3");
    expect_results(&w, JAMS, "used=1");
    expect_results(&w, GARAGES, "used=1");
    say(&w, LOOPS, "X 10:00:00 flow=60 received=10:05:00"); /* when it came is no part of it */
    expect_results(&w, LOOPS, "duplicate=1 used=3");
    world_end(&w);
}
END_TEST

START_TEST(times_at_their_limits)
{
    struct world w;
    begin(&w);
    say(&w, GARAGES, "P1 10:01:00 vacant=5 received=10:00:00"); /* 60 s ahead is plausible */
    say(&w, GARAGES, "P1 09:00:00 vacant=5 received=10:00:00"); /* an hour late is in time */
    expect_results(&w, GARAGES, "used=2");
    say(&w, GARAGES, "P1 10:01:00.001 vacant=5 received=10:00:00");
    say(&w, GARAGES, "P1 08:59:59.999 vacant=5 received=10:00:00");
    say(&w, GARAGES, "P1 1969-12-31T23:59:59Z vacant=5");
    expect_results(&w, GARAGES, "invalid=1 implausible=1 late=1 used=2");
    say(&w, GARAGES, "P1 2030-01-01T00:00:00Z vacant=5 received=never"); /* without a time: neither */
    say(&w, GARAGES, "P1 2020-01-01T00:00:00Z vacant=5 received=never");
    expect_results(&w, GARAGES, "invalid=1 implausible=1 late=1 used=4");
    world_end(&w);
}
END_TEST

/* The first that applies of invalid, implausible, late, duplicate, conflict, corrected, unlocated, used. */
START_TEST(precedence)
{
    struct world w;
    begin(&w);
    say(&w, LOOPS, "S1 10:30:00 flow=60 speed=300 received=10:00:00"); /* invalid and implausible */
    say(&w, LOOPS, "S1 08:00:00 flow=60 speed=300 received=10:00:00"); /* invalid and late */
    expect_results(&w, LOOPS, "invalid=2");
    say(&w, LOOPS, "S1 10:30:00 outside flow=60 received=10:00:00"); /* implausible and unlocated */
    expect_results(&w, LOOPS, "invalid=2 implausible=1");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S1 10:00:00 flow=60 received=11:00:01");         /* a duplicate, but late */
    say(&w, LOOPS, "S2 08:00:00 outside flow=60 received=10:00:00"); /* late and unlocated */
    expect_results(&w, LOOPS, "invalid=2 implausible=1 late=2 used=1");
    say(&w, LOOPS, "S3 10:00:00 nowhere flow=60");
    say(&w, LOOPS, "S3 10:00:00 nowhere flow=60"); /* duplicate and pending */
    say(&w, LOOPS, "S3 10:00:00 nowhere flow=59"); /* conflict and pending */
    say(&w, LOOPS, "S3 10:00:00 nowhere flow=61"); /* corrected and pending */
    expect_results(&w, LOOPS,
                   "invalid=2 implausible=1 late=2 duplicate=1 conflict=1 corrected=1 used=1 pending=1");
    say(&w, LOOPS, "S4 10:00:00 outside flow=60");
    say(&w, LOOPS, "S4 10:00:00 outside flow=60"); /* duplicate and unlocated */
    say(&w, LOOPS, "S4 10:00:00 outside flow=59"); /* conflict and unlocated */
    say(&w, LOOPS, "S4 10:00:00 outside flow=61"); /* corrected and unlocated */
    expect_results(
        &w, LOOPS,
        "invalid=2 implausible=1 late=2 duplicate=2 conflict=2 corrected=2 unlocated=1 used=1 pending=1");
    world_end(&w);
}
END_TEST

/* What was read outside every region counts when the sensor is inside, as it does when it arrives after that.
 */
START_TEST(inside_and_outside_in_any_order)
{
    static const char *const lines[] = {"P1 10:00:00 outside capacity=100 vacant=30 received=10:20:00",
                                        "P1 10:02:00 outside capacity=100 vacant=10 received=10:20:00",
                                        "P1 10:04:00 gm=1 capacity=100 vacant=20 received=10:20:00",
                                        "P1 10:01:00 gm=2 capacity=100 vacant=5 received=10:20:00"};
    static const int orders[][4] = {{0, 1, 2, 3}, {2, 3, 1, 0}, {3, 0, 2, 1}, {1, 2, 0, 3}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct world w;
        world_begin(&w);
        world_windows(&w, "5m");
        world_open(&w);
        tick(&w, "09:59:00");
        for (int j = 0; j < 4; j++) {
            say(&w, GARAGES, lines[orders[i][j]]);
            if (i % 2 == 0)
                tick(&w, "10:20:01");
        }
        tick(&w, "10:30:00");
        expect(&w, "parking gm0001 5m 10:00:00",
               "vacant=20 vacant_min=5 vacant_max=30 vacant_mean=15 reporting=1");
        world_end(&w);
    }
}
END_TEST

/* What a late reading came after is still known when the late one's hour is over. */
START_TEST(a_late_reading_hides_nothing)
{
    struct world w;
    struct stat status;
    char path[128];
    world_begin(&w);
    world_windows(&w, "5m");
    w.config.correct_for_ms = BR_DAY_MS / 2;
    world_open(&w);
    snprintf(path, sizeof path, "%s/readings/%010lld.readings", w.dir,
             (long long)(time_of("00:30:00") / BR_HOUR_MS));
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 00:30:00 capacity=100 vacant=9 received=10:00:30");
    say(&w, GARAGES, "P1 10:01:00 capacity=100 vacant=20");
    expect_results(&w, GARAGES, "used=3");
    tick(&w, "10:10:00");
    tick(&w, "20:00:00");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30 received=20:00:01");
    expect_results(&w, GARAGES, "duplicate=1 used=3");
    say(&w, GARAGES, "P1 10:02:00 capacity=100 vacant=10 received=20:00:02");
    tick(&w, "20:00:03");
    expect(&w, "parking gm0001 5m 10:00:00", "vacant=10 vacant_max=30 vacant_mean=16");
    ck_assert_int_eq(stat(path, &status), 0);
    tick(&w, "23:00:00");
    ck_assert_int_eq(stat(path, &status), 0); /* until the time of 10:00 is over as well */
    tick(&w, "2026-08-19T01:00:00Z");
    ck_assert_int_ne(stat(path, &status), 0);
    world_end(&w);
}
END_TEST

/* Implausible readings move no watermark, late ones do: they are plausible. */
START_TEST(only_plausible_readings_move_the_watermark)
{
    struct world w;
    begin(&w);
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S1 10:10:00 flow=60 received=10:00:02");
    tick(&w, "10:00:03");
    expect_none(&w, "traffic gm0001 1m 10:00:00");
    expect_results(&w, LOOPS, "implausible=1 used=1");
    world_end(&w);
}
END_TEST

START_TEST(a_slow_feed_holds_its_domain_only)
{
    struct world w;
    begin(&w);
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, JAMS, "J1 10:00:00 length=5");
    say(&w, GARAGES, "P1 10:00:00 vacant=1");
    say(&w, LOOPS, "S1 10:02:00 flow=60");
    say(&w, GARAGES, "P1 10:03:00 vacant=1");
    say(&w, JAMS, "J1 10:01:00 length=5 received=10:03:00");
    tick(&w, "10:03:02");
    expect(&w, "parking gm0001 1m 10:00:00", "vacant=1");
    expect_none(&w, "traffic gm0001 1m 10:00:00"); /* the jams are at 10:01 */
    tick(&w, "10:04:59");
    expect_none(&w, "traffic gm0001 1m 10:00:00");
    tick(&w, "10:05:00"); /* idle: 2 x interval without a reading */
    expect(&w, "traffic gm0001 1m 10:00:00", "vehicles=1 jams=1");
    world_end(&w);
}
END_TEST

START_TEST(a_feed_has_its_own_lateness)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m");
    w.feeds[LOOPS].lateness_ms = 0;
    world_open(&w);
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    tick(&w, "10:00:02"); /* the period ends at 10:01 */
    expect(&w, "traffic gm0001 1m 10:00:00", "vehicles=1 revision=0");
    world_end(&w);
}
END_TEST

START_TEST(settling_publishes_what_is_due)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m");
    w.replay = true;
    world_open(&w);
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S1 10:02:00 flow=60");
    ck_assert_uint_eq(w.told_count, 0);
    br_flow_settle(w.flow, BR_TIME_NONE);
    br_flow_rest(w.flow);
    expect(&w, "traffic gm0001 1m 10:00:00", "vehicles=1");
    br_flow_settle(w.flow, time_of("10:30:00"));
    br_flow_rest(w.flow);
    expect(&w, "traffic gm0001 1m 10:20:00", "quality=none");
    world_end(&w);
}
END_TEST

START_TEST(snapshots_are_judged_by_time_too)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m");
    world_covers(&w, (char *)"nl00");
    world_open(&w);
    snapshot(&w, "10:05:00", "10:00:00"); /* implausible */
    snapshot(&w, "08:00:00", "10:00:00"); /* late */
    tick(&w, "10:03:00");
    expect_none(&w, "traffic gm0001 1m 10:00:00");
    snapshot(&w, "10:03:00", "10:03:01");
    tick(&w, "10:07:00");
    expect(&w, "traffic gm0001 1m 10:03:00", "jams=0");
    expect_results(&w, JAMS, ""); /* a snapshot is no observation */
    world_end(&w);
}
END_TEST

START_TEST(no_more_sensors_than_the_limit)
{
    struct world w;
    world_begin(&w);
    w.config.sensors_max = 1;
    w.catalogue_csv = "feed,sensor,region\ngarages,P1,gm0001\ngarages,P2,gm0001\n";
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 vacant=1");
    say(&w, GARAGES, "P2 10:00:00 vacant=1");
    expect_results(&w, GARAGES, "invalid=1 used=1");
    describe(&w, GARAGES, "P3 capacity=5", NULL);
    snapshot(&w, "10:00:00", "10:00:01");
    expect_results(&w, GARAGES, "invalid=1 used=1");
    world_end(&w);
}
END_TEST

/* Where the disk takes no readings the flow goes on in memory. */
START_TEST(a_disk_that_went_away)
{
    struct world w;
    char command[96];
    begin(&w);
    snprintf(command, sizeof command, "rm -r %s/readings", w.dir);
    ck_assert_int_eq(system(command), 0);
    say(&w, GARAGES, "P1 10:00:00 vacant=1");
    expect_results(&w, GARAGES, "used=1");
    tick(&w, "10:03:00");
    expect(&w, "parking gm0001 1m 10:00:00", "vacant=1");
    world_end(&w);
}
END_TEST

START_TEST(a_time_that_no_file_holds_is_invalid)
{
    struct world w;
    struct said said;
    begin(&w);
    said_read(&said, "P1 10:00:00 vacant=1", 'p');
    said.observation.observed_at = INT64_MAX / 2; /* 146 million years from here */
    struct br_emitted_observation emitted = {.observation = &said.observation};
    br_flow_observation(w.flow, GARAGES, &emitted, BR_TIME_NONE);
    expect_results(&w, GARAGES, "invalid=1");
    world_end(&w);
}
END_TEST

START_TEST(gauges_of_sensors)
{
    struct world w;
    char *text = NULL;
    size_t size;
    world_begin(&w);
    w.catalogue_csv = "feed,sensor,region\ngarages,P0,gm0001\npeople,C0,gm0001\n";
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 vacant=1");
    say(&w, LOOPS, "S1 10:00:00 flow=1");
    say(&w, JAMS, "J1 10:00:00 length=1");
    snapshot(&w, "10:00:00", "10:00:01");
    tick(&w, "2026-08-19T09:59:00Z");
    say(&w, LOOPS, "S2 2026-08-19T10:00:00Z flow=1");
    tick(&w, "2026-08-19T10:00:01Z");
    br_flow_gauges(w.flow);
    FILE *to = open_memstream(&text, &size);
    br_metrics_print(w.metrics, to);
    fclose(to);
    ck_assert_ptr_nonnull(strstr(text, "bruis_sensors{domain=\"parking\",state=\"heard\"} 0\n"));
    ck_assert_ptr_nonnull(strstr(text, "bruis_sensors{domain=\"parking\",state=\"silent\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "bruis_sensors{domain=\"traffic\",state=\"heard\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(text, "bruis_sensors{domain=\"traffic\",state=\"silent\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(text, "bruis_sensors{domain=\"pedestrian\",state=\"silent\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(text, "bruis_windows_closed_total{window=\"1m\"}"));
    free(text);
    world_end(&w);
}
END_TEST

/* The final values are a function of the set of readings: order, repeats and lateness change revisions only.
 */
START_TEST(order_does_not_matter)
{
    static const char *const lines[] = {"P1 10:00:00 capacity=100 vacant=30 entries=1 received=10:40:00",
                                        "P1 10:07:00 capacity=100 vacant=3 received=10:40:00",
                                        "P1 10:03:20 vacant=50 exits=2 received=10:40:00",
                                        "P1 10:03:20 vacant=51 received=10:40:00",
                                        "P1 10:21:00 capacity=90 closed received=10:40:00",
                                        "P2 10:04:59.999 gm=2 capacity=10 vacant=0 received=10:40:00",
                                        "P2 10:05:00 gm=2 capacity=10 vacant=9 received=10:40:00"};
    enum { LINES = sizeof lines / sizeof *lines };
    char first[5][1024];
    for (unsigned seed = 0; seed < 40; seed++) {
        struct world w;
        unsigned order[LINES * 2], state = seed * 2654435761u + 1;
        world_begin(&w);
        world_windows(&w, "1m 5m 15m 1h");
        w.config.coverage_min = 0;
        world_open(&w);
        tick(&w, "09:59:00");
        for (unsigned i = 0; i < LINES * 2; i++) { /* each twice, shuffled */
            state = state * 1664525u + 1013904223u;
            unsigned j = seed ? state / 65536u % (i + 1) : i;
            order[i] = order[j];
            order[j] = i % LINES;
        }
        for (unsigned i = 0; i < LINES * 2; i++) {
            say(&w, GARAGES, lines[order[i]]);
            if (order[i] % 3 == seed % 3)
                tick(&w, "10:40:01");
        }
        tick(&w, "11:10:00");
        static const char *const which[] = {"parking nl00 1m 10:04:00", "parking gm0001 5m 10:05:00",
                                            "parking pv01 15m 10:00:00", "parking nl00 1h 10:00:00",
                                            "parking gm0002 5m 10:00:00"};
        for (int i = 0; i < 5; i++) {
            char text[1024];
            const struct told *told = find_told(&w, which[i]);
            ck_assert_msg(told != NULL, "no %s", which[i]);
            told->figure->revision = 0; /* what follows from coverage.expected may differ, too */
            told->figure->quality = BRUIS__V1__FIGURE__QUALITY__good;
            told->figure->coverage->has_weight = told->figure->coverage->has_expected = false;
            figure_text(told->figure, seed ? text : first[i], sizeof text);
            if (seed)
                ck_assert_str_eq(text, first[i]);
        }
        world_end(&w);
    }
}
END_TEST

START_TEST(a_folder_that_cannot_be)
{
    struct world w;
    int error = 0;
    begin(&w);
    struct br_flow_setup setup = {.config = &w.config,
                                  .regions = w.regions,
                                  .tally = w.tally,
                                  .readings_dir = "/proc/nowhere/readings",
                                  .figure = on_told,
                                  .context = &w};
    ck_assert_ptr_null(br_flow_open(&setup, &error));
    ck_assert_int_eq(error, -ENOENT);
    br_flow_close(NULL);
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, each_result);
    tcase_add_test(tcase, identity_is_feed_sensor_time_and_kind);
    tcase_add_test(tcase, times_at_their_limits);
    tcase_add_test(tcase, precedence);
    tcase_add_test(tcase, inside_and_outside_in_any_order);
    tcase_add_test(tcase, a_late_reading_hides_nothing);
    tcase_add_test(tcase, only_plausible_readings_move_the_watermark);
    tcase_add_test(tcase, a_slow_feed_holds_its_domain_only);
    tcase_add_test(tcase, a_feed_has_its_own_lateness);
    tcase_add_test(tcase, settling_publishes_what_is_due);
    tcase_add_test(tcase, snapshots_are_judged_by_time_too);
    tcase_add_test(tcase, no_more_sensors_than_the_limit);
    tcase_add_test(tcase, a_disk_that_went_away);
    tcase_add_test(tcase, a_time_that_no_file_holds_is_invalid);
    tcase_add_test(tcase, gauges_of_sensors);
    tcase_add_test(tcase, order_does_not_matter);
    tcase_add_test(tcase, a_folder_that_cannot_be);
}

UNIT_MAIN("flow", tests)
