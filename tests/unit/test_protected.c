/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Protected pedestrian figures: sums of protected cells, whatever the region and the window. */
#include "daemon/flow/window.h"

#include "tests/unit/flow_fixture.h"

static void begin(struct world *w, const char *windows)
{
    world_begin(w);
    world_windows(w, windows);
    world_privacy(w, 10, 5);
    w->config.correct_for_ms = 3 * BR_HOUR_MS;
    world_open(w);
}

static int64_t passages(const struct world *w, const char *which)
{
    const struct told *told = find_told(w, which);
    ck_assert_msg(told && told->figure->pedestrian->has_passages, "no passages of %s", which);
    ck_assert_int_eq(told->figure->quality, BRUIS__V1__FIGURE__QUALITY__protected);
    return told->figure->pedestrian->passages;
}

static int64_t at(const struct world *w, const char *region, const char *window, int minute)
{
    char which[64];
    snprintf(which, sizeof which, "pedestrian %s %s 10:%02d:00", region, window, minute);
    return passages(w, which);
}

/* Sensors in all municipalities over an hour, with counts in and out. */
static void walk(struct world *w)
{
    for (int minute = 0; minute < 60; minute++)
        for (int i = 0; i < 6; i++) {
            char line[80];
            snprintf(line, sizeof line, "C%d 10:%02d:00 gm=%d in=%d out=%d", i, minute, i % 3 + 1,
                     (minute + i) % 4, (minute * i) % 3);
            say(w, PEOPLE, line);
        }
    tick(w, "11:02:00");
}

/* Of every window: regions add up, in and out are passages, and longer windows are sums of shorter ones. */
static void expect_sums(const struct world *w)
{
    for (size_t i = 0; i < w->told_count; i++) {
        const Bruis__V1__PedestrianFigure *p = w->told[i].figure->pedestrian;
        if (!p || !p->has_passages)
            continue;
        ck_assert_int_eq(p->passages, p->passages_in + p->passages_out);
        ck_assert(strcmp(w->told[i].figure->region, "gm0001") != 0 ||
                  strcmp(w->told[i].figure->window, "5m") != 0 || p->passages_in == 0 ||
                  p->passages_in >= 10);
    }
    for (int minute = 0; minute < 60; minute += 5) {
        ck_assert_int_eq(at(w, "nl00", "5m", minute),
                         at(w, "pv01", "5m", minute) + at(w, "pv02", "5m", minute));
        ck_assert_int_eq(at(w, "pv01", "5m", minute),
                         at(w, "gm0001", "5m", minute) + at(w, "gm0002", "5m", minute));
        ck_assert_int_eq(at(w, "pv02", "5m", minute), at(w, "gm0003", "5m", minute));
    }
    for (int minute = 0; minute < 60; minute += 15)
        ck_assert_int_eq(at(w, "gm0001", "15m", minute), at(w, "gm0001", "5m", minute) +
                                                             at(w, "gm0001", "5m", minute + 5) +
                                                             at(w, "gm0001", "5m", minute + 10));
    ck_assert_int_eq(at(w, "nl00", "1h", 0), at(w, "nl00", "15m", 0) + at(w, "nl00", "15m", 15) +
                                                 at(w, "nl00", "15m", 30) + at(w, "nl00", "15m", 45));
}

START_TEST(levels_and_windows_add_up)
{
    struct world w;
    begin(&w, "5m 15m 1h 1d");
    walk(&w);
    expect_sums(&w);
    tick(&w, "22:02:00");
    ck_assert_int_eq(passages(&w, "pedestrian gm0001 1d 2026-08-17T22:00:00Z"), at(&w, "gm0001", "1h", 0));
    world_end(&w);
}
END_TEST

START_TEST(shorter_windows_are_not_published)
{
    struct world w;
    begin(&w, "1m 5m");
    walk(&w);
    ck_assert_uint_eq(count_told(&w, "1m"), 0);
    ck_assert_uint_gt(count_told(&w, "5m"), 0);
    world_end(&w);
}
END_TEST

START_TEST(cells_are_there_without_a_window_of_their_length)
{
    struct world w, with;
    begin(&w, "15m 1h");
    begin(&with, "5m 15m 1h");
    walk(&w);
    walk(&with);
    ck_assert_uint_eq(count_told(&w, "5m"), 0);
    ck_assert_uint_eq(count_told(&w, "cell"), 0);
    for (int minute = 0; minute < 60; minute += 15)
        ck_assert_int_eq(at(&w, "pv01", "15m", minute), at(&with, "pv01", "15m", minute));
    world_end(&w);
    world_end(&with);
}
END_TEST

START_TEST(a_correction_moves_the_longer_windows)
{
    struct world w;
    begin(&w, "5m 15m 1h 1d");
    walk(&w);
    int64_t five = at(&w, "gm0001", "5m", 15), quarter = at(&w, "gm0001", "15m", 15),
            hour = at(&w, "gm0001", "1h", 0);
    int64_t other = at(&w, "gm0001", "5m", 20);
    say(&w, PEOPLE, "C0 10:17:30 in=500 out=0 received=11:02:01");
    tick(&w, "11:02:02");
    int64_t moved = at(&w, "gm0001", "5m", 15) - five;
    ck_assert_int_ge(moved, 490);
    ck_assert_int_eq(at(&w, "gm0001", "15m", 15) - quarter, moved);
    ck_assert_int_eq(at(&w, "gm0001", "1h", 0) - hour, moved);
    ck_assert_int_eq(at(&w, "gm0001", "5m", 20), other);
    expect(&w, "pedestrian gm0001 5m 10:15:00", "revision=1");
    expect(&w, "pedestrian gm0001 1h 10:00:00", "revision=1");
    expect(&w, "pedestrian gm0002 1h 10:00:00", "revision=0");
    expect_sums(&w);
    tick(&w, "22:02:00");
    ck_assert_int_eq(passages(&w, "pedestrian gm0001 1d 2026-08-17T22:00:00Z"), hour + moved);
    world_end(&w);
}
END_TEST

START_TEST(a_correction_after_the_day_has_closed)
{
    struct world w;
    begin(&w, "5m 1h 1d");
    say(&w, PEOPLE, "C0 21:40:00 count=40");
    say(&w, PEOPLE, "C0 21:50:00 count=20");
    tick(&w, "22:02:00");
    ck_assert_int_eq(passages(&w, "pedestrian gm0001 1d 2026-08-17T22:00:00Z"), 60);
    say(&w, PEOPLE, "C0 21:41:00 count=100 received=22:02:01");
    tick(&w, "22:02:02");
    ck_assert_int_eq(passages(&w, "pedestrian gm0001 5m 21:40:00"), 140);
    ck_assert_int_eq(passages(&w, "pedestrian gm0001 1h 21:00:00"), 160);
    ck_assert_int_eq(passages(&w, "pedestrian gm0001 1d 2026-08-17T22:00:00Z"), 160);
    world_end(&w);
}
END_TEST

START_TEST(a_sensor_that_moves_leaves_its_cell)
{
    struct world w;
    begin(&w, "5m 15m");
    for (int minute = 0; minute < 15; minute += 5) {
        char line[64];
        snprintf(line, sizeof line, "C1 10:%02d:00 count=50", minute);
        say(&w, PEOPLE, line);
        snprintf(line, sizeof line, "C2 10:%02d:00 count=20", minute);
        say(&w, PEOPLE, line);
    }
    tick(&w, "10:17:00");
    ck_assert_int_eq(at(&w, "gm0001", "15m", 0), 210);
    say(&w, PEOPLE, "C2 10:16:00 gm=2 count=10 received=10:17:01");
    tick(&w, "10:17:02");
    ck_assert_int_eq(at(&w, "gm0001", "5m", 5), 50);
    ck_assert_int_eq(at(&w, "gm0002", "5m", 5), 20);
    ck_assert_int_eq(at(&w, "gm0001", "15m", 0), 150);
    ck_assert_int_eq(at(&w, "gm0002", "15m", 0), 60);
    ck_assert_int_eq(at(&w, "nl00", "15m", 0), 210);
    world_end(&w);
}
END_TEST

/* Order, repeats and lateness do not change what a cell is published as. */
START_TEST(the_same_readings_give_the_same_cells)
{
    struct world once, again;
    begin(&once, "5m 15m 1h");
    walk(&once);
    begin(&again, "5m 15m 1h");
    tick(&again, "09:59:00");
    for (int minute = 60; minute-- > 0;)
        for (int i = 0; i < 6; i++) {
            char line[96];
            snprintf(line, sizeof line, "C%d 10:%02d:00 gm=%d in=%d out=%d received=11:0%d:00", i, minute,
                     i % 3 + 1, (minute + i) % 4, (minute * i) % 3, minute % 2);
            say(&again, PEOPLE, line);
            say(&again, PEOPLE, line);
            if (minute % 7 == 0)
                tick(&again, "11:01:59");
        }
    tick(&again, "11:04:00");
    for (int minute = 0; minute < 60; minute += 5)
        ck_assert_int_eq(at(&once, "gm0001", "5m", minute), at(&again, "gm0001", "5m", minute));
    expect_sums(&again);
    ck_assert_int_eq(at(&once, "nl00", "1h", 0), at(&again, "nl00", "1h", 0));
    world_end(&once);
    world_end(&again);
}
END_TEST

START_TEST(counts_longer_than_a_cell)
{
    struct world w;
    begin(&w, "5m 15m 1h");
    say(&w, PEOPLE, "C1 10:00:00 count=3 period=900");
    say(&w, PEOPLE, "C2 10:00:00 count=45 period=900");
    say(&w, PEOPLE, "C2 10:15:00 count=20 period=900");
    tick(&w, "11:02:00");
    expect_none(&w, "pedestrian gm0001 5m 10:00:00");
    int64_t alone = at(&w, "gm0001", "15m", 0) - 45;
    ck_assert(alone == 0 || alone == 10);
    ck_assert_int_eq(at(&w, "gm0001", "1h", 0), 65 + alone);
    ck_assert_int_eq(at(&w, "nl00", "1h", 0), 65 + alone);
    world_end(&w);
}
END_TEST

START_TEST(keys_differ)
{
    struct world w, other;
    int differ = 0;
    begin(&w, "5m 15m 1h");
    walk(&w);
    world_begin(&other);
    world_windows(&other, "5m 15m 1h");
    world_privacy(&other, 10, 5);
    other.key[0] = 'x';
    world_open(&other);
    walk(&other);
    for (int minute = 0; minute < 60; minute += 5)
        differ += at(&w, "gm0001", "5m", minute) != at(&other, "gm0001", "5m", minute);
    ck_assert_int_gt(differ, 0);
    world_end(&w);
    world_end(&other);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, levels_and_windows_add_up);
    tcase_add_test(tcase, shorter_windows_are_not_published);
    tcase_add_test(tcase, cells_are_there_without_a_window_of_their_length);
    tcase_add_test(tcase, a_correction_moves_the_longer_windows);
    tcase_add_test(tcase, a_correction_after_the_day_has_closed);
    tcase_add_test(tcase, a_sensor_that_moves_leaves_its_cell);
    tcase_add_test(tcase, the_same_readings_give_the_same_cells);
    tcase_add_test(tcase, counts_longer_than_a_cell);
    tcase_add_test(tcase, keys_differ);
}

UNIT_MAIN("protected", tests)
