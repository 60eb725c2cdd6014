/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Corrections: what comes for windows that are closed, at least in part. */
#include "daemon/flow/window.h"

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w, const char *windows)
{
    world_begin(w);
    world_windows(w, windows);
    world_open(w);
}

START_TEST(a_late_reading_revises)
{
    struct world w;
    begin(&w, "1m 5m 1h");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S2 10:00:00 gm=2 flow=60");
    tick(&w, "10:06:30");
    expect(&w, "traffic gm0001 5m 10:00:00", "revision=0 vehicles=1");
    forget_told(&w);
    say(&w, LOOPS, "S1 10:00:30 flow=600 received=10:06:31");
    tick(&w, "10:06:32");
    expect(&w, "traffic gm0001 1m 10:00:00", "revision=1 vehicles=11 newest=10:00:30 oldest=10:00:30");
    expect(&w, "traffic gm0001 5m 10:00:00", "revision=1 vehicles=11");
    expect(&w, "traffic pv01 1m 10:00:00", "revision=1 vehicles=12 oldest=10:00:00");
    ck_assert(!find_told(&w, "traffic gm0001 1m 10:00:00")->newest); /* there are later minutes */
    ck_assert(find_told(&w, "traffic gm0001 5m 10:00:00")->newest);
    expect_none(&w, "traffic gm0002 1m 10:00:00"); /* nothing has changed there */
    expect_none(&w, "traffic gm0001 1m 10:01:00");
    forget_told(&w);
    tick(&w, "10:06:33");
    ck_assert_uint_eq(w.told_count, 0);
    world_end(&w);
}
END_TEST

START_TEST(a_late_level_holds_until_the_next)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:03:00 capacity=100 vacant=60");
    tick(&w, "10:08:00");
    forget_told(&w);
    say(&w, GARAGES, "P1 10:01:30 capacity=100 vacant=10 received=10:08:01");
    tick(&w, "10:08:02");
    expect_none(&w, "parking gm0001 1m 10:00:00");
    expect(&w, "parking gm0001 1m 10:01:00",
           "revision=1 vacant=10 vacant_min=10 vacant_max=30 vacant_mean=20");
    expect(&w, "parking gm0001 1m 10:02:00", "revision=1 vacant=10 vacant_min=10 vacant_max=10");
    expect_none(&w, "parking gm0001 1m 10:04:00");
    world_end(&w);
}
END_TEST

START_TEST(a_late_level_holds_until_it_is_stale)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 capacity=100 vacant=5");
    tick(&w, "10:25:00");
    expect(&w, "parking gm0001 1m 10:16:00", "quality=none reporting=0");
    say(&w, GARAGES, "P1 10:10:30 capacity=100 vacant=10 received=10:25:01");
    tick(&w, "10:25:02");
    expect(&w, "parking gm0001 1m 10:10:00", "revision=1 vacant=15 vacant_min=15 vacant_mean=25");
    expect(&w, "parking gm0001 1m 10:16:00", "revision=1 reporting=1 weight=0.5 vacant=10 quality=partial");
    expect(&w, "parking gm0001 1m 10:22:00", "revision=1 vacant=10");
    tick(&w, "10:30:00");
    expect(&w, "parking gm0001 1m 10:25:00", "revision=0 !vacant vacant_min=10 vacant_mean=5");
    world_end(&w);
}
END_TEST

START_TEST(a_correction_takes_the_minimum_away)
{
    struct world w;
    begin(&w, "1m 5m 15m 1h 1d");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:01:00 capacity=100 vacant=2");
    say(&w, GARAGES, "P1 10:02:00 capacity=100 vacant=40");
    tick(&w, "10:17:00");
    expect(&w, "parking gm0001 15m 10:00:00", "vacant_min=2");
    say(&w, GARAGES, "P1 10:01:00 capacity=100 vacant=35 received=10:17:01");
    expect_results(&w, GARAGES, "corrected=1 used=3");
    tick(&w, "10:17:02");
    expect(&w, "parking gm0001 1m 10:01:00", "revision=1 vacant_min=35 vacant=35");
    expect(&w, "parking gm0001 5m 10:00:00", "revision=1 vacant_min=30 vacant_max=40");
    expect(&w, "parking gm0001 15m 10:00:00", "revision=1 vacant_min=30 vacant=40");
    say(&w, GARAGES, "P1 10:01:00 capacity=100 vacant=1 received=10:17:03"); /* the lesser one loses */
    expect_results(&w, GARAGES, "conflict=1 corrected=1 used=3");
    forget_told(&w);
    tick(&w, "10:17:04");
    ck_assert_uint_eq(w.told_count, 0);
    tick(&w, "11:02:00"); /* the open hour has it too */
    expect(&w, "parking gm0001 1h 10:00:00", "revision=0 vacant_min=30 vacant_max=40");
    tick(&w, "22:02:00");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=0 vacant_min=30 vacant_max=40");
    world_end(&w);
}
END_TEST

/* One reading each hour, then late ones in the open day and in the closed one. */
static void late_days(const char *first, int hours, const char *late_open, const char *at_open,
                      const char *late_closed, const char *at_closed, const char *day,
                      const char *wanted_open, const char *wanted_closed)
{
    struct world w;
    char line[96];
    world_begin(&w);
    world_windows(&w, "1h 1d");
    w.config.correct_for_ms = 12 * BR_HOUR_MS;
    world_open(&w);
    for (int hour = 0; hour < hours + 2; hour++) {
        char at[BR_TIME_TEXT_SIZE];
        br_time_format(time_of(first) + hour * BR_HOUR_MS, at);
        snprintf(line, sizeof line, "P1 %s capacity=100 vacant=50 entries=1", at);
        say(&w, GARAGES, line);
        br_flow_tick(w.flow, time_of(at) + 2000);
        br_flow_rest(w.flow);
        if (strcmp(at, at_open) == 0) {
            snprintf(line, sizeof line, "P1 %s capacity=100 vacant=10 entries=5 received=%s", late_open, at);
            say(&w, GARAGES, line);
        }
    }
    tick(&w, at_closed);
    expect(&w, day, wanted_open);
    snprintf(line, sizeof line, "P1 %s capacity=100 vacant=80 entries=7 received=%s", late_closed, at_closed);
    say(&w, GARAGES, line);
    br_flow_tick(w.flow, time_of(at_closed) + 1000);
    br_flow_rest(w.flow);
    expect(&w, day, wanted_closed);
    world_end(&w);
}

START_TEST(late_in_a_day_of_23_hours)
{
    /* 23 hours with a quarter of 50 each, once more 10 for a quarter; then 80 for a quarter. */
    late_days(
        "2026-03-28T23:00:00Z", 23, "2026-03-29T01:30:00Z", "2026-03-29T05:00:00Z", "2026-03-29T21:30:00Z",
        "2026-03-29T23:59:00Z", "parking gm0001 1d 2026-03-28T23:00:00Z",
        "revision=0 end=2026-03-29T22:00:00Z entries=28 vacant_min=10 vacant_max=50 vacant_mean=12.6 "
        "newest=2026-03-29T21:00:00Z",
        "revision=1 entries=35 vacant_min=10 vacant_max=80 vacant_mean=13.5 newest=2026-03-29T21:30:00Z");
}
END_TEST

START_TEST(late_in_a_day_of_25_hours)
{
    late_days("2026-10-24T22:00:00Z", 25, "2026-10-25T00:30:00Z", "2026-10-25T05:00:00Z",
              "2026-10-25T22:30:00Z", "2026-10-26T00:59:00Z", "parking gm0001 1d 2026-10-24T22:00:00Z",
              "revision=0 end=2026-10-25T23:00:00Z entries=30 vacant_min=10 vacant_max=50 vacant_mean=12.6",
              "revision=1 entries=37 vacant_min=10 vacant_max=80 vacant_mean=13.4");
}
END_TEST

START_TEST(late_in_the_last_hour_of_a_closed_day)
{
    struct world w;
    begin(&w, "1h 1d");
    say(&w, GARAGES, "P1 21:50:00 capacity=100 vacant=50");
    tick(&w, "22:10:00");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=0 vacant=50 open=1");
    say(&w, GARAGES, "P1 21:55:00 capacity=100 vacant=20 received=22:10:01"); /* the day's end moves */
    tick(&w, "22:10:02");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=1 vacant=20 vacant_min=20 vacant_max=50");
    tick(&w, "23:10:00");
    expect(&w, "parking gm0001 1h 22:00:00",
           "revision=0 vacant_min=20 vacant_mean=3.3"); /* carried over midnight */
    tick(&w, "2026-08-19T22:10:00Z");
    expect(&w, "parking gm0001 1d 22:00:00", "revision=0 vacant_min=20 vacant_max=20");
    world_end(&w);
}
END_TEST

START_TEST(long_periods_are_corrected_too)
{
    struct world w;
    begin(&w, "1m 15m 1h 1d");
    say(&w, LOOPS, "S1 10:00:00 flow=60 period=900");
    tick(&w, "11:05:00");
    expect(&w, "traffic gm0001 1h 10:00:00", "vehicles=15");
    say(&w, LOOPS, "S1 10:15:00 flow=60 period=3600 received=11:05:01");
    say(&w, LOOPS, "S1 10:30:00 flow=60 period=900 received=11:05:01");
    say(&w, LOOPS, "S1 10:40:00 flow=60 received=11:05:01");
    tick(&w, "11:05:02");
    expect(&w, "traffic gm0001 15m 10:00:00", "vehicles=15");
    expect(&w, "traffic gm0001 15m 10:30:00", "vehicles=16");
    expect(&w, "traffic gm0001 1m 10:40:00", "vehicles=1");
    expect(&w, "traffic gm0001 1h 10:00:00", "vehicles=91");
    tick(&w, "22:05:00");
    expect(&w, "traffic gm0001 1d 2026-08-17T22:00:00Z", "revision=0 vehicles=91");
    world_end(&w);
}
END_TEST

START_TEST(oldest_and_newest_follow)
{
    struct world w;
    begin(&w, "5m");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S2 10:02:00 flow=60");
    say(&w, LOOPS, "S3 10:04:00 flow=60");
    tick(&w, "10:07:00");
    expect(&w, "traffic gm0001 5m 10:00:00", "oldest=10:00:00 newest=10:04:00");
    say(&w, LOOPS, "S1 10:03:00 flow=60 received=10:07:01"); /* the oldest one is another one now */
    tick(&w, "10:07:02");
    expect(&w, "traffic gm0001 5m 10:00:00", "revision=1 oldest=10:02:00 newest=10:04:00");
    say(&w, LOOPS, "S3 10:04:30 flow=60 received=10:07:03");
    tick(&w, "10:07:04");
    expect(&w, "traffic gm0001 5m 10:00:00", "revision=2 oldest=10:02:00 newest=10:04:30");
    say(&w, LOOPS, "S3 10:09:00 gm=2 flow=60"); /* it moves away with all that can be corrected */
    tick(&w, "10:09:02");
    expect(&w, "traffic gm0001 5m 10:00:00", "revision=3 oldest=10:02:00 newest=10:03:00 sites=2");
    expect(&w, "traffic gm0002 5m 10:00:00", "revision=0 oldest=10:04:30 newest=10:04:30 sites=1");
    world_end(&w);
}
END_TEST

START_TEST(the_days_oldest_and_newest_follow)
{
    struct world w;
    begin(&w, "1h 1d");
    say(&w, LOOPS, "S1 21:30:00 flow=60");
    say(&w, LOOPS, "S2 21:40:00 flow=60");
    tick(&w, "22:10:00");
    expect(&w, "traffic gm0001 1d 2026-08-17T22:00:00Z", "oldest=21:30:00 newest=21:40:00");
    say(&w, LOOPS, "S1 21:45:00 flow=60 received=22:10:01");
    tick(&w, "22:10:02");
    expect(&w, "traffic gm0001 1d 2026-08-17T22:00:00Z",
           "revision=1 oldest=21:40:00 newest=21:45:00 vehicles=3");
    world_end(&w);
}
END_TEST

START_TEST(a_jam_corrected_by_a_late_snapshot)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m 5m");
    world_covers(&w, (char *)"nl00");
    world_open(&w);
    say(&w, JAMS, "J1 10:00:00 length=1000 delay=60");
    snapshot(&w, "10:00:00", "10:00:01");
    say(&w, JAMS, "J2 10:04:00 gm=2 length=500");
    snapshot(&w, "10:04:00", "10:04:01"); /* without the first one */
    tick(&w, "10:08:00");
    expect(&w, "traffic gm0001 1m 10:03:00", "jams=1 queue_length_m=1000 queue_km_min=1");
    expect(&w, "traffic gm0001 1m 10:04:00", "jams=0 queue_length_m=0 delay_s=0 queue_km_min=0");
    expect(&w, "traffic gm0002 1m 10:03:00", "jams=0");
    expect(&w, "traffic gm0002 1m 10:04:00", "jams=1");
    snapshot(&w, "10:02:00", "10:08:01"); /* it had ended two minutes before */
    tick(&w, "10:08:02");
    expect(&w, "traffic gm0001 1m 10:01:00", "revision=0 jams=1");
    expect(&w, "traffic gm0001 1m 10:02:00", "revision=1 jams=0 queue_length_m=0 queue_km_min=0");
    expect(&w, "traffic gm0001 5m 10:00:00", "jams=0 queue_km_min=2");
    snapshot(&w, "10:02:00", "10:08:03"); /* once more: known */
    forget_told(&w);
    tick(&w, "10:08:04");
    ck_assert_uint_eq(w.told_count, 0);
    world_end(&w);
}
END_TEST

START_TEST(a_late_snapshot_makes_zeros_known)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m");
    world_covers(&w, (char *)"pv01");
    world_open(&w);
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    say(&w, LOOPS, "S3 10:00:00 gm=3 flow=60");
    tick(&w, "10:05:00");
    expect(&w, "traffic gm0001 1m 10:01:00", "!jams quality=none");
    snapshot(&w, "10:00:30", "10:05:01");
    tick(&w, "10:05:02");
    expect(&w, "traffic gm0001 1m 10:00:00", "revision=1 jams=0 vehicles=1");
    expect(&w, "traffic gm0001 1m 10:01:00", "revision=1 jams=0 queue_km_min=0 quality=none !vehicles");
    expect(&w, "traffic gm0002 1m 10:01:00", "revision=0 jams=0 !sites"); /* nothing but the knowledge */
    expect(&w, "traffic gm0003 1m 10:01:00", "revision=1 !jams");
    expect(&w, "traffic nl00 1m 10:01:00", "revision=1 !jams"); /* not covered as a whole */
    world_end(&w);
}
END_TEST

START_TEST(a_late_jam)
{
    struct world w;
    begin(&w, "1m");
    say(&w, JAMS, "J1 10:05:00 length=1000");
    tick(&w, "10:08:00");
    say(&w, JAMS, "J1 10:02:30 length=2000 received=10:08:01");
    tick(&w, "10:08:02");
    expect(&w, "traffic gm0001 1m 10:02:00", "jams=1 queue_km_min=1 expected=0 reporting=0 !oldest !weight");
    expect(&w, "traffic gm0001 1m 10:04:00", "jams=1 queue_length_m=2000 queue_km_min=2");
    expect(&w, "traffic gm0001 1m 10:05:00", "jams=1 queue_length_m=1000 queue_km_min=1");
    world_end(&w);
}
END_TEST

/* Snapshots end the jams of their own feed only. */
START_TEST(two_situation_feeds)
{
    struct world w;
    struct said said;
    begin(&w, "1m");
    say(&w, JAMS, "J1 10:00:00 length=1000");
    said_read(&said, "J1 10:00:00 length=300", 'j');
    struct br_emitted_observation emitted = {.observation = &said.observation};
    br_flow_observation(w.flow, LOOPS, &emitted, said.received_at_utc_ms);
    tick(&w, "10:08:00");
    expect(&w, "traffic gm0001 1m 10:02:00", "jams=2 queue_length_m=1300");
    snapshot(&w, "10:02:00", "10:08:01");
    tick(&w, "10:08:02");
    expect(&w, "traffic gm0001 1m 10:01:00", "revision=0 jams=2");
    expect(&w, "traffic gm0001 1m 10:02:00", "revision=1 jams=1 queue_length_m=300");
    world_end(&w);
}
END_TEST

/* A replay drops nothing from state: hours of long ago are corrected. */
START_TEST(long_ago_in_a_replay)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1h 1d");
    w.config.correct_for_ms = 7 * BR_DAY_MS;
    w.replay = true;
    world_open(&w);
    say(&w, LOOPS, "S1 2026-08-14T10:00:00Z flow=60");
    say(&w, LOOPS, "S1 2026-08-15T10:00:00Z flow=60");
    say(&w, LOOPS, "S1 2026-08-16T10:00:00Z flow=60");
    say(&w, LOOPS, "S1 2026-08-17T12:00:00Z flow=60");
    br_flow_settle(w.flow, time_of("2026-08-17T12:30:00Z"));
    br_flow_rest(w.flow);
    say(&w, LOOPS, "S1 2026-08-14T10:30:00Z flow=120 received=2026-08-17T12:30:01Z");
    say(&w, LOOPS, "S1 2026-08-16T10:30:00Z flow=120 received=2026-08-17T12:30:01Z");
    tick(&w, "2026-08-17T12:30:02Z");
    expect(&w, "traffic gm0001 1h 2026-08-14T10:00:00Z", "revision=1 vehicles=3");
    expect(&w, "traffic gm0001 1h 2026-08-16T10:00:00Z", "revision=1 vehicles=3");
    expect(&w, "traffic gm0001 1d 2026-08-15T22:00:00Z", "revision=1 vehicles=3"); /* yesterday */
    br_flow_finish(w.flow);
    expect(&w, "traffic gm0001 1d 2026-08-16T22:00:00Z", "vehicles=1");
    world_end(&w);
}
END_TEST

START_TEST(late_without_a_place)
{
    struct world w;
    begin(&w, "1m");
    say(&w, LOOPS, "S1 10:00:00 flow=60");
    tick(&w, "10:05:00");
    say(&w, LOOPS, "S2 10:00:00 nowhere flow=60 received=10:05:01");
    tick(&w, "10:05:02");
    expect(&w, "traffic gm0001 1m 10:00:00", "revision=0 vehicles=1");
    say(&w, LOOPS, "S2 10:01:00 gm=1 flow=60 received=10:05:03");
    tick(&w, "10:05:04");
    expect(&w, "traffic gm0001 1m 10:00:00", "revision=1 vehicles=2");
    expect(&w, "traffic gm0001 1m 10:01:00", "revision=1 vehicles=1");
    world_end(&w);
}
END_TEST

START_TEST(a_withdrawn_reading)
{
    struct world w;
    struct br_withdrawal withdrawal = {
        .sensor = "P1", .from_utc_ms = time_of("10:01:00"), .to_utc_ms = time_of("10:02:00")};
    begin(&w, "1m 5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:01:00 capacity=100 vacant=2");
    say(&w, GARAGES, "P1 10:02:00 capacity=100 vacant=40");
    tick(&w, "10:07:00");
    ck_assert_uint_eq(br_flow_withdraw(w.flow, GARAGES, &withdrawal), 1);
    tick(&w, "10:07:01");
    expect(&w, "parking gm0001 1m 10:01:00", "revision=1 vacant=30 oldest=10:00:00");
    expect(&w, "parking gm0001 5m 10:00:00", "revision=1 vacant_min=30 vacant=40");
    expect(&w, "parking gm0001 1m 10:02:00", "revision=0");
    say(&w, GARAGES, "P1 10:01:00 capacity=100 vacant=3 received=10:07:02"); /* it stays away */
    expect_results(&w, GARAGES, "conflict=1 used=3");
    world_end(&w);
}
END_TEST

START_TEST(too_old_to_correct)
{
    struct world w;
    begin(&w, "1m 1h");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    ticks(&w, "11:00:00", "11:00:02");
    say(&w, GARAGES, "P1 10:05:00 capacity=100 vacant=20 received=11:05:00"); /* exactly correct_for */
    say(&w, GARAGES, "P1 10:05:30 capacity=100 vacant=10 received=11:05:30.001");
    expect_results(&w, GARAGES, "late=1 used=2");
    tick(&w, "11:05:31");
    expect(&w, "parking gm0001 1m 10:05:00", "revision=1 vacant=20 vacant_min=20");
    tick(&w, "11:08:00"); /* the feed is idle again */
    expect(&w, "parking gm0001 1h 10:00:00", "vacant_min=20");
    tick(&w, "12:30:00");
    forget_told(&w);
    tick(&w, "12:31:00");
    expect_none(&w, "parking gm0001 1m 10:05:00");
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_late_reading_revises);
    tcase_add_test(tcase, a_late_level_holds_until_the_next);
    tcase_add_test(tcase, a_late_level_holds_until_it_is_stale);
    tcase_add_test(tcase, a_correction_takes_the_minimum_away);
    tcase_add_test(tcase, late_in_a_day_of_23_hours);
    tcase_add_test(tcase, late_in_a_day_of_25_hours);
    tcase_add_test(tcase, late_in_the_last_hour_of_a_closed_day);
    tcase_add_test(tcase, long_periods_are_corrected_too);
    tcase_add_test(tcase, oldest_and_newest_follow);
    tcase_add_test(tcase, the_days_oldest_and_newest_follow);
    tcase_add_test(tcase, a_jam_corrected_by_a_late_snapshot);
    tcase_add_test(tcase, a_late_snapshot_makes_zeros_known);
    tcase_add_test(tcase, a_late_jam);
    tcase_add_test(tcase, two_situation_feeds);
    tcase_add_test(tcase, long_ago_in_a_replay);
    tcase_add_test(tcase, late_without_a_place);
    tcase_add_test(tcase, a_withdrawn_reading);
    tcase_add_test(tcase, too_old_to_correct);
}

UNIT_MAIN("correct", tests)
