/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* A flow that goes on from a state: what is known of sensors, what waits, what may be forgotten. */
#include "daemon/flow/recall.h"

#include <errno.h>

#include <sys/stat.h>

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w, const char *windows)
{
    world_begin(w);
    world_windows(w, windows);
    world_open(w);
}

/* The flow from a state, with counters that begin at 0. */
static int open_from(struct world *w, const Bruis__V1__State *state)
{
    char dir[96];
    int error = 0;
    br_tally_close(w->tally);
    br_metrics_close(w->metrics);
    w->metrics = br_metrics_open();
    w->tally = br_tally_open(w->metrics, &w->config);
    snprintf(dir, sizeof dir, "%s/readings", w->dir);
    struct br_flow_setup setup = {.config = &w->config,
                                  .regions = w->regions,
                                  .catalogue = w->catalogue,
                                  .tally = w->tally,
                                  .readings_dir = dir,
                                  .privacy_key = w->key,
                                  .privacy_key_size = sizeof w->key,
                                  .state = state,
                                  .figure = on_told,
                                  .observation = on_observed,
                                  .context = w};
    w->flow = br_flow_open(&setup, &error);
    return error;
}

static Bruis__V1__State *take_state(struct world *w)
{
    int error = 0;
    struct br_checkpoint *checkpoint = br_flow_checkpoint(w->flow, 1, &error);
    ck_assert_ptr_nonnull(checkpoint);
    Bruis__V1__State *state = br_checkpoint_state(checkpoint);
    ck_assert_int_eq(br_checkpoint_clock(checkpoint), state->clock);
    br_checkpoint_close(checkpoint);
    return state;
}

static void start_again(struct world *w)
{
    Bruis__V1__State *state = take_state(w);
    br_flow_close(w->flow);
    ck_assert_int_eq(open_from(w, state), 0);
    bruis__v1__state__free_unpacked(state, NULL);
}

static bool has_hour(const struct world *w, const char *time)
{
    struct stat status;
    char path[128];
    snprintf(path, sizeof path, "%s/readings/%010lld.readings", w->dir,
             (long long)(time_of(time) / BR_HOUR_MS));
    return stat(path, &status) == 0;
}

START_TEST(what_waits_waits_on)
{
    struct world w;
    begin(&w, "5m");
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=7");
    say(&w, PEOPLE, "C2 10:00:00 nowhere count=5");
    start_again(&w);
    expect_results(&w, PEOPLE, "pending=2");
    ck_assert_int_eq(*br_tally_feed(w.tally, PEOPLE)->decoded, 2); /* of the process before, ended in this */
    say(&w, PEOPLE, "C1 10:00:00 nowhere count=7");
    describe(&w, PEOPLE, "C1 gm=2", "10:01:00");
    expect_results(&w, PEOPLE, "duplicate=1 used=1 pending=1");
    tick(&w, "11:00:30");
    expect_results(&w, PEOPLE, "duplicate=1 unlocated=1 used=1");
    expect(&w, "pedestrian gm0002 5m 10:00:00", "passages=7");
    world_end(&w);
}
END_TEST

START_TEST(outside_before_and_inside_after)
{
    struct world w;
    begin(&w, "5m");
    say(&w, GARAGES, "P1 10:00:00 outside capacity=100 vacant=30");
    say(&w, GARAGES, "P1 10:01:00 outside capacity=100 vacant=10");
    tick(&w, "10:07:00");
    ck_assert_uint_eq(w.told_count, 0);
    start_again(&w);
    say(&w, GARAGES, "P1 10:01:00 outside capacity=100 vacant=10");
    expect_results(&w, GARAGES, "duplicate=1");
    say(&w, GARAGES, "P1 10:02:00 gm=1 capacity=100 vacant=20 received=10:08:00");
    tick(&w, "10:12:00");
    expect(&w, "parking gm0001 5m 10:00:00", "vacant=20 vacant_min=10 vacant_max=30");
    world_end(&w);
}
END_TEST

/* A start after weeks is over soon: what is too old goes, and little is told of the time between. */
START_TEST(weeks_later)
{
    struct world w;
    char line[96];
    world_begin(&w);
    world_windows(&w, "1m 1h 1d");
    w.catalogue_csv = "feed,sensor,region\ngarages,P0,gm0001\n"; /* always expected */
    world_open(&w);
    for (int i = 0; i < 200; i++) {
        snprintf(line, sizeof line, "P%d 10:00:00 gm=%d capacity=100 vacant=30", i, i % 3 + 1);
        say(&w, GARAGES, line);
        snprintf(line, sizeof line, "P%d 10:00:30 nowhere vacant=3", 200 + i);
        say(&w, GARAGES, line);
    }
    tick(&w, "10:03:00");
    start_again(&w);
    forget_told(&w);
    expect_results(&w, GARAGES, "pending=200");
    tick(&w, "2026-09-15T10:00:00Z");
    expect_results(&w, GARAGES, "unlocated=200");
    ck_assert_uint_lt(w.told_count, 3 * 6 * 26 * 60); /* about a day of all windows of six regions */
    ck_assert(has_hour(&w, "10:00:00"));              /* the state on disk needs it */
    br_flow_kept(w.flow, time_of("2026-09-15T10:00:00Z"));
    tick(&w, "2026-09-15T10:01:00Z");
    ck_assert(!has_hour(&w, "10:00:00"));
    say(&w, GARAGES, "P0 2026-09-15T10:01:30Z capacity=100 vacant=9");
    tick(&w, "2026-09-15T10:05:00Z");
    expect(&w, "parking gm0001 1m 2026-09-15T10:01:00Z", "vacant=9 reporting=1");
    world_end(&w);
}
END_TEST

/* As long as no state is written a crash goes back to the old one, and needs what that one has. */
START_TEST(nothing_is_forgotten_that_the_state_needs)
{
    struct world w;
    begin(&w, "5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:07:00");
    start_again(&w);
    Bruis__V1__State *state = take_state(&w);
    ticks(&w, "20:00:00", "20:02:00");
    ck_assert(has_hour(&w, "10:00:00"));
    br_flow_close(w.flow); /* a crash: the journal tells the rest again */
    ck_assert_int_eq(open_from(&w, state), 0);
    bruis__v1__state__free_unpacked(state, NULL);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30 received=10:30:00");
    expect_results(&w, GARAGES, "duplicate=1");
    br_flow_kept(w.flow, time_of("20:00:00"));
    ticks(&w, "20:00:00", "20:02:00");
    ck_assert(!has_hour(&w, "10:00:00"));
    world_end(&w);
}
END_TEST

/* Readings that a state names and that cannot have been forgotten yet. */
START_TEST(readings_that_are_missing)
{
    struct world w;
    char command[128];
    begin(&w, "5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:07:00");
    Bruis__V1__State *state = take_state(&w);
    br_flow_close(w.flow);
    snprintf(command, sizeof command, "rm %s/readings/*", w.dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(open_from(&w, state), -EBADMSG);
    state->clock = time_of("16:00:00"); /* of a state that is so much younger they may */
    ck_assert_int_eq(open_from(&w, state), 0);
    bruis__v1__state__free_unpacked(state, NULL);
    world_end(&w);
}
END_TEST

START_TEST(a_configuration_that_has_less_room)
{
    struct world w;
    begin(&w, "5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 capacity=100 vacant=3");
    w.config.sensors_max = 1;
    start_again(&w);
    say(&w, GARAGES, "P1 10:00:00 capacity=100 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 capacity=100 vacant=3");
    expect_results(&w, GARAGES, "invalid=1 duplicate=1");
    tick(&w, "10:07:00");
    expect(&w, "parking gm0001 5m 10:00:00", "vacant=30 expected=1");
    world_end(&w);
}
END_TEST

START_TEST(what_was_told_once_weighs_after_a_restart)
{
    struct world w;
    begin(&w, "5m");
    say(&w, GARAGES, "P1 10:00:00 capacity=300 vacant=30");
    say(&w, GARAGES, "P2 10:00:00 capacity=100 vacant=30");
    tick(&w, "10:07:00");
    say(&w, GARAGES, "P1 2026-08-20T10:00:00Z vacant=30"); /* two days later, after a silence */
    tick(&w, "2026-08-20T10:02:00Z");
    say(&w, GARAGES, "P2 2026-08-20T10:02:00Z vacant=30");
    start_again(&w);
    say(&w, GARAGES, "P2 2026-08-20T10:22:00Z capacity=900 vacant=30");
    tick(&w, "2026-08-20T10:22:02Z");
    expect(&w, "parking gm0001 5m 2026-08-20T10:00:00Z", "weight=1 reporting=2");
    say(&w, GARAGES, "P1 2026-08-20T09:56:00Z vacant=30 received=2026-08-20T10:22:03Z");
    tick(&w, "2026-08-20T10:27:00Z");
    expect(&w, "parking gm0001 5m 2026-08-20T09:55:00Z",
           "expected=1 reporting=1 weight=1"); /* P2 was silent */
    expect(&w, "parking gm0001 5m 2026-08-20T10:20:00Z", "expected=2 reporting=1 weight=0.75");
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, what_was_told_once_weighs_after_a_restart);
    tcase_add_test(tcase, what_waits_waits_on);
    tcase_add_test(tcase, outside_before_and_inside_after);
    tcase_add_test(tcase, weeks_later);
    tcase_add_test(tcase, nothing_is_forgotten_that_the_state_needs);
    tcase_add_test(tcase, readings_that_are_missing);
    tcase_add_test(tcase, a_configuration_that_has_less_room);
}

UNIT_MAIN("recall", tests)
