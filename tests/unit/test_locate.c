/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Sensors and their places: from readings, descriptions and the catalogue; readings that wait for one. */
#include "daemon/flow/flow.h"

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w, const char *windows)
{
    world_begin(w);
    world_windows(w, windows);
    world_open(w);
}

START_TEST(a_place_that_comes_in_time)
{
    struct world w;
    begin(&w, "1m 5m");
    say(&w, GARAGES, "P1 10:00:00 nowhere capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:01:00 nowhere capacity=100 vacant=20");
    expect_results(&w, GARAGES, "pending=2");
    tick(&w, "10:07:00");
    expect_none(&w, "parking gm0001 5m 10:00:00");
    ck_assert_uint_eq(w.told_count, 0);
    describe(&w, GARAGES, "P1 gm=2", "10:07:01");
    expect_results(&w, GARAGES, "used=2");
    tick(&w, "10:07:02");
    expect(&w, "parking gm0002 1m 10:00:00", "vacant=30 revision=0");
    expect(&w, "parking gm0002 5m 10:00:00", "vacant=20 vacant_min=20 vacant_max=30 revision=0");
    say(&w, GARAGES, "P1 10:07:30 nowhere capacity=100 vacant=10"); /* it knows its place now */
    expect_results(&w, GARAGES, "used=3");
    tick(&w, "10:11:00");
    expect(&w, "parking gm0002 1m 10:07:00", "vacant=10");
    world_end(&w);
}
END_TEST

START_TEST(a_place_that_a_later_reading_tells)
{
    struct world w;
    begin(&w, "5m");
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=7");
    say(&w, PEOPLE, "C1 10:01:00 gm=3 count=5");
    expect_results(&w, PEOPLE, "used=2");
    tick(&w, "10:07:00");
    expect(&w, "pedestrian gm0003 5m 10:00:00", "passages=12");
    world_end(&w);
}
END_TEST

START_TEST(a_place_that_comes_too_late_for_some)
{
    struct world w;
    begin(&w, "15m 1h");
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=100");
    say(&w, PEOPLE, "C1 10:10:00 nowhere count=40");
    say(&w, PEOPLE, "C1 10:20:00 nowhere count=2");
    tick(&w, "11:09:30");
    expect_results(&w, PEOPLE, "unlocated=1 pending=2"); /* expired, counted once a minute */
    describe(&w, PEOPLE, "C1 gm=1", "11:10:00");         /* exactly correct_for after the second */
    expect_results(&w, PEOPLE, "unlocated=1 used=2");
    tick(&w, "11:10:01");
    expect(&w, "pedestrian gm0001 15m 10:00:00", "passages=40");
    expect(&w, "pedestrian gm0001 15m 10:15:00", "passages=2");
    expect(&w, "pedestrian gm0001 1h 10:00:00", "passages=42");
    world_end(&w);
}
END_TEST

START_TEST(too_late_between_two_looks)
{
    struct world w;
    begin(&w, "15m");
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=100");
    say(&w, PEOPLE, "C1 10:00:30 nowhere count=40");
    tick(&w, "10:59:30");
    expect_results(&w, PEOPLE, "pending=2");
    describe(&w, PEOPLE, "C1 gm=1", "11:00:01");
    expect_results(&w, PEOPLE, "unlocated=1 used=1");
    tick(&w, "11:00:02");
    expect(&w, "pedestrian gm0001 15m 10:00:00", "passages=40");
    world_end(&w);
}
END_TEST

/* A level that came too early does not reach into what counts. */
START_TEST(what_is_too_old_is_not_carried_in)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 nowhere capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:05:00 nowhere capacity=100 vacant=20");
    tick(&w, "11:00:00");
    describe(&w, GARAGES, "P1 gm=1", "11:01:00");
    tick(&w, "11:01:01");
    expect(&w, "parking gm0001 1m 10:03:00", "quality=none expected=1 reporting=0 !vacant");
    expect(&w, "parking gm0001 1m 10:05:00", "vacant=20 vacant_max=20");
    expect(&w, "parking gm0001 1m 10:06:00", "vacant=20");
    world_end(&w);
}
END_TEST

START_TEST(a_place_that_never_comes)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 nowhere capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:30:00 nowhere capacity=100 vacant=30");
    ticks(&w, "11:00:00", "11:02:00");
    expect_results(&w, GARAGES, "unlocated=1 pending=1");
    ticks(&w, "11:30:00", "11:32:00");
    expect_results(&w, GARAGES, "unlocated=2");
    ticks(&w, "12:30:00", "12:32:00"); /* once, not every minute */
    expect_results(&w, GARAGES, "unlocated=2");
    describe(&w, GARAGES, "P1 gm=1", "12:32:01"); /* and not again */
    expect_results(&w, GARAGES, "unlocated=2");
    say(&w, GARAGES, "P1 12:33:00 nowhere capacity=100 vacant=30");
    expect_results(&w, GARAGES, "unlocated=2 used=1");
    ck_assert_uint_eq(count_told(&w, "1m"), 0);
    world_end(&w);
}
END_TEST

/* A replay judges by the same rule as the daemon. */
START_TEST(a_place_that_comes_too_late_in_a_replay)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "15m");
    w.replay = true;
    world_open(&w);
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=100");
    say(&w, PEOPLE, "C1 10:01:00 nowhere count=30");
    say(&w, PEOPLE, "C1 10:10:00 nowhere count=40");
    say(&w, PEOPLE, "C1 10:20:00 nowhere count=2");
    describe(&w, PEOPLE, "C1 gm=1", "11:10:00"); /* exactly correct_for after the third */
    expect_results(&w, PEOPLE, "unlocated=2 used=2");
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=100 received=10:30:00"); /* it is known as what it was */
    say(&w, PEOPLE, "C1 10:01:00 nowhere count=31 received=10:30:00");  /* this one finds the place */
    expect_results(&w, PEOPLE, "duplicate=1 corrected=1 unlocated=2 used=2");
    say(&w, PEOPLE, "C1 09:50:00 nowhere count=5 received=09:50:01"); /* of a capture that is older */
    expect_results(&w, PEOPLE, "duplicate=1 corrected=1 unlocated=2 used=3");
    br_flow_finish(w.flow);
    expect(&w, "pedestrian gm0001 15m 09:45:00", "passages=5");
    expect(&w, "pedestrian gm0001 15m 10:00:00", "passages=71");
    expect(&w, "pedestrian gm0001 15m 10:15:00", "passages=2");
    world_end(&w);
}
END_TEST

/* Where captures say nothing of arrival no place comes too late. */
START_TEST(a_replay_without_times_of_arrival)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "15m");
    w.replay = true;
    world_open(&w);
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=100 received=never");
    say(&w, PEOPLE, "C1 12:00:00 gm=1 count=2 received=never");
    expect_results(&w, PEOPLE, "used=2");
    say(&w, PEOPLE, "C2 10:00:00 nowhere count=100 received=never");
    br_flow_finish(w.flow);
    expect(&w, "pedestrian gm0001 15m 10:00:00", "passages=100");
    expect_results(&w, PEOPLE, "used=2 pending=1");
    world_end(&w);
}
END_TEST

START_TEST(the_end_of_a_replay_ends_the_waiting)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "15m");
    w.replay = true;
    world_open(&w);
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=100");
    say(&w, PEOPLE, "C1 11:00:30 nowhere count=1");
    br_flow_finish(w.flow);
    expect_results(&w, PEOPLE, "unlocated=1 pending=1"); /* the second one might still have found a place */
    world_end(&w);
}
END_TEST

/* A reading that is taken back waits no more. */
START_TEST(a_withdrawal_ends_the_waiting)
{
    struct world w;
    struct br_withdrawal withdrawal = {
        .sensor = "C1", .from_utc_ms = time_of("10:00:00"), .to_utc_ms = time_of("10:00:30")};
    begin(&w, "15m");
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=100");
    say(&w, PEOPLE, "C1 10:00:30 nowhere count=40");
    ck_assert_uint_eq(br_flow_withdraw(w.flow, PEOPLE, &withdrawal), 1);
    expect_results(&w, PEOPLE, "unlocated=1 pending=1");
    describe(&w, PEOPLE, "C1 gm=1", "10:01:01");
    expect_results(&w, PEOPLE, "unlocated=1 used=1");
    world_end(&w);
}
END_TEST

START_TEST(a_place_outside_ends_the_waiting)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 nowhere capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:00:30 nowhere capacity=100 vacant=30");
    describe(&w, GARAGES, "P1 outside", "10:01:00");
    expect_results(&w, GARAGES, "unlocated=2");
    say(&w, GARAGES, "P1 10:01:30 nowhere capacity=100 vacant=30");
    expect_results(&w, GARAGES, "unlocated=3");
    tick(&w, "10:10:00");
    ck_assert_uint_eq(w.told_count, 0);
    say(&w, GARAGES, "P1 10:10:30 gm=1 capacity=100 vacant=30"); /* a new place is a place */
    expect_results(&w, GARAGES, "unlocated=3 used=1");
    world_end(&w);
}
END_TEST

START_TEST(coordinates_that_are_none)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 lat=91 lon=5 vacant=30");
    say(&w, GARAGES, "P1 10:00:01 lat=52 lon=181 vacant=30");
    say(&w, GARAGES, "P1 10:00:02 lat=nan lon=5 vacant=30");
    say(&w, GARAGES, "P1 10:00:03 lat=52 lon=inf vacant=30");
    expect_results(&w, GARAGES, "pending=4");
    world_end(&w);
}
END_TEST

START_TEST(coordinates_of_another_system)
{
    struct world w;
    struct said said;
    begin(&w, "1m");
    said_read(&said, "P1 10:00:00 nowhere capacity=10 vacant=3", 'p');
    struct br_emitted_observation emitted = {.observation = &said.observation,
                                             .place = {"EPSG:4326", 52.05, 5.15}};
    br_flow_observation(w.flow, GARAGES, &emitted, said.received_at_utc_ms);
    said_read(&said, "P2 10:00:00 nowhere capacity=10 vacant=3", 'p');
    emitted.place = (struct br_place){"EPSG:999999", 1, 2};
    br_flow_observation(w.flow, GARAGES, &emitted, said.received_at_utc_ms);
    expect_results(&w, GARAGES, "used=1 pending=1");
    tick(&w, "10:03:00");
    expect(&w, "parking gm0002 1m 10:00:00", "vacant=3");
    world_end(&w);
}
END_TEST

START_TEST(the_latest_place_holds)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 gm=1 capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:05:00 gm=2 capacity=100 vacant=20");
    say(&w, GARAGES, "P1 10:03:00 gm=3 capacity=100 vacant=10 received=10:05:02"); /* an older place */
    tick(&w, "10:10:00");
    expect_none(&w, "parking gm0001 1m 10:00:00");
    expect_none(&w, "parking gm0003 1m 10:03:00");
    expect(&w, "parking gm0002 1m 10:00:00", "vacant=30");
    expect(&w, "parking gm0002 1m 10:03:00", "vacant=10");
    expect_results(&w, GARAGES, "used=3");
    say(&w, GARAGES, "P1 10:10:30 lat=52.06 lon=5.16 capacity=100 vacant=5"); /* elsewhere, same regions */
    tick(&w, "10:15:00");
    expect(&w, "parking gm0002 1m 10:10:00", "vacant=5 revision=0");
    world_end(&w);
}
END_TEST

START_TEST(a_sensor_that_moves_is_corrected)
{
    struct world w;
    begin(&w, "1m 5m 1h");
    say(&w, GARAGES, "P1 10:00:00 gm=1 capacity=100 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 gm=1 capacity=100 vacant=3");
    tick(&w, "10:12:00");
    expect(&w, "parking gm0001 5m 10:00:00", "vacant=33 expected=2 revision=0");
    say(&w, GARAGES, "P1 10:12:30 gm=3 capacity=100 vacant=40");
    tick(&w, "10:12:32");
    expect(&w, "parking gm0001 5m 10:00:00", "vacant=3 expected=1 reporting=1 revision=1");
    expect(&w, "parking gm0003 5m 10:00:00", "vacant=30 expected=1 revision=0");
    expect(&w, "parking pv01 5m 10:00:00", "vacant=3 revision=1");
    expect(&w, "parking nl00 5m 10:00:00", "vacant=33 revision=1");
    tick(&w, "11:02:00");
    expect(&w, "parking gm0003 1h 10:00:00", "vacant_min=30 vacant_max=40 revision=0");
    expect(&w, "parking gm0001 1h 10:00:00", "vacant_max=3 vacant_min=3");
    world_end(&w);
}
END_TEST

START_TEST(a_sensor_that_moves_outside)
{
    struct world w;
    begin(&w, "1m 5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:07:00");
    say(&w, GARAGES, "P1 10:07:30 outside capacity=100 vacant=30");
    expect_results(&w, GARAGES, "unlocated=1 used=1");
    tick(&w, "10:07:32");
    expect(&w, "parking gm0001 5m 10:00:00", "revision=1 expected=0 reporting=0 !vacant !open");
    tick(&w, "10:12:00");
    expect_none(&w, "parking gm0001 5m 10:05:00");
    world_end(&w);
}
END_TEST

START_TEST(a_capacity_that_is_described_later)
{
    struct world w;
    begin(&w, "1m 5m 1h");
    say(&w, GARAGES, "P1 10:00:00 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 occupied=4");
    tick(&w, "10:12:00");
    expect(&w, "parking gm0001 5m 10:00:00", "vacant=30 !capacity !occupied open=2");
    describe(&w, GARAGES, "P1 capacity=100", "10:12:01");
    describe(&w, GARAGES, "P2 capacity=10", "10:12:01");
    tick(&w, "10:12:02");
    expect(&w, "parking gm0001 5m 10:00:00", "revision=1 vacant=36 capacity=110 occupied=74 weight=1");
    expect(&w, "parking gm0001 1m 10:01:00", "revision=1 occupied=74");
    describe(&w, GARAGES, "P1 capacity=100", "10:12:03"); /* the same again */
    forget_told(&w);
    tick(&w, "10:12:04");
    ck_assert_uint_eq(w.told_count, 0);
    describe(&w, GARAGES, "P1 capacity=20", "10:12:05");
    tick(&w, "10:12:06");
    expect(&w, "parking gm0001 5m 10:00:00", "revision=2 vacant=26 capacity=30"); /* clamped */
    tick(&w, "11:02:00");
    expect(&w, "parking gm0001 1h 10:00:00", "vacant_max=26 vacant_min=26");
    world_end(&w);
}
END_TEST

START_TEST(a_single_bay_that_is_described)
{
    struct world w;
    begin(&w, "1m");
    describe(&w, GARAGES, "P1 capacity=1 space gm=1", NULL);
    say(&w, GARAGES, "P1 10:00:00 nowhere vacant=0");
    say(&w, GARAGES, "P2 10:00:00 space capacity=1 vacant=0");
    say(&w, GARAGES, "P3 10:00:00 capacity=1 vacant=0");
    tick(&w, "10:03:00");
    expect(&w, "parking gm0001 1m 10:00:00", "full=1 open=3 vacant=0 capacity=3");
    world_end(&w);
}
END_TEST

START_TEST(the_catalogue_wins)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m 5m");
    w.catalogue_csv = "feed,sensor,lat,lon,region,capacity,kind,interval_s\n"
                      "garages,P1,,,gm0002,50,,\n"
                      "garages,P2,52.05,5.25,,,,\n"
                      "garages,P3,,,,7,space,\n"
                      "garages,P4,40,20,,,,\n"
                      "loops,S1,,,gm0001,,,120\n"
                      "people,C1,,,gm0001,,,\n";
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 gm=1 vacant=30"); /* where the operator says it is */
    say(&w, GARAGES, "P2 10:00:00 gm=1 capacity=100 vacant=20");
    say(&w, GARAGES, "P3 10:00:00 gm=1 vacant=0");
    say(&w, GARAGES, "P4 10:00:00 gm=1 vacant=1");
    expect_results(&w, GARAGES, "unlocated=1 used=3");
    describe(&w, GARAGES, "P1 capacity=99 gm=1", "10:00:02");
    tick(&w, "10:03:00");
    expect(&w, "parking gm0002 1m 10:00:00", "capacity=50 vacant=30");
    expect(&w, "parking gm0003 1m 10:00:00", "capacity=100 vacant=20");
    expect(&w, "parking gm0001 1m 10:00:00", "capacity=7 vacant=0 full=0 open=1 expected=1");
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=3");
    tick(&w, "10:07:00");
    expect_none(&w, "traffic gm0001 1m 10:00:00"); /* every two minutes: not expected in one */
    expect(&w, "traffic gm0001 5m 10:00:00", "expected=1 quality=none");
    expect(&w, "pedestrian gm0001 5m 10:00:00", "passages=3");
    world_end(&w);
}
END_TEST

START_TEST(described_traffic_is_expected_when_it_has_measured_or_not)
{
    struct world w;
    begin(&w, "5m");
    describe(&w, LOOPS, "S1 gm=1", NULL);
    describe(&w, PEOPLE, "C1 gm=2", NULL);
    say(&w, LOOPS, "S2 10:00:00 flow=60");
    say(&w, PEOPLE, "C2 10:00:00 gm=2 count=60");
    tick(&w, "10:07:00");
    expect(&w, "traffic gm0001 5m 10:00:00", "expected=2 reporting=1 weight=0.5");
    expect(&w, "pedestrian gm0002 5m 10:00:00", "expected=2 reporting=1 sensors=1");
    world_end(&w);
}
END_TEST

START_TEST(a_jam_lies_where_its_first_point_is)
{
    struct world w;
    begin(&w, "1m");
    say(&w, JAMS, "J1 10:00:00 gm=2 length=1000");
    say(&w, JAMS, "J2 10:00:00 nowhere length=1000");
    say(&w, JAMS, "J3 10:00:00 outside length=1000");
    expect_results(&w, JAMS, "unlocated=1 used=1 pending=1");
    tick(&w, "10:03:00");
    expect(&w, "traffic gm0002 1m 10:00:00", "jams=1");
    expect(&w, "traffic nl00 1m 10:00:00", "jams=1");
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, a_place_that_comes_in_time);
    tcase_add_test(tcase, a_place_that_a_later_reading_tells);
    tcase_add_test(tcase, a_place_that_comes_too_late_for_some);
    tcase_add_test(tcase, too_late_between_two_looks);
    tcase_add_test(tcase, what_is_too_old_is_not_carried_in);
    tcase_add_test(tcase, a_place_that_never_comes);
    tcase_add_test(tcase, a_place_that_comes_too_late_in_a_replay);
    tcase_add_test(tcase, a_replay_without_times_of_arrival);
    tcase_add_test(tcase, the_end_of_a_replay_ends_the_waiting);
    tcase_add_test(tcase, a_withdrawal_ends_the_waiting);
    tcase_add_test(tcase, a_place_outside_ends_the_waiting);
    tcase_add_test(tcase, coordinates_that_are_none);
    tcase_add_test(tcase, coordinates_of_another_system);
    tcase_add_test(tcase, the_latest_place_holds);
    tcase_add_test(tcase, a_sensor_that_moves_is_corrected);
    tcase_add_test(tcase, a_sensor_that_moves_outside);
    tcase_add_test(tcase, a_capacity_that_is_described_later);
    tcase_add_test(tcase, a_single_bay_that_is_described);
    tcase_add_test(tcase, the_catalogue_wins);
    tcase_add_test(tcase, described_traffic_is_expected_when_it_has_measured_or_not);
    tcase_add_test(tcase, a_jam_lies_where_its_first_point_is);
}

UNIT_MAIN("locate", tests)
