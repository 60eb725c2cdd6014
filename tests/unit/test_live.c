/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Live figures: levels now, with the flows of the last closed window; only what has changed. */
#include "daemon/flow/window.h"

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w, const char *windows)
{
    world_begin(w);
    world_windows(w, windows);
    world_open(w);
}

START_TEST(levels_now_over_the_last_window)
{
    struct world w;
    begin(&w, "1m 5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30 entries=4");
    tick(&w, "10:00:02");
    ck_assert_uint_eq(count_told(&w, "live"), 0); /* no window is closed yet */
    tick(&w, "10:02:30");
    expect(&w, "parking gm0001 live 10:00:00",
           "end=10:01:00 vacant=30 entries=4 vacant_min=30 revision=0 quality=good");
    ck_assert(find_told(&w, "parking gm0001 live 10:00:00")->newest);
    say(&w, GARAGES, "P1 10:02:31 capacity=100 vacant=7 full=1");
    tick(&w, "10:02:32");
    expect(&w, "parking gm0001 live 10:00:00",
           "vacant=7 occupied=93 occupancy=0.93 full=1 open=1 entries=4 vacant_min=30 vacant_mean=30 "
           "newest=10:02:31");
    expect(&w, "parking nl00 live 10:00:00", "vacant=7");
    expect_none(&w, "parking gm0002 live 10:00:00");
    say(&w, GARAGES, "P1 10:02:33 capacity=100 vacant=7 closed");
    tick(&w, "10:02:34");
    expect(&w, "parking gm0001 live 10:00:00", "!vacant !capacity !occupancy open=0 closed=1 full=0");
    world_end(&w);
}
END_TEST

START_TEST(only_changes)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 gm=2 capacity=100 vacant=30");
    tick(&w, "10:02:30");
    forget_told(&w);
    tick(&w, "10:02:31");
    ck_assert_uint_eq(w.told_count, 0);
    say(&w, GARAGES, "P1 10:02:31 capacity=100 vacant=30"); /* heard anew: the coverage tells it */
    tick(&w, "10:02:32");
    ck_assert_uint_eq(count_told(&w, "live"), 3); /* gm0001, pv01, nl00 */
    forget_told(&w);
    say(&w, GARAGES, "P1 10:02:31 capacity=100 vacant=30 received=10:02:33"); /* the same once more */
    tick(&w, "10:02:34");
    ck_assert_uint_eq(w.told_count, 0);
    world_end(&w);
}
END_TEST

START_TEST(at_most_every_so_often)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m");
    w.config.mqtt.enabled = true;
    w.config.mqtt.live_every_ms = 5000;
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:02:30");
    ck_assert_uint_eq(count_told(&w, "live"), 3);
    forget_told(&w);
    say(&w, GARAGES, "P1 10:02:31 capacity=100 vacant=20");
    ticks(&w, "10:02:31", "10:02:34");
    ck_assert_uint_eq(count_told(&w, "live"), 0);
    tick(&w, "10:02:35");
    ck_assert_uint_eq(count_told(&w, "live"), 3);
    world_end(&w);
}
END_TEST

START_TEST(off)
{
    struct world w;
    world_begin(&w);
    w.config.mqtt.enabled = true;
    w.config.mqtt.live_every_ms = 0;
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    ticks(&w, "10:02:30", "10:03:30");
    ck_assert_uint_eq(count_told(&w, "live"), 0);
    world_end(&w);
    world_begin(&w);
    w.replay = true;
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    ticks(&w, "10:02:30", "10:03:30");
    ck_assert_uint_eq(count_told(&w, "live"), 0);
    world_end(&w);
}
END_TEST

START_TEST(levels_grow_stale)
{
    struct world w;
    begin(&w, "1m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    ticks(&w, "10:00:01", "10:20:00");
    size_t nulls = 0, values = 0;
    for (size_t i = 0; i < w.told_count; i++) {
        const Bruis__V1__Figure *figure = w.told[i].figure;
        if (strcmp(figure->window, "live") != 0 || strcmp(figure->region, "gm0001") != 0)
            continue;
        if (figure->parking->has_vacant)
            values++;
        else
            nulls++;
        ck_assert(!(nulls > 0 && figure->parking->has_vacant)); /* it does not come back */
    }
    ck_assert_uint_gt(values, 0);
    ck_assert_uint_gt(nulls, 0);
    world_end(&w);
}
END_TEST

START_TEST(flows_stay_and_jams_are_now)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m");
    world_covers(&w, (char *)"nl00");
    world_open(&w);
    say(&w, LOOPS, "S1 10:00:00 flow=60 speed=80");
    snapshot(&w, "10:00:00", "10:00:01");
    tick(&w, "10:02:30");
    expect(&w, "traffic gm0001 live 10:00:00",
           "vehicles=1 speed_km_h=80 jams=0 queue_length_m=0 delay_s=0 sites=1");
    say(&w, JAMS, "J1 10:02:31 length=700 delay=9");
    snapshot(&w, "10:02:31", "10:02:31");
    tick(&w, "10:02:32");
    expect(&w, "traffic gm0001 live 10:00:00",
           "vehicles=1 speed_km_h=80 jams=1 queue_length_m=700 delay_s=9 queue_km_min=0 end=10:01:00");
    say(&w, JAMS, "J1 10:02:33 length=700 delay=9 ended");
    tick(&w, "10:02:34");
    expect(&w, "traffic gm0001 live 10:00:00", "jams=0 queue_length_m=0 delay_s=0");
    world_end(&w);
}
END_TEST

START_TEST(presence_is_now)
{
    struct world w;
    begin(&w, "5m");
    say(&w, PEOPLE, "C1 10:00:00 in=3 out=4 presence=10");
    tick(&w, "10:06:30");
    expect(&w, "pedestrian gm0001 live 10:00:00", "passages=7 presence=10");
    say(&w, PEOPLE, "C1 10:06:31 in=3 out=4 presence=25");
    tick(&w, "10:06:32");
    expect(&w, "pedestrian gm0001 live 10:00:00", "passages=7 presence=25");
    world_end(&w);
}
END_TEST

START_TEST(protected_presence_is_of_the_last_cell)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "5m");
    world_privacy(&w, 10, 5);
    world_open(&w);
    say(&w, PEOPLE, "C1 10:00:00 in=3 out=4 presence=13");
    tick(&w, "10:06:30");
    const struct told *told = find_told(&w, "pedestrian gm0001 live 10:00:00");
    ck_assert_ptr_nonnull(told);
    ck_assert_int_eq(told->figure->quality, BRUIS__V1__FIGURE__QUALITY__protected);
    ck_assert_int_eq(told->figure->pedestrian->presence % 5, 0);
    forget_told(&w);
    say(&w, PEOPLE, "C1 10:06:31 in=3 out=4 presence=99");
    tick(&w, "10:06:32");
    ck_assert_uint_eq(w.told_count, 0); /* nothing is told between two cells */
    world_end(&w);
}
END_TEST

START_TEST(no_live_pedestrians_where_windows_are_too_short)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m 5m");
    world_privacy(&w, 10, 5);
    world_open(&w);
    say(&w, PEOPLE, "C1 10:00:00 in=3 out=4 presence=13");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:06:30");
    ck_assert_ptr_nonnull(find_told(&w, "pedestrian gm0001 5m 10:00:00"));
    for (size_t i = 0; i < w.told_count; i++)
        if (w.told[i].figure->domain == BRUIS__V1__DOMAIN__pedestrian)
            ck_assert_str_eq(w.told[i].figure->window, "5m");
    expect(&w, "parking gm0001 live 10:04:00", "vacant=30"); /* the others are not held back */
    world_end(&w);
}
END_TEST

START_TEST(no_pedestrians_at_all_where_every_window_is_too_short)
{
    struct world w;
    world_begin(&w);
    world_windows(&w, "1m");
    world_privacy(&w, 10, 5);
    world_open(&w);
    say(&w, PEOPLE, "C1 10:00:00 in=3 out=4 presence=13");
    ticks(&w, "10:00:01", "10:12:00");
    ck_assert_uint_eq(w.told_count, 0);
    world_end(&w);
}
END_TEST

/* A name that is longer than what changes are told by: its figures go out as often as they are made. */
START_TEST(a_very_long_name)
{
    struct world w;
    char *table = NULL;
    world_begin(&w);
    world_windows(&w, "1m");
    ck_assert_int_gt(asprintf(&table, "code,type,name,parents\nnl00,land,%01100d,\n", 7), 0);
    free(world_file(&w, "regions.csv", table));
    w.config.regions.boundary_count = 0;
    w.catalogue_csv = "feed,sensor,region\ngarages,P1,nl00\n";
    world_open(&w);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:02:30");
    ck_assert_uint_eq(count_told(&w, "live"), 1);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30 received=10:02:31");
    tick(&w, "10:02:32");
    ck_assert_uint_eq(count_told(&w, "live"), 2);
    free(table);
    world_end(&w);
}
END_TEST

START_TEST(sensors_without_a_place_or_long_silent_are_not_in_it)
{
    struct world w;
    begin(&w, "1h");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 nowhere capacity=100 vacant=30");
    tick(&w, "12:02:00");
    say(&w, GARAGES, "P3 12:02:01 capacity=100 vacant=9");
    tick(&w, "12:02:03");
    expect(&w, "parking gm0001 live 11:00:00", "vacant=9 expected=2 reporting=1 weight=0.5");
    world_end(&w);
}
END_TEST

START_TEST(the_jam_of_a_region_without_sites_ends)
{
    struct world w;
    begin(&w, "1m");
    say(&w, JAMS, "J1 10:00:00 length=1000");
    tick(&w, "10:02:32");
    expect(&w, "traffic gm0001 live 10:00:00", "jams=1 queue_length_m=1000");
    say(&w, JAMS, "J1 10:02:40 ended");
    tick(&w, "10:02:41");
    tick(&w, "10:03:32");
    expect(&w, "traffic gm0001 live 10:00:00", "!jams !queue_length_m");
    world_end(&w);
}
END_TEST

START_TEST(a_day_of_25_hours_alone)
{
    struct world w;
    begin(&w, "1d");
    say(&w, GARAGES, "P1 2026-10-25T22:00:00Z capacity=100 vacant=30");
    tick(&w, "2026-10-25T22:00:02Z");
    say(&w, GARAGES, "P1 2026-10-25T23:01:00Z capacity=100 vacant=20");
    tick(&w, "2026-10-25T23:10:00Z"); /* the day is closed */
    expect(&w, "parking gm0001 live 2026-10-24T22:00:00Z", "vacant=20 end=2026-10-25T23:00:00Z");
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, the_jam_of_a_region_without_sites_ends);
    tcase_add_test(tcase, a_day_of_25_hours_alone);
    tcase_add_test(tcase, levels_now_over_the_last_window);
    tcase_add_test(tcase, only_changes);
    tcase_add_test(tcase, at_most_every_so_often);
    tcase_add_test(tcase, off);
    tcase_add_test(tcase, levels_grow_stale);
    tcase_add_test(tcase, flows_stay_and_jams_are_now);
    tcase_add_test(tcase, presence_is_now);
    tcase_add_test(tcase, protected_presence_is_of_the_last_cell);
    tcase_add_test(tcase, no_live_pedestrians_where_windows_are_too_short);
    tcase_add_test(tcase, no_pedestrians_at_all_where_every_window_is_too_short);
    tcase_add_test(tcase, a_very_long_name);
    tcase_add_test(tcase, sensors_without_a_place_or_long_silent_are_not_in_it);
}

UNIT_MAIN("live", tests)
