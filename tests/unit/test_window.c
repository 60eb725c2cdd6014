/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/window.h"

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w, const char *windows)
{
    world_begin(w);
    world_windows(w, windows);
    world_open(w);
}

/* ---- closing */

START_TEST(a_window_is_published_once_its_time_has_passed)
{
    struct world w;
    begin(&w, "1m 5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:02:29.999 capacity=100 vacant=40");
    tick(&w, "10:02:31");
    expect_none(&w, "parking gm0001 1m 10:00:00");
    say(&w, GARAGES, "P1 10:02:30 capacity=100 vacant=40"); /* 10:01 and the lateness of 90 s */
    tick(&w, "10:02:32");
    expect(
        &w, "parking gm0001 1m 10:00:00",
        "revision=0 quality=good start=10:00:00 end=10:01:00 vacant=30 vacant_min=30 expected=1 reporting=1 "
        "weight=1 oldest=10:00:00 newest=10:00:00");
    expect(&w, "parking pv01 1m 10:00:00", "vacant=30");
    expect(&w, "parking nl00 1m 10:00:00", "vacant=30");
    expect_none(&w, "parking gm0002 1m 10:00:00"); /* no sensor is expected there */
    expect_none(&w, "parking pv02 1m 10:00:00");
    expect_none(&w, "traffic gm0001 1m 10:00:00");
    ck_assert(find_told(&w, "parking gm0001 1m 10:00:00")->newest);
    expect_none(&w, "parking gm0001 5m 10:00:00");
    tick(&w, "10:06:30"); /* the feed is idle: the clock decides */
    expect(&w, "parking gm0001 5m 10:00:00",
           "revision=0 vacant=40 vacant_mean=35 vacant_min=30 vacant_max=40");
    expect(&w, "parking gm0001 1m 10:04:00", "vacant=40");
    world_end(&w);
}
END_TEST

START_TEST(the_figure_tells_its_region)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:10:00");
    const Bruis__V1__Figure *figure = find_told(&w, "parking pv01 1m 10:00:00")->figure;
    ck_assert_str_eq(figure->name, "Westland");
    ck_assert_str_eq(figure->region_type, "provincie");
    ck_assert(figure->has_region_year && figure->region_year == 2026);
    ck_assert(figure->has_domain && figure->domain == BRUIS__V1__DOMAIN__parking);
    ck_assert(figure->parking && !figure->traffic && !figure->pedestrian);
    world_end(&w);
}
END_TEST

START_TEST(windows_are_half_open)
{
    struct world w;
    begin(&w, "1m");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S1 10:00:59.999 flow=120");
    say(&w, LOOPS, "S1 10:01:00 flow=600");
    tick(&w, "10:10:00");
    expect(&w, "traffic gm0001 1m 10:00:00", "vehicles=3 flow_veh_h=90");
    expect(&w, "traffic gm0001 1m 10:01:00", "vehicles=10 flow_veh_h=600");
    world_end(&w);
}
END_TEST

START_TEST(levels_carry_into_the_next_window)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:30 capacity=100 vacant=30");
    tick(&w, "10:20:00");
    expect(&w, "parking gm0001 1m 10:00:00", "vacant=30 vacant_mean=15");
    expect(&w, "parking gm0001 1m 10:01:00", "vacant=30 vacant_mean=30 reporting=1 oldest=10:00:30");
    expect(&w, "parking gm0001 1m 10:14:00", "vacant=30 quality=stale");
    expect(&w, "parking gm0001 1m 10:15:00", "!vacant open=0 vacant_min=30 vacant_mean=15 reporting=1");
    expect(&w, "parking gm0001 1m 10:16:00", "quality=none !vacant !open reporting=0 expected=1 weight=0");
    world_end(&w);
}
END_TEST

START_TEST(longer_windows_are_made_of_shorter_ones)
{
    struct world w;
    begin(&w, "1m 5m 15m 1h");
    for (int minute = 0; minute < 60; minute++) {
        char line[64];
        snprintf(line, sizeof line, "P1 10:%02d:00 capacity=100 vacant=%d entries=1", minute, 20 + minute);
        say(&w, GARAGES, line);
    }
    tick(&w, "11:01:30");
    expect(&w, "parking gm0001 5m 10:55:00",
           "vacant=79 vacant_min=75 vacant_max=79 vacant_mean=77 entries=5");
    expect(&w, "parking gm0001 15m 10:45:00", "vacant=79 vacant_min=65 vacant_mean=72 entries=15");
    expect(&w, "parking gm0001 1h 10:00:00",
           "vacant=79 vacant_min=20 vacant_max=79 vacant_mean=49.5 occupancy_mean=0.505 entries=60 "
           "fill_rate_per_h=-59 "
           "oldest=10:59:00 newest=10:59:00");
    world_end(&w);
}
END_TEST

START_TEST(only_given_windows_go_out)
{
    struct world w;
    begin(&w, "5m 1d");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    for (int hour = 10; hour < 24; hour++) {
        char now[16];
        snprintf(now, sizeof now, "%02d:30:00", hour);
        tick(&w, now);
    }
    ck_assert_uint_eq(count_told(&w, "1h"), 0); /* days are made of them */
    ck_assert_uint_gt(count_told(&w, "5m"), 0);
    ck_assert_uint_eq(count_told(&w, "1d"), 3);
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "end=22:00:00 vacant_min=30 vacant_mean=0.3");
    world_end(&w);
}
END_TEST

/* ---- periods */

START_TEST(readings_take_part_where_their_period_fits)
{
    static const struct {
        const char *line, *minute, *five, *quarter, *hour, *day;
    } cases[] = {
        {"S1 10:00:00 flow=60 period=60", "vehicles=1", "vehicles=1", "vehicles=1", "vehicles=1",
         "vehicles=1"},
        {"S1 10:00:00 flow=60 period=180", NULL, "vehicles=3", "vehicles=3", "vehicles=3", "vehicles=3"},
        {"S1 10:00:00 flow=60 period=900", NULL, NULL, "vehicles=15", "vehicles=15", "vehicles=15"},
        {"S1 10:00:00 flow=60 period=3600", NULL, NULL, NULL, "vehicles=60", "vehicles=60"},
        {"S1 10:00:00 flow=60 period=86400", NULL, NULL, NULL, NULL, "vehicles=1440"}};
    static const char *const names[] = {"traffic gm0001 1m 10:00:00", "traffic gm0001 5m 10:00:00",
                                        "traffic gm0001 15m 10:00:00", "traffic gm0001 1h 10:00:00",
                                        "traffic gm0001 1d 2026-08-17T22:00:00Z"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const wanted[] = {cases[i].minute, cases[i].five, cases[i].quarter, cases[i].hour,
                                      cases[i].day};
        struct world w;
        begin(&w, "1m 5m 15m 1h 1d");
        say(&w, LOOPS, cases[i].line);
        tick(&w, "2026-08-19T00:00:00Z");
        for (size_t k = 0; k < 5; k++) {
            if (wanted[k])
                expect(&w, names[k], wanted[k]);
            else
                expect_none(&w, names[k]); /* a sensor is not expected in windows that are too short for it */
        }
        world_end(&w);
    }
}
END_TEST

START_TEST(a_long_period_does_not_hold_short_windows_back_nor_close_them)
{
    struct world w;
    begin(&w, "1m 15m");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S15 09:45:00 flow=60 period=900 received=10:00:02");
    say(&w, LOOPS, "S15 10:00:00 flow=60 period=900"); /* its end would be 10:15 */
    tick(&w, "10:00:05");
    expect_none(&w, "traffic gm0001 1m 10:00:00");
    say(&w, LOOPS, "S1 10:01:00 flow=120");
    say(&w, LOOPS, "S1 10:02:00 flow=180"); /* ends at 10:03: 10:01 and the lateness are past */
    tick(&w, "10:02:02");
    expect(&w, "traffic gm0001 1m 10:00:00", "revision=0 sites=1 expected=1 vehicles=1");
    expect_none(&w, "traffic gm0001 1m 10:02:00");
    world_end(&w);
}
END_TEST

START_TEST(mixed_periods_of_one_sensor)
{
    struct world w;
    begin(&w, "1m 5m 15m 1h 1d");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S1 10:01:00 flow=60 period=180");
    say(&w, LOOPS, "S1 10:05:00 flow=60 period=900");
    say(&w, LOOPS, "S1 10:20:00 flow=60 period=3600");
    tick(&w, "2026-08-19T00:00:00Z");
    expect(&w, "traffic gm0001 1m 10:00:00", "vehicles=1");
    expect(&w, "traffic gm0001 5m 10:00:00", "vehicles=4");
    expect(&w, "traffic gm0001 15m 10:00:00", "vehicles=19");
    expect(&w, "traffic gm0001 1h 10:00:00", "vehicles=79");
    expect(&w, "traffic gm0001 1d 2026-08-17T22:00:00Z", "vehicles=79");
    world_end(&w);
}
END_TEST

/* ---- days */

static void run_day(struct world *w, const char *first, int hours)
{
    world_begin(w);
    world_windows(w, "1h 1d");
    world_open(w);
    for (int hour = 0; hour < hours; hour++) {
        struct said said;
        said_read(&said, "P1 00:00:00 capacity=100 vacant=50 entries=1", 'p');
        said.observation.observed_at = time_of(first) + hour * BR_HOUR_MS;
        struct br_emitted_observation emitted = {.observation = &said.observation};
        br_flow_observation(w->flow, GARAGES, &emitted, said.observation.observed_at + 1000);
        br_flow_tick(w->flow, said.observation.observed_at + 2000);
        br_flow_rest(w->flow);
    }
}

START_TEST(a_day_of_23_hours)
{
    struct world w;
    run_day(&w, "2026-03-28T23:00:00Z", 26);
    expect(&w, "parking gm0001 1d 2026-03-28T23:00:00Z",
           "end=2026-03-29T22:00:00Z entries=23 vacant_mean=12.5 occupancy_mean=0.5");
    world_end(&w);
}
END_TEST

START_TEST(a_day_of_25_hours)
{
    struct world w;
    run_day(&w, "2026-10-24T22:00:00Z", 28);
    expect(&w, "parking gm0001 1d 2026-10-24T22:00:00Z",
           "end=2026-10-25T23:00:00Z entries=25 vacant_mean=12.5 occupancy_mean=0.5");
    world_end(&w);
}
END_TEST

START_TEST(a_day_of_24_hours)
{
    struct world w;
    run_day(&w, "2026-08-17T22:00:00Z", 27);
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "end=22:00:00 entries=24 vacant_mean=12.5");
    world_end(&w);
}
END_TEST

/* ---- quiet times */

START_TEST(nothing_is_published_long_after_the_last_reading)
{
    struct world w;
    begin(&w, "1m 1d");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:10:00");
    tick(&w, "2026-08-25T10:00:00Z");
    expect(&w, "parking gm0001 1m 2026-08-19T09:59:00Z", "quality=none expected=1");
    expect_none(&w, "parking gm0001 1m 2026-08-19T10:01:00Z"); /* not heard in the 24 h before its end */
    forget_told(&w);
    tick(&w, "2026-08-30T10:00:00Z");
    ck_assert_uint_eq(w.told_count, 0);
    say(&w, GARAGES, "P1 2026-08-30T10:00:00Z capacity=100 vacant=20");
    tick(&w, "2026-08-30T10:10:00Z");
    expect(&w, "parking gm0001 1m 2026-08-30T10:00:00Z", "revision=0 vacant=20");
    tick(&w, "2026-08-31T10:10:00Z");
    expect(&w, "parking gm0001 1d 2026-08-29T22:00:00Z", "vacant_min=20 vacant_max=20 vacant_mean=0.2");
    world_end(&w);
}
END_TEST

START_TEST(described_sensors_are_expected_for_ever)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1h");
    w.catalogue_csv = "feed,sensor,region,capacity\ngarages,P1,gm0001,100\n";
    world_open(&w);
    tick(&w, "10:00:00");
    tick(&w, "2026-08-22T10:10:00Z");
    expect(&w, "parking gm0001 1h 2026-08-22T08:00:00Z",
           "quality=none expected=1 reporting=0 weight=0 !open !closed !full !vacant !capacity !oldest "
           "!newest");
    world_end(&w);
}
END_TEST

/* Captures of two years, one after the other: nobody waits for the windows in between. */
START_TEST(a_replay_goes_on_years_later)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m 1d");
    w.catalogue_csv = "feed,sensor,region,capacity\ngarages,P1,gm0001,100\n";
    w.replay = true;
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:10 capacity=100 vacant=30 received=10:00:11");
    tick(&w, "10:05:00");
    tick(&w, "2031-08-18T10:00:00Z");
    ck_assert_uint_le(w.told_count, 3 * (2 * 1440 + 100)); /* of the three regions, two days at most */
    say(&w, GARAGES, "P1 2031-08-18T10:00:10Z capacity=100 vacant=40 received=2031-08-18T10:00:11Z");
    br_flow_finish(w.flow);
    expect(&w, "parking gm0001 1m 10:00:00", "quality=good vacant=30");
    expect(&w, "parking gm0001 1m 2031-08-18T10:00:00Z", "vacant=40");
    world_end(&w);
}
END_TEST

START_TEST(windows_begin_with_the_first_readings)
{
    struct world w;
    begin(&w, "1m");
    tick(&w, "10:00:00");
    say(&w, GARAGES, "P1 09:40:00 capacity=100 vacant=30 received=10:00:01"); /* a feed that plays the past */
    say(&w, GARAGES, "P1 09:38:59 capacity=100 vacant=20 received=10:00:01");
    tick(&w, "10:00:02");
    ck_assert_uint_eq(w.told_count, 0); /* it is published in its own time */
    say(&w, GARAGES, "P1 09:41:30 capacity=100 vacant=40 received=10:00:03");
    tick(&w, "10:00:04");
    expect(&w, "parking gm0001 1m 09:38:00", "revision=0 vacant=20");
    expect(&w, "parking gm0001 1m 09:39:00", "revision=0 vacant=20");
    expect_none(&w, "parking gm0001 1m 09:40:00");
    say(&w, GARAGES, "P1 09:37:30 capacity=100 vacant=10 received=10:00:05"); /* now it is a correction */
    tick(&w, "10:00:06");
    expect(&w, "parking gm0001 1m 09:37:00", "revision=0 vacant=10 vacant_mean=5");
    expect(&w, "parking gm0001 1m 09:38:00", "revision=1 vacant=20 vacant_mean=10.2");
    world_end(&w);
}
END_TEST

START_TEST(a_feed_in_time_begins_a_lateness_ago)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:05:00");
    expect(&w, "parking gm0001 1m 10:00:00", "vacant=30");
    expect_none(&w, "parking gm0001 1m 09:58:00"); /* nothing had been heard */
    expect_none(&w, "parking gm0001 1m 09:57:00");
    world_end(&w);
}
END_TEST

/* ---- the end of a replay */

static void replay(struct world *w, const char *windows)
{
    world_begin(w);
    world_windows(w, windows);
    w->replay = true;
    world_open(w);
}

START_TEST(a_replay_flushes_what_is_unfinished)
{
    struct world w;
    replay(&w, "1m 5m 1h 1d");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S1 10:01:00 flow=60");
    say(&w, LOOPS, "S1 10:07:00 flow=60");
    br_flow_finish(w.flow);
    expect(&w, "traffic gm0001 1m 10:00:00", "quality=good vehicles=1");
    expect(&w, "traffic gm0001 5m 10:00:00", "quality=good vehicles=2");
    expect(&w, "traffic gm0001 1m 10:07:00", "quality=good vehicles=1"); /* the period has passed its end */
    expect(&w, "traffic gm0001 5m 10:05:00", "quality=partial vehicles=1");
    expect(&w, "traffic gm0001 1h 10:00:00", "quality=partial vehicles=3");
    expect(&w, "traffic gm0001 1d 2026-08-17T22:00:00Z", "quality=partial vehicles=3 revision=0");
    expect_none(&w, "traffic gm0001 1m 10:08:00");
    world_end(&w);
}
END_TEST

START_TEST(a_replay_that_ends_with_its_windows)
{
    struct world w;
    replay(&w, "1m 5m 15m");
    for (int minute = 0; minute < 15; minute++) {
        char line[64];
        snprintf(line, sizeof line, "S1 10:%02d:00 flow=60 received=never", minute);
        say(&w, LOOPS, line);
    }
    say(&w, LOOPS, "S2 10:14:00 nowhere flow=60 received=never"); /* it never learns its place */
    br_flow_finish(w.flow);
    expect(&w, "traffic gm0001 1m 10:14:00", "quality=good vehicles=1 revision=0");
    expect(&w, "traffic gm0001 5m 10:10:00", "quality=good vehicles=5 revision=0");
    expect(&w, "traffic gm0001 15m 10:00:00", "quality=good vehicles=15 revision=0");
    ck_assert_uint_eq(count_told(&w, "15m"), 3);
    expect_results(&w, LOOPS, "used=15 pending=1");
    world_end(&w);
}
END_TEST

START_TEST(a_replay_with_a_sensor_that_has_no_place)
{
    struct world w;
    replay(&w, "1m 1h");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S2 10:00:00 nowhere flow=60");
    br_flow_finish(w.flow);
    expect(&w, "traffic gm0001 1h 10:00:00", "quality=partial vehicles=1 expected=1");
    world_end(&w);
}
END_TEST

START_TEST(a_replay_of_nothing)
{
    struct world w;
    replay(&w, "1m");
    br_flow_finish(w.flow);
    ck_assert_uint_eq(w.told_count, 0);
    world_end(&w);
    replay(&w, "1m");
    tick(&w, "10:00:00"); /* ticks of a capture begin nothing */
    br_flow_finish(w.flow);
    ck_assert_uint_eq(w.told_count, 0);
    world_end(&w);
}
END_TEST

START_TEST(without_times_of_arrival_all_windows_are_made)
{
    struct world w;
    replay(&w, "1m");
    say(&w, LOOPS, "S1 10:05:00 flow=300 received=never");
    say(&w, LOOPS, "S1 10:02:00 flow=60 received=never"); /* nothing was published: it begins earlier */
    br_flow_settle(w.flow, BR_TIME_NONE);
    br_flow_rest(w.flow);
    expect(&w, "traffic gm0001 1m 10:02:00", "revision=0 vehicles=1");
    expect(&w, "traffic gm0001 1m 10:03:00", "quality=none !sites !vehicles");
    say(&w, LOOPS, "S1 10:01:00 flow=120 received=never"); /* now it is a correction */
    br_flow_finish(w.flow);
    expect(&w, "traffic gm0001 1m 10:01:00", "vehicles=2 revision=0");
    expect(&w, "traffic gm0001 1m 10:05:00", "vehicles=5 revision=0");
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_window_is_published_once_its_time_has_passed);
    tcase_add_test(tcase, the_figure_tells_its_region);
    tcase_add_test(tcase, windows_are_half_open);
    tcase_add_test(tcase, levels_carry_into_the_next_window);
    tcase_add_test(tcase, longer_windows_are_made_of_shorter_ones);
    tcase_add_test(tcase, only_given_windows_go_out);
    tcase_add_test(tcase, readings_take_part_where_their_period_fits);
    tcase_add_test(tcase, a_long_period_does_not_hold_short_windows_back_nor_close_them);
    tcase_add_test(tcase, mixed_periods_of_one_sensor);
    tcase_add_test(tcase, a_day_of_23_hours);
    tcase_add_test(tcase, a_day_of_25_hours);
    tcase_add_test(tcase, a_day_of_24_hours);
    tcase_add_test(tcase, nothing_is_published_long_after_the_last_reading);
    tcase_add_test(tcase, described_sensors_are_expected_for_ever);
    tcase_add_test(tcase, a_replay_goes_on_years_later);
    tcase_add_test(tcase, windows_begin_with_the_first_readings);
    tcase_add_test(tcase, a_feed_in_time_begins_a_lateness_ago);
    tcase_add_test(tcase, a_replay_flushes_what_is_unfinished);
    tcase_add_test(tcase, a_replay_that_ends_with_its_windows);
    tcase_add_test(tcase, a_replay_with_a_sensor_that_has_no_place);
    tcase_add_test(tcase, a_replay_of_nothing);
    tcase_add_test(tcase, without_times_of_arrival_all_windows_are_made);
}

UNIT_MAIN("window", tests)
