/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Corrections of days: the open one, the last that was closed, and those before it. */
#include "daemon/flow/window.h"

#include "tests/unit/flow_fixture.h"

/* Hours of a closed day, one reading each; the sensor moves when the day is closed. */
static void day_of_hours(struct world *w, const char *first, int hours, int64_t correct_for_ms)
{
    char line[96], at[BR_TIME_TEXT_SIZE];
    world_begin(w);
    world_windows(w, "1h 1d");
    w->config.correct_for_ms = correct_for_ms;
    world_open(w);
    for (int hour = 0; hour < hours; hour++) {
        br_time_format(time_of(first) + hour * BR_HOUR_MS, at);
        snprintf(line, sizeof line, "P1 %s gm=1 capacity=100 vacant=50 entries=1", at);
        say(w, GARAGES, line);
        br_flow_tick(w->flow, time_of(at) + 2000);
        br_flow_rest(w->flow);
    }
}

START_TEST(a_closed_day_goes_over_once)
{
    struct world w;
    day_of_hours(&w, "2026-08-17T22:00:00Z", 26, 12 * BR_HOUR_MS);
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=0 entries=24 expected=1");
    say(&w, GARAGES, "P1 2026-08-18T23:30:00Z gm=2 capacity=100 vacant=50");
    tick(&w, "2026-08-18T23:30:02Z");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=1 !entries");
    expect(&w, "parking gm0002 1d 2026-08-17T22:00:00Z", "entries=24 vacant_mean=12.5");
    expect(&w, "parking nl00 1d 2026-08-17T22:00:00Z", "entries=24");
    say(&w, GARAGES, "P1 2026-08-18T23:40:00Z gm=1 capacity=100 vacant=50"); /* and back */
    tick(&w, "2026-08-18T23:40:02Z");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "entries=24 vacant_mean=12.5");
    expect(&w, "parking nl00 1d 2026-08-17T22:00:00Z", "entries=24");
    world_end(&w);
}
END_TEST

START_TEST(a_day_before_the_last_is_corrected)
{
    struct world w;
    day_of_hours(&w, "2026-08-17T22:00:00Z", 24 * 3 + 2, 7 * BR_DAY_MS);
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=0 entries=24 vacant_max=50");
    say(&w, GARAGES,
        "P1 2026-08-18T10:30:00Z gm=1 capacity=100 vacant=80 entries=5 received=2026-08-20T23:00:03Z");
    tick(&w, "2026-08-20T23:00:04Z");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=1 entries=29 vacant_max=80 vacant_min=50");
    expect(&w, "parking gm0001 1h 2026-08-18T10:00:00Z", "revision=1 entries=6");
    say(&w, GARAGES, "P1 2026-08-20T23:10:00Z gm=2 capacity=100 vacant=50"); /* all days go over */
    tick(&w, "2026-08-20T23:10:02Z");
    expect(&w, "parking gm0002 1d 2026-08-17T22:00:00Z", "entries=29 vacant_max=80");
    expect(&w, "parking gm0002 1d 2026-08-18T22:00:00Z", "entries=24");
    expect(&w, "parking gm0002 1d 2026-08-19T22:00:00Z", "entries=24");
    expect(&w, "parking gm0001 1d 2026-08-18T22:00:00Z", "!entries");
    world_end(&w);
}
END_TEST

/* Its first hours are further back than correct_for. */
START_TEST(a_day_is_corrected_whole_at_the_end_of_correct_for)
{
    struct world w;
    day_of_hours(&w, "2026-08-17T22:00:00Z", 24 * 2 + 1, 25 * BR_HOUR_MS);
    say(&w, GARAGES,
        "P1 2026-08-18T21:40:00Z gm=1 capacity=100 vacant=80 entries=5 received=2026-08-19T22:20:00Z");
    tick(&w, "2026-08-19T22:20:02Z");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z",
           "revision=1 entries=29 vacant_max=80 vacant_mean=13.3");
    world_end(&w);
}
END_TEST

START_TEST(a_day_outside_leaves_nothing_for_the_next)
{
    struct world w;
    day_of_hours(&w, "2026-08-17T22:00:00Z", 12, BR_HOUR_MS);
    say(&w, GARAGES, "P1 2026-08-18T09:30:00Z gm=0 capacity=100 vacant=50"); /* outside every region */
    tick(&w, "2026-08-18T22:10:00Z");
    say(&w, GARAGES, "P1 2026-08-18T22:20:00Z gm=1 capacity=100 vacant=50 entries=2");
    tick(&w, "2026-08-19T22:10:00Z");
    expect(&w, "parking gm0001 1d 2026-08-18T22:00:00Z", "entries=2");
    world_end(&w);
}
END_TEST

START_TEST(the_last_capacity_of_a_day_that_ends_in_silence)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1h 1d");
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 vacant=50");
    tick(&w, "11:00:00");
    say(&w, GARAGES,
        "P1 10:10:00 capacity=100 vacant=50 received=11:00:01"); /* in an hour that is no more last */
    tick(&w, "22:10:00");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "revision=0 weight=1 reporting=1");
    world_end(&w);
}
END_TEST

static void withdraw(struct world *w, const char *from, const char *to)
{
    struct br_withdrawal withdrawal = {
        .sensor = "P1", .from_utc_ms = time_of(from), .to_utc_ms = time_of(to)};
    ck_assert_uint_eq(br_flow_withdraw(w->flow, GARAGES, &withdrawal), 1);
}

START_TEST(the_last_reading_of_a_day_is_withdrawn)
{
    struct world w;
    for (int is_closed = 0; is_closed < 2; is_closed++) {
        world_begin(&w);
        world_windows(&w, "1h 1d");
        w.config.correct_for_ms = BR_DAY_MS;
        world_open(&w);
        say(&w, GARAGES, "P1 09:10:00 capacity=100 vacant=50");
        say(&w, GARAGES, "P1 10:20:00 capacity=100 vacant=60");
        say(&w, GARAGES, "P1 12:30:00 capacity=100 vacant=70");
        tick(&w, is_closed ? "22:10:00" : "14:10:00");
        withdraw(&w, "12:30:00", "12:31:00");
        tick(&w, is_closed ? "22:10:01" : "22:10:00");
        expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z",
               "reporting=1 newest=10:20:00 oldest=10:20:00 vacant_max=60");
        withdraw(&w, "09:10:00", "09:11:00");
        withdraw(&w, "10:20:00", "10:21:00");
        tick(&w, "22:10:02");
        expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "reporting=0 !newest !oldest !vacant_max");
        world_end(&w);
    }
}
END_TEST

/* It has nothing of the day while it lies outside, and then what is left of it. */
START_TEST(the_last_reading_is_withdrawn_while_the_sensor_is_outside)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1h 1d");
    w.config.correct_for_ms = BR_DAY_MS;
    world_open(&w);
    say(&w, GARAGES, "P1 09:10:00 capacity=100 vacant=50");
    say(&w, GARAGES, "P1 12:30:00 capacity=100 vacant=70");
    tick(&w, "22:10:00");
    say(&w, GARAGES, "P1 22:11:00 gm=0 capacity=100 vacant=50");
    tick(&w, "22:11:02");
    withdraw(&w, "12:30:00", "12:31:00");
    say(&w, GARAGES, "P1 22:12:00 gm=2 capacity=100 vacant=50");
    tick(&w, "22:12:02");
    expect(&w, "parking gm0001 1d 2026-08-17T22:00:00Z", "reporting=0 !newest");
    expect(&w, "parking gm0002 1d 2026-08-17T22:00:00Z", "reporting=1 newest=09:10:00 oldest=09:10:00");
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_closed_day_goes_over_once);
    tcase_add_test(tcase, a_day_before_the_last_is_corrected);
    tcase_add_test(tcase, a_day_is_corrected_whole_at_the_end_of_correct_for);
    tcase_add_test(tcase, a_day_outside_leaves_nothing_for_the_next);
    tcase_add_test(tcase, the_last_capacity_of_a_day_that_ends_in_silence);
    tcase_add_test(tcase, the_last_reading_of_a_day_is_withdrawn);
    tcase_add_test(tcase, the_last_reading_is_withdrawn_while_the_sensor_is_outside);
}

UNIT_MAIN("correct_days", tests)
