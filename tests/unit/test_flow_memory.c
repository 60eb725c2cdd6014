/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The flow where memory runs out: every allocation fails in turn. What cannot be kept is lost, but nothing
 * crashes, nothing leaks, and the flow goes on. */
#include "daemon/flow/flow.h"

#include <errno.h>

#include "daemon/flow/recall.h"
#include "daemon/flow/window.h"

#include "tests/unit/failing_malloc.h"
#include "tests/unit/flow_fixture.h"

#ifdef FAILING_MALLOC

struct heard {
    size_t figures, days;
};

static void on_heard(void *context, const Bruis__V1__Figure *figure, bool newest)
{
    struct heard *heard = context;
    (void)newest;
    heard->figures++;
    heard->days += strcmp(figure->window, "1d") == 0;
}

/* The sensors are known already. */
static void get_to_know(struct world *w)
{
    for (int i = 0; i < 4; i++) {
        char line[96];
        snprintf(line, sizeof line, "P%d 21:49:00 gm=%d capacity=100 vacant=30", i, i % 3 + 1);
        say(w, GARAGES, line);
        snprintf(line, sizeof line, "S%d 21:49:00 gm=%d flow=60 speed=80", i, i % 3 + 1);
        say(w, LOOPS, line);
        snprintf(line, sizeof line, "C%d 21:49:00 gm=%d in=6 out=8 presence=3", i, i % 3 + 1);
        say(w, PEOPLE, line);
        snprintf(line, sizeof line, "J%d 21:49:00 length=600", i);
        say(w, JAMS, line);
    }
    say(w, GARAGES, "P9 21:49:00 nowhere vacant=3");
    snapshot(w, "21:49:30", "21:49:31");
}

/* All that there is: three domains, late readings, jams, moves, days, live figures. */
static void live_through(struct world *w)
{
    for (int minute = 0; minute < 4; minute++) {
        char line[96];
        snprintf(line, sizeof line, "P%d 21:5%d:00 gm=%d capacity=100 vacant=30", minute, minute,
                 minute % 3 + 1);
        say(w, GARAGES, line);
        snprintf(line, sizeof line, "S%d 21:5%d:00 gm=%d flow=60 speed=80", minute, minute, minute % 3 + 1);
        say(w, LOOPS, line);
        snprintf(line, sizeof line, "C%d 21:5%d:00 gm=%d in=6 out=8 presence=3", minute, minute,
                 minute % 3 + 1);
        say(w, PEOPLE, line);
        snprintf(line, sizeof line, "J%d 21:5%d:00 length=600", minute, minute);
        say(w, JAMS, line);
    }
    snapshot(w, "21:53:30", "21:53:31");
    tick(w, "22:02:00");
    tick(w, "22:02:01");
    say(w, GARAGES, "P0 21:52:00 capacity=100 vacant=3 received=22:02:01");
    say(w, GARAGES, "P0 21:30:00 capacity=100 vacant=3 received=22:02:01"); /* before the first window */
    say(w, PEOPLE, "C0 21:52:00 in=6 out=8 received=22:02:01");
    say(w, LOOPS, "S0 21:52:00 gm=2 flow=600 speed=20 received=22:02:01");
    say(w, GARAGES, "P9 22:01:00 nowhere vacant=3");
    say(w, GARAGES, "P5 22:01:00 gm=2 capacity=100 vacant=30"); /* new ones */
    say(w, LOOPS, "S5 22:01:00 gm=1 flow=60 speed=80");
    say(w, PEOPLE, "C5 22:01:00 gm=3 in=6 out=8 presence=3");
    say(w, JAMS, "J5 22:01:00 length=600");
    say(w, GARAGES, "P9 22:01:30 gm=2 vacant=3"); /* its readings have waited */
    describe(w, GARAGES, "P1 capacity=50 gm=3", "22:02:02");
    snapshot(w, "21:52:30", "22:02:02");
    tick(w, "22:02:03");
    tick(w, "22:30:00");
}

/* Life goes on: what was half done before would show itself here. */
static void live_on(struct world *w)
{
    int error = 0;
    say(w, GARAGES, "P5 22:02:00 gm=2 capacity=100 vacant=29 received=22:30:00"); /* late, all of them */
    say(w, LOOPS, "S5 22:02:00 gm=1 flow=60 speed=80 received=22:30:00");
    say(w, PEOPLE, "C5 22:02:00 gm=3 in=6 out=8 presence=3 received=22:30:00");
    say(w, JAMS, "J5 22:02:00 length=700 received=22:30:00");
    say(w, GARAGES, "P9 22:02:00 gm=2 vacant=3 received=22:30:00");
    struct br_checkpoint *checkpoint = br_flow_checkpoint(w->flow, 1, &error);
    br_checkpoint_close(checkpoint);
    tick(w, "23:30:00");
    br_flow_repeat(w->flow);
    br_flow_finish(w->flow);
}

/* Each observation has one result, or waits. */
static void check_sums(const struct world *w)
{
    for (size_t feed = 0; feed < FEEDS; feed++) {
        const struct br_tally_feed *tally = br_tally_feed(w->tally, feed);
        int64_t results = 0;
        for (int i = 0; i < BR_RESULTS; i++)
            results += *tally->result[i];
        ck_assert_int_eq(*tally->decoded, results + *tally->pending);
    }
}

static struct br_flow *open_flow(struct world *w, struct heard *heard, int *error)
{
    char dir[96];
    snprintf(dir, sizeof dir, "%s/readings", w->dir);
    struct br_flow_setup setup = {.config = &w->config,
                                  .regions = w->regions,
                                  .tally = w->tally,
                                  .readings_dir = dir,
                                  .privacy_key = w->key,
                                  .privacy_key_size = sizeof w->key,
                                  .figure = on_heard,
                                  .context = heard};
    return br_flow_open(&setup, error);
}

static void begin(struct world *w)
{
    world_begin(w);
    world_windows(w, "1m 5m 1h 1d");
    world_privacy(w, 10, 5);
    world_covers(w, (char *)"nl00");
    world_regions(w);
    w->tally = br_tally_open(w->metrics, &w->config);
}

/* All of it with all memory. */
static struct heard once(struct world *w)
{
    struct heard heard = {0};
    int error = 0;
    w->flow = open_flow(w, &heard, &error);
    ck_assert_ptr_nonnull(w->flow);
    get_to_know(w);
    live_through(w);
    live_on(w);
    br_flow_close(w->flow);
    w->flow = NULL;
    ck_assert_uint_gt(heard.days, 0);
    return heard;
}

START_TEST(every_allocation_fails_in_turn)
{
    struct world w;
    int error = 0;
    begin(&w);
    struct heard all = once(&w);
    bool failed = true;
    long live = failing_live();
    for (long nth = 1; failed; nth++) {
        struct heard heard = {0};
        w.flow = open_flow(&w, &heard, &error);
        ck_assert_ptr_nonnull(w.flow);
        get_to_know(&w);
        failing_arm(nth);
        live_through(&w);
        failed = failing_disarm(); /* what is asserted allocates: not before */
        live_on(&w);
        check_sums(&w);
        br_flow_close(w.flow);
        w.flow = NULL;
        ck_assert_msg(failing_live() == live, "allocation %ld: %ld are left", nth, failing_live() - live);
        if (!failed) {
            ck_assert_uint_eq(heard.figures, all.figures);
            ck_assert_int_gt(nth, 100);
        }
    }
    world_end(&w);
}
END_TEST

/* Memory that does not come back before the flow is closed. */
START_TEST(memory_stays_out)
{
    struct world w;
    int error = 0;
    bool failed = true;
    begin(&w);
    once(&w); /* the series of metrics stay */
    long live = failing_live();
    for (long nth = 1; failed; nth += nth < 60 ? 1 : 7) {
        struct heard heard = {0};
        w.flow = open_flow(&w, &heard, &error);
        ck_assert_ptr_nonnull(w.flow);
        get_to_know(&w);
        failing_arm_for_good(nth);
        live_through(&w);
        failed = failing_disarm();
        br_flow_close(w.flow);
        w.flow = NULL;
        ck_assert_msg(failing_live() == live, "allocation %ld: %ld are left", nth, failing_live() - live);
    }
    world_end(&w);
}
END_TEST

/* A sensor that windows had no memory for is no sensor: the next reading of it makes it whole. */
START_TEST(a_sensor_that_could_not_join)
{
    struct world w;
    int error = 0;
    struct heard heard = {0};
    begin(&w);
    for (long nth = 1; nth <= 8; nth++) {
        w.flow = open_flow(&w, &heard, &error);
        int64_t used = *br_tally_feed(w.tally, GARAGES)->result[BR_USED];
        say(&w, GARAGES, "P0 21:49:00 capacity=100 vacant=30");
        failing_arm(nth);
        say(&w, GARAGES, "P7 21:50:00 capacity=100 vacant=30");
        failing_disarm();
        tick(&w, "22:02:00");
        say(&w, GARAGES, "P7 21:50:00 capacity=100 vacant=31 received=22:02:01"); /* late, by now */
        say(&w, GARAGES, "P7 21:50:30 capacity=100 vacant=31 received=22:02:01");
        tick(&w, "22:02:02");
        int64_t now_used = *br_tally_feed(w.tally, GARAGES)->result[BR_USED];
        ck_assert_int_eq(now_used - used, 3); /* P0, and P7 twice: the one at 21:50 once, or lost before */
        check_sums(&w);
        br_flow_close(w.flow);
        w.flow = NULL;
    }
    world_end(&w);
}
END_TEST

/* A state is taken back whole or not at all, and taking it leaves nothing behind. */
START_TEST(recalling_fails_whole)
{
    struct world w;
    int error = 0;
    struct heard heard = {0};
    bool failed = true;
    begin(&w);
    once(&w);
    w.flow = open_flow(&w, &heard, &error);
    get_to_know(&w);
    live_through(&w);
    struct br_checkpoint *checkpoint = br_flow_checkpoint(w.flow, 1, &error);
    ck_assert_ptr_nonnull(checkpoint);
    Bruis__V1__State *state = br_checkpoint_state(checkpoint);
    br_flow_close(w.flow);
    long live = failing_live();
    for (long nth = 1; failed; nth++) {
        char dir[96];
        snprintf(dir, sizeof dir, "%s/readings", w.dir);
        struct br_flow_setup setup = {.config = &w.config,
                                      .regions = w.regions,
                                      .tally = w.tally,
                                      .readings_dir = dir,
                                      .privacy_key = w.key,
                                      .privacy_key_size = sizeof w.key,
                                      .state = state,
                                      .figure = on_heard,
                                      .context = &heard};
        error = 1;
        failing_arm(nth);
        w.flow = br_flow_open(&setup, &error);
        failed = failing_disarm();
        ck_assert_msg(error == (w.flow ? 0 : -ENOMEM), "allocation %ld gives %d", nth, error);
        if (w.flow)
            live_on(&w);
        br_flow_close(w.flow);
        w.flow = NULL;
        ck_assert_msg(failing_live() == live, "allocation %ld: %ld are left", nth, failing_live() - live);
    }
    bruis__v1__state__free_unpacked(state, NULL);
    br_checkpoint_close(checkpoint);
    world_end(&w);
}
END_TEST

/* A checkpoint is whole, or there is none. */
START_TEST(checkpoints_fail_whole)
{
    struct world w;
    int error = 0;
    struct heard heard = {0};
    bool failed = true;
    begin(&w);
    w.flow = open_flow(&w, &heard, &error);
    get_to_know(&w);
    live_through(&w);
    long live = failing_live();
    for (long nth = 1; failed; nth++) {
        failing_arm(nth);
        struct br_checkpoint *checkpoint = br_flow_checkpoint(w.flow, 1, &error);
        failed = failing_disarm();
        ck_assert_int_eq(error, checkpoint ? 0 : -ENOMEM);
        ck_assert_int_eq(failed, !checkpoint);
        br_checkpoint_close(checkpoint);
        ck_assert_int_eq(failing_live(), live);
    }
    br_flow_close(w.flow);
    w.flow = NULL;
    world_end(&w);
}
END_TEST

/* A sensor that windows cannot take in is told as such. */
START_TEST(joining)
{
    struct world w;
    begin(&w);
    struct br_windows_setup setup = {
        .config = &w.config, .regions = w.regions, .algebra = &br_parking_algebra, .domain = BR_PARKING};
    setup.day_zone = br_zone_open("Europe/Amsterdam");
    struct br_windows *windows = br_windows_open(&setup);
    struct br_sensors *sensors = br_sensors_open(10);
    struct br_sensor *sensor = br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("P1"));
    ck_assert(windows && sensor);
    for (long nth = 1; nth <= 2; nth++) {
        failing_arm(nth);
        bool joined = br_windows_join(windows, sensor);
        failing_disarm();
        ck_assert(!joined);
    }
    ck_assert(br_windows_join(windows, sensor));
    br_windows_close(windows);
    br_sensors_close(sensors);
    br_zone_close((struct br_zone *)setup.day_zone);
    world_end(&w);
}
END_TEST

/* Nothing is left of a flow that could not be opened. */
START_TEST(opening_fails_whole)
{
    struct world w;
    struct heard heard;
    bool failed = true;
    long nth = 1;
    begin(&w);
    long live = failing_live();
    for (; failed; nth++) {
        int error = 0;
        failing_arm(nth);
        w.flow = open_flow(&w, &heard, &error);
        failed = failing_disarm();
        ck_assert_msg(error == (w.flow ? 0 : -ENOMEM), "allocation %ld gives %d", nth, error);
        br_flow_close(w.flow);
        ck_assert_int_eq(failing_live(), live);
    }
    ck_assert_ptr_nonnull(w.flow);
    ck_assert_int_gt(nth, 30);
    w.flow = NULL;
    world_end(&w);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, every_allocation_fails_in_turn);
    tcase_add_test(tcase, memory_stays_out);
    tcase_add_test(tcase, a_sensor_that_could_not_join);
    tcase_add_test(tcase, recalling_fails_whole);
    tcase_add_test(tcase, checkpoints_fail_whole);
    tcase_add_test(tcase, joining);
    tcase_add_test(tcase, opening_fails_whole);
}

UNIT_MAIN("flow_memory", tests)

#else

int main(void)
{
    printf("skipped: the sanitizer has an allocator of its own\n");
    return 77;
}

#endif
