/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/out/board.h"

#include "tests/unit/unit.h"

#define MINUTE INT64_C(60000)
#define PARKING BRUIS__V1__DOMAIN__parking

/* A figure whose vacant places are its mark. */
static void put(struct br_board *board, const char *region, const char *window, int64_t minute,
                uint32_t revision, int64_t vacant)
{
    Bruis__V1__ParkingFigure parking = BRUIS__V1__PARKING_FIGURE__INIT;
    parking.has_vacant = 1;
    parking.vacant = vacant;
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    figure.region = (char *)region;
    figure.window = (char *)window;
    figure.has_domain = figure.has_start = figure.has_end = figure.has_revision = 1;
    figure.domain = PARKING;
    figure.start = minute * MINUTE;
    figure.end = (minute + 1) * MINUTE;
    figure.revision = revision;
    figure.parking = &parking;
    br_board_put(board, &figure);
}

static int64_t vacant_of(const struct br_board_item *item)
{
    Bruis__V1__Figure *figure = bruis__v1__figure__unpack(NULL, item->packed_size, item->packed);
    ck_assert_ptr_nonnull(figure);
    int64_t vacant = figure->parking->vacant;
    bruis__v1__figure__free_unpacked(figure, NULL);
    return vacant;
}

static int64_t newest_vacant(const struct br_board *board, const char *region, const char *window)
{
    struct br_board_item item;
    return br_board_newest(board, PARKING, region, window, &item) ? vacant_of(&item) : -1;
}

struct seen {
    size_t count, stop_after;
    int64_t minutes[2000];
};

static bool on_item(void *context, const struct br_board_item *item)
{
    struct seen *seen = context;
    seen->minutes[seen->count++] = item->start_utc_ms / MINUTE;
    return seen->count != seen->stop_after;
}

static struct seen *range(const struct br_board *board, const char *region, int64_t from, int64_t to)
{
    static struct seen seen;
    seen = (struct seen){0};
    br_board_range(board, PARKING, region, "1m", from * MINUTE, to * MINUTE, on_item, &seen);
    return &seen;
}

START_TEST(nothing_is_known_at_first)
{
    struct br_board *board = br_board_open(10, 1 << 20);
    struct br_board_item item;
    ck_assert(!br_board_newest(board, PARKING, "gm9001", "1m", &item));
    ck_assert(!br_board_newest_in(board, PARKING, "gm9001", "1m", INT64_MIN, INT64_MAX, &item));
    ck_assert_uint_eq(range(board, "gm9001", 0, 100)->count, 0);
    ck_assert_uint_eq(br_board_change(board), 0);
    ck_assert_uint_eq(br_board_change_of(board, PARKING, "1m"), 0);
    br_board_close(board);
    br_board_close(NULL);
}
END_TEST

START_TEST(newest_is_by_start_not_by_put)
{
    struct br_board *board = br_board_open(10, 1 << 20);
    const int64_t order[] = {3, 1, 4, 0, 2};
    for (size_t i = 0; i < 5; i++)
        put(board, "gm9001", "1m", order[i], 0, 100 + order[i]);
    ck_assert_int_eq(newest_vacant(board, "gm9001", "1m"), 104);
    struct seen *seen = range(board, "gm9001", 0, 100);
    ck_assert_uint_eq(seen->count, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(seen->minutes[i], i);
    br_board_close(board);
}
END_TEST

START_TEST(series_do_not_mix)
{
    struct br_board *board = br_board_open(10, 1 << 20);
    put(board, "gm9001", "1m", 5, 0, 1);
    put(board, "gm9001", "5m", 5, 0, 2);
    put(board, "gm9002", "1m", 5, 0, 3);
    ck_assert_int_eq(newest_vacant(board, "gm9001", "1m"), 1);
    ck_assert_int_eq(newest_vacant(board, "gm9001", "5m"), 2);
    ck_assert_int_eq(newest_vacant(board, "gm9002", "1m"), 3);
    struct br_board_item item;
    ck_assert(!br_board_newest(board, BRUIS__V1__DOMAIN__traffic, "gm9001", "1m", &item));
    br_board_close(board);
}
END_TEST

START_TEST(higher_and_equal_revisions_replace)
{
    struct br_board *board = br_board_open(10, 1 << 20);
    put(board, "gm9001", "1m", 5, 1, 10);
    put(board, "gm9001", "1m", 5, 0, 11);
    ck_assert_int_eq(newest_vacant(board, "gm9001", "1m"), 10);
    put(board, "gm9001", "1m", 5, 1, 12);
    ck_assert_int_eq(newest_vacant(board, "gm9001", "1m"), 12);
    put(board, "gm9001", "1m", 5, 2, 13);
    ck_assert_int_eq(newest_vacant(board, "gm9001", "1m"), 13);
    ck_assert_uint_eq(range(board, "gm9001", 0, 100)->count, 1);
    struct br_board_item item;
    ck_assert(br_board_newest(board, PARKING, "gm9001", "1m", &item));
    ck_assert_uint_eq(item.revision, 2);
    ck_assert_int_eq(item.end_utc_ms, 6 * MINUTE);
    br_board_close(board);
}
END_TEST

START_TEST(live_keeps_the_last_only)
{
    struct br_board *board = br_board_open(10, 1 << 20);
    put(board, "gm9001", "live", 5, 3, 10);
    put(board, "gm9001", "live", 5, 0, 11); /* the same start, no higher revision: still the last */
    ck_assert_int_eq(newest_vacant(board, "gm9001", "live"), 11);
    put(board, "gm9001", "live", 6, 0, 12);
    ck_assert_int_eq(newest_vacant(board, "gm9001", "live"), 12);
    struct seen seen = {0};
    br_board_range(board, PARKING, "gm9001", "live", 0, INT64_MAX, on_item, &seen);
    ck_assert_uint_eq(seen.count, 1);
    br_board_close(board);
}
END_TEST

START_TEST(range_is_half_open_and_stops)
{
    struct br_board *board = br_board_open(100, 1 << 20);
    for (int64_t minute = 0; minute < 20; minute += 2)
        put(board, "gm9001", "1m", minute, 0, minute);
    struct seen *seen = range(board, "gm9001", 4, 8);
    ck_assert_uint_eq(seen->count, 2);
    ck_assert_int_eq(seen->minutes[0], 4);
    ck_assert_int_eq(seen->minutes[1], 6);
    seen = range(board, "gm9001", 5, 9);
    ck_assert_uint_eq(seen->count, 2);
    ck_assert_int_eq(seen->minutes[0], 6);
    ck_assert_uint_eq(range(board, "gm9001", 19, 100)->count, 0);
    ck_assert_uint_eq(range(board, "gm9001", 8, 8)->count, 0);
    struct seen stopped = {.stop_after = 3};
    br_board_range(board, PARKING, "gm9001", "1m", INT64_MIN, INT64_MAX, on_item, &stopped);
    ck_assert_uint_eq(stopped.count, 3);
    br_board_close(board);
}
END_TEST

START_TEST(newest_in_meets_the_interval)
{
    struct br_board *board = br_board_open(100, 1 << 20);
    struct br_board_item item;
    for (int64_t minute = 10; minute < 20; minute += 2) /* [10,11) [12,13) ... [18,19) */
        put(board, "gm9001", "1m", minute, 0, minute);
    ck_assert(br_board_newest_in(board, PARKING, "gm9001", "1m", INT64_MIN, INT64_MAX, &item));
    ck_assert_int_eq(item.start_utc_ms, 18 * MINUTE);
    ck_assert(br_board_newest_in(board, PARKING, "gm9001", "1m", 14 * MINUTE, 14 * MINUTE, &item));
    ck_assert_int_eq(item.start_utc_ms, 14 * MINUTE);
    ck_assert(br_board_newest_in(board, PARKING, "gm9001", "1m", 0, 13 * MINUTE, &item));
    ck_assert_int_eq(item.start_utc_ms, 12 * MINUTE);
    ck_assert(!br_board_newest_in(board, PARKING, "gm9001", "1m", 15 * MINUTE, 15 * MINUTE + 1, &item));
    ck_assert(!br_board_newest_in(board, PARKING, "gm9001", "1m", 19 * MINUTE, INT64_MAX, &item));
    ck_assert(!br_board_newest_in(board, PARKING, "gm9001", "1m", INT64_MIN, 10 * MINUTE - 1, &item));
    br_board_close(board);
}
END_TEST

START_TEST(keep_limits_a_series)
{
    struct br_board *board = br_board_open(3, 1 << 20);
    for (int64_t minute = 0; minute < 10; minute++)
        put(board, "gm9001", "1m", minute, 0, minute);
    struct seen *seen = range(board, "gm9001", 0, 100);
    ck_assert_uint_eq(seen->count, 3);
    ck_assert_int_eq(seen->minutes[0], 7);
    uint64_t change = br_board_change(board);
    put(board, "gm9001", "1m", 2, 0, 2); /* older than all that is kept */
    ck_assert_uint_eq(br_board_change(board), change);
    put(board, "gm9002", "1m", 5, 0, 0);
    put(board, "gm9001", "1m", 12, 0, 12);
    put(board, "gm9001", "1m", 11, 0, 11); /* late, but newer than the oldest */
    seen = range(board, "gm9001", 0, 100);
    ck_assert_uint_eq(seen->count, 3);
    ck_assert_int_eq(seen->minutes[0], 9);
    ck_assert_int_eq(seen->minutes[1], 11);
    ck_assert_int_eq(seen->minutes[2], 12);
    br_board_close(board);
}
END_TEST

START_TEST(size_evicts_the_longest_but_never_the_newest)
{
    struct br_board *board = br_board_open(1000, 20000);
    for (int64_t minute = 0; minute < 500; minute++)
        put(board, "gm9001", "1m", minute, 0, minute);
    put(board, "gm9002", "1m", 3, 0, 7);
    ck_assert_uint_le(br_board_size(board), 20000 + 200);
    struct seen *seen = range(board, "gm9001", 0, 1000);
    ck_assert_uint_gt(seen->count, 10);
    ck_assert_uint_lt(seen->count, 500);
    ck_assert_int_eq(seen->minutes[seen->count - 1], 499);
    ck_assert_int_eq(seen->minutes[0], 500 - (int64_t)seen->count);
    ck_assert_int_eq(newest_vacant(board, "gm9002", "1m"), 7);
    br_board_close(board);

    board = br_board_open(1000, 1); /* too small for anything: the newest of each stays */
    char region[16];
    for (int i = 0; i < 600; i++) { /* more than the first table holds */
        snprintf(region, sizeof region, "gm%04d", i);
        put(board, region, "1m", 1, 0, i);
        put(board, region, "1m", 2, 0, i + 1000);
    }
    for (int i = 0; i < 600; i++) {
        snprintf(region, sizeof region, "gm%04d", i);
        ck_assert_int_eq(newest_vacant(board, region, "1m"), i + 1000);
        ck_assert_uint_eq(range(board, region, 0, 100)->count, 1);
    }
    br_board_close(board);
}
END_TEST

START_TEST(change_counts_what_changed)
{
    struct br_board *board = br_board_open(10, 1 << 20);
    struct br_board_item item;
    put(board, "gm9001", "1m", 5, 0, 10);
    put(board, "gm9001", "5m", 5, 0, 10);
    ck_assert_uint_eq(br_board_change(board), 2);
    ck_assert_uint_eq(br_board_change_of(board, PARKING, "1m"), 1);
    ck_assert_uint_eq(br_board_change_of(board, PARKING, "5m"), 2);
    ck_assert_uint_eq(br_board_change_of(board, BRUIS__V1__DOMAIN__traffic, "5m"), 0);
    put(board, "gm9001", "1m", 5, 0, 10); /* the same bytes */
    ck_assert_uint_eq(br_board_change(board), 2);
    put(board, "gm9001", "1m", 5, 0, 11);
    ck_assert_uint_eq(br_board_change_of(board, PARKING, "1m"), 3);
    ck_assert(br_board_newest(board, PARKING, "gm9001", "1m", &item));
    ck_assert_uint_eq(item.change, 3);
    br_board_close(board);
}
END_TEST

START_TEST(half_a_figure_is_not_kept)
{
    struct br_board *board = br_board_open(10, 1 << 20);
    Bruis__V1__Figure figure = BRUIS__V1__FIGURE__INIT;
    br_board_put(board, &figure);
    figure.region = (char *)"gm9001";
    figure.window = (char *)"1m";
    figure.has_domain = 1;
    br_board_put(board, &figure);
    ck_assert_uint_eq(br_board_change(board), 0);
    figure.has_start = 1;
    figure.start = 60000;
    br_board_put(board, &figure);
    ck_assert_uint_eq(br_board_change(board), 1);
    br_board_close(board);
}
END_TEST

/* Any order of the same puts ends in the same board. */
START_TEST(order_does_not_matter)
{
    for (unsigned seed = 1; seed <= 20; seed++) {
        int64_t minutes[40];
        unsigned state = seed;
        struct br_board *board = br_board_open(25, 1 << 20);
        for (int i = 0; i < 40; i++)
            minutes[i] = i;
        for (int i = 39; i > 0; i--) {
            state = state * 1103515245u + 12345u;
            int other = (int)(state >> 16) % (i + 1);
            int64_t held = minutes[i];
            minutes[i] = minutes[other];
            minutes[other] = held;
        }
        for (int i = 0; i < 40; i++)
            for (uint32_t revision = 0; revision < 2; revision++)
                put(board, "gm9001", "1m", minutes[i], revision ^ (seed & 1), minutes[i] * 10 + revision);
        struct seen *seen = range(board, "gm9001", 0, 100);
        ck_assert_uint_eq(seen->count, 25);
        for (int i = 0; i < 25; i++)
            ck_assert_int_eq(seen->minutes[i], 15 + i);
        ck_assert_int_eq(newest_vacant(board, "gm9001", "1m"), (seed & 1) ? 390 : 391);
        br_board_close(board);
    }
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, nothing_is_known_at_first);
    tcase_add_test(tcase, newest_is_by_start_not_by_put);
    tcase_add_test(tcase, series_do_not_mix);
    tcase_add_test(tcase, higher_and_equal_revisions_replace);
    tcase_add_test(tcase, live_keeps_the_last_only);
    tcase_add_test(tcase, range_is_half_open_and_stops);
    tcase_add_test(tcase, newest_in_meets_the_interval);
    tcase_add_test(tcase, keep_limits_a_series);
    tcase_add_test(tcase, size_evicts_the_longest_but_never_the_newest);
    tcase_add_test(tcase, change_counts_what_changed);
    tcase_add_test(tcase, half_a_figure_is_not_kept);
    tcase_add_test(tcase, order_does_not_matter);
}

UNIT_MAIN("board", tests)
