/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/unit/history_fixture.h"

static struct history_fixture f;

static void set_up(void)
{
    history_set_up(&f);
    history_open(&f);
}

static void tear_down(void)
{
    history_tear_down(&f);
}

START_TEST(numbers_changes_and_reads_them_in_order)
{
    ck_assert_uint_eq(br_history_last(f.history), 0);
    ck_assert_uint_eq(history_put(&f, "gm0001", 0, 0, 10, true), 1);
    ck_assert_uint_eq(history_put(&f, "gm0002", 0, 0, 20, true), 2);
    ck_assert_uint_eq(history_put(&f, "gm0001", 1, 0, 11, true), 3);
    ck_assert_uint_eq(br_history_last(f.history), 3);
    history_flush(&f);
    ck_assert_uint_eq(br_history_durable(f.history), 3);
    ck_assert_str_eq(history_read(&f, 0, 100), "1 gm0001 1m 0 r0 10 newest\n"
                                               "2 gm0002 1m 0 r0 20 newest\n"
                                               "3 gm0001 1m 1 r0 11 newest\n");
    ck_assert(!f.more);
    ck_assert_uint_eq(f.passed, 3);
    ck_assert_str_eq(history_read(&f, 1, 1), "2 gm0002 1m 0 r0 20 newest\n");
    ck_assert(f.more);
    ck_assert_uint_eq(f.passed, 2);
    ck_assert_str_eq(history_read(&f, 3, 1), "");
    ck_assert(!f.more);
    ck_assert_uint_eq(f.passed, 3);
    ck_assert_int_gt(f.changes, 0);
}
END_TEST

START_TEST(passes_over_what_was_overtaken)
{
    history_put(&f, "gm0001", 0, 0, 10, true);
    history_put(&f, "gm0001", 1, 0, 11, true);
    history_flush(&f);
    history_put(&f, "gm0001", 0, 1, 12, false);
    history_put(&f, "gm0001", 1, 1, 13, true);
    history_put(&f, "gm0001", 1, 2, 14, true);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 0, 100), "3 gm0001 1m 0 r1 12\n5 gm0001 1m 1 r2 14 newest\n");
    ck_assert_str_eq(history_read(&f, 5, 100), "");
    ck_assert_uint_eq(f.passed, 5);
}
END_TEST

/* A row too many is looked for only among those that count. */
START_TEST(tells_of_more_only_where_there_is)
{
    history_put(&f, "gm0001", 0, 0, 10, true);
    history_put(&f, "gm0002", 0, 0, 20, true);
    history_put(&f, "gm0001", 0, 1, 11, true);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 0, 2), "2 gm0002 1m 0 r0 20 newest\n3 gm0001 1m 0 r1 11 newest\n");
    ck_assert(!f.more);
    ck_assert_uint_eq(f.passed, 3);
}
END_TEST

START_TEST(keeps_the_higher_revision)
{
    history_put(&f, "gm0001", 0, 3, 13, true);
    history_put(&f, "gm0001", 0, 2, 12, true);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 0, 9), "1 gm0001 1m 0 r3 13 newest\n");
    ck_assert_uint_eq(f.passed, 2);
    ck_assert_str_eq(history_series(&f, "gm0001", "1m", T0, T0 + HOUR, 9), "0 gm0001 1m 0 r3 13\n");
}
END_TEST

START_TEST(makes_no_change_of_what_is_held)
{
    history_put(&f, "gm0001", 0, 0, 10, true);
    history_put(&f, "gm0001", 1, 0, 11, true);
    history_flush(&f);
    history_close(&f);
    history_open(&f);
    ck_assert_uint_eq(history_put(&f, "gm0001", 0, 0, 10, true), 3);
    ck_assert_uint_eq(history_put(&f, "gm0001", 1, 0, 11, true), 4);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 2, 9), "");
    ck_assert_uint_eq(f.passed, 4);
}
END_TEST

/* What came out differently after a crash is a change, and what follows it is told again: the newest last. */
START_TEST(ends_with_the_newest_when_the_past_has_changed)
{
    for (int minute = 0; minute < 3; minute++)
        history_put(&f, "gm0001", minute, 0, 10 + minute, true);
    history_put(&f, "gm0002", 2, 0, 5, true);
    history_flush(&f);
    history_close(&f);
    history_open(&f);
    history_put(&f, "gm0001", 0, 0, 99, true);
    history_put(&f, "gm0001", 1, 0, 11, true);
    history_put(&f, "gm0001", 2, 0, 12, true);
    history_put(&f, "gm0002", 2, 0, 5, true);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 4, 9), "5 gm0001 1m 0 r0 99 newest\n"
                                             "6 gm0001 1m 1 r0 11 newest\n"
                                             "7 gm0001 1m 2 r0 12 newest\n");
}
END_TEST

START_TEST(tells_what_was_narrowed)
{
    history_put(&f, "gm0001", 0, 0, 10, true);
    history_put(&f, "gm0001", 0, 1, -1, true);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 0, 9), "2 gm0001 1m 0 r1 - newest narrowed\n");
    history_put(&f, "gm0001", 0, 2, -1, true);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 0, 9), "3 gm0001 1m 0 r2 - newest narrowed\n");
    history_put(&f, "gm0001", 0, 3, 12, true);
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, 0, 9), "4 gm0001 1m 0 r3 12 newest\n");
}
END_TEST

START_TEST(reads_one_series)
{
    for (int minute = 0; minute < 10; minute++) {
        history_put(&f, "gm0001", minute, 0, minute, true);
        if (minute % 3 == 0)
            history_put(&f, "gm0002", minute, 0, 100 + minute, true);
    }
    struct history_figure five = {.region = "gm0002", .window = "5m", .start = T0, .vacant = 7};
    history_put_figure(&f, &five, true);
    history_flush(&f);
    ck_assert_str_eq(history_series(&f, "gm0002", "1m", T0, T0 + 9 * MINUTE, 10),
                     "0 gm0002 1m 0 r0 100\n0 gm0002 1m 3 r0 103\n0 gm0002 1m 6 r0 106\n");
    ck_assert(!f.more);
    history_series(&f, "gm0002", "1m", T0, T0 + 10 * MINUTE, 3);
    ck_assert(f.more);
    ck_assert_uint_eq(f.count, 3);
    ck_assert_str_eq(history_series(&f, "gm0002", "5m", INT64_MIN, INT64_MAX, 9), "0 gm0002 5m 0 r0 7\n");
    ck_assert_str_eq(history_series(&f, "gm0003", "1m", INT64_MIN, INT64_MAX, 9), "");
    ck_assert_str_eq(history_series(&f, "gm0001", "1h", INT64_MIN, INT64_MAX, 9), "");
    ck_assert_str_eq(history_series(&f, "gm0001", "1m", T0 + MINUTE, T0 + MINUTE, 9), "");
    history_series(&f, "gm0001", "1m", T0, T0 + 10 * MINUTE, 100);
    ck_assert_uint_eq(f.count, 10);
    ck_assert(!f.more);
}
END_TEST

/* 28 and 29 March 2026 and the day after, from 23:00Z, 23:00Z and 22:00Z: a day of 23 hours in between. */
START_TEST(reads_days_of_23_hours)
{
    const int64_t first = INT64_C(1774652400000), starts[] = {first, first + 24 * HOUR, first + 47 * HOUR};
    for (int i = 0; i < 3; i++) {
        struct history_figure day = {.region = "gm0001",
                                     .window = "1d",
                                     .start = starts[i],
                                     .length = (i == 1 ? 23 : 24) * HOUR,
                                     .vacant = i};
        history_put_figure(&f, &day, true);
    }
    history_flush(&f);
    history_series(&f, "gm0001", "1d", first, first + 100 * HOUR, 9);
    ck_assert_uint_eq(f.count, 3);
    history_series(&f, "gm0001", "1d", first, starts[2] + 1, 9);
    ck_assert_uint_eq(f.count, 3);
    history_series(&f, "gm0001", "1d", first, starts[2], 9);
    ck_assert_uint_eq(f.count, 2);
    ck_assert(!f.more);
}
END_TEST

START_TEST(reads_a_span_in_pieces)
{
    for (int minute = 0; minute < 4; minute++) {
        history_put(&f, "gm0001", minute, 0, minute, true);
        history_put(&f, "gm0002", minute, 0, minute, true);
    }
    struct history_figure hour = {.region = "gm0001", .window = "1h", .start = T0, .vacant = 7};
    history_put_figure(&f, &hour, true);
    history_flush(&f);
    const char *whole = history_span(&f, T0, T0 + 3 * MINUTE, 0, 100);
    ck_assert_str_eq(whole, "0 gm0001 1m 0 r0 0\n0 gm0002 1m 0 r0 0\n0 gm0001 1h 0 r0 7\n"
                            "0 gm0001 1m 1 r0 1\n0 gm0002 1m 1 r0 1\n"
                            "0 gm0001 1m 2 r0 2\n0 gm0002 1m 2 r0 2\n");
    ck_assert(!f.more);
    char *expected = strdup(whole), pieces[512] = "";
    for (size_t rows = 1; rows < 9; rows++) {
        pieces[0] = '\0';
        uint64_t after = 0;
        do {
            strcat(pieces, history_span(&f, T0, T0 + 3 * MINUTE, after, rows));
            after += f.count;
        } while (f.more);
        ck_assert_str_eq(pieces, expected);
    }
    history_span(&f, T0, T0 + 3 * MINUTE, 1, 2); /* as the first of somebody else */
    history_span(&f, T0 + MINUTE, T0 + 2 * MINUTE, 0, 1);
    ck_assert_str_eq(history_span(&f, T0, T0 + 3 * MINUTE, 5, 100),
                     "0 gm0001 1m 2 r0 2\n0 gm0002 1m 2 r0 2\n");
    ck_assert_str_eq(history_span(&f, T0, T0, 0, 100), "");
    ck_assert_str_eq(history_span(&f, T0 + HOUR, INT64_MAX, 0, 100), "");
    ck_assert_str_eq(history_span(&f, T0, T0 + 3 * MINUTE, 100, 100), "");
    free(expected);
}
END_TEST

START_TEST(keeps_cursors_and_numbers_over_a_restart)
{
    for (int minute = 0; minute < 5; minute++)
        history_put(&f, "gm0001", minute, 0, minute, true);
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_MQTT), 0);
    br_history_done(f.history, BR_HISTORY_MQTT, 3);
    br_history_done(f.history, BR_HISTORY_MQTT, 2); /* it never goes back */
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_MQTT), 3);
    history_close(&f);
    history_open(&f);
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_MQTT), 3);
    ck_assert_uint_eq(br_history_last(f.history), 5);
    ck_assert_uint_eq(br_history_durable(f.history), 5);
    ck_assert_str_eq(history_read(&f, 3, 9), "4 gm0001 1m 3 r0 3 newest\n5 gm0001 1m 4 r0 4 newest\n");
    br_history_done(f.history, BR_HISTORY_MQTT, 900); /* not beyond what there is */
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_MQTT), 5);
    history_close(&f);
    history_open(&f);
    ck_assert_uint_eq(history_put(&f, "gm0001", 5, 0, 5, true), 6); /* though the outbox is empty */
    history_flush(&f);
    ck_assert_str_eq(history_read(&f, br_history_cursor(f.history, BR_HISTORY_MQTT), 9),
                     "6 gm0001 1m 5 r0 5 newest\n");
}
END_TEST

START_TEST(begins_a_new_output_at_what_comes)
{
    history_put(&f, "gm0001", 0, 0, 0, true);
    history_close(&f);
    f.outputs[BR_HISTORY_INFLUXDB] = true;
    history_open(&f);
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_INFLUXDB), 1);
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_MQTT), 0);
    history_put(&f, "gm0001", 1, 0, 1, true);
    bool only_influxdb[BR_HISTORY_OUTPUTS] = {[BR_HISTORY_INFLUXDB] = true};
    br_history_change(f.history, &f.config, only_influxdb);
    history_put(&f, "gm0001", 2, 0, 2, true);
    br_history_change(f.history, &f.config, f.outputs);
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_MQTT), 3);
    ck_assert_uint_eq(br_history_cursor(f.history, BR_HISTORY_INFLUXDB), 1);
}
END_TEST

/* The name of a region may change: the series stays, earlier figures keep the name they had. */
START_TEST(gives_back_what_it_was_given)
{
    struct history_figure before = {
        .region = "gm0001", .window = "5m", .start = T0, .vacant = 1, .name = "Here"};
    struct history_figure after = {
        .region = "gm0001", .window = "5m", .start = T0 + 5 * MINUTE, .vacant = 2, .name = "There"};
    history_put_figure(&f, &before, true);
    history_put_figure(&f, &after, true);
    history_flush(&f);
    ck_assert_str_eq(history_series(&f, "gm0001", "5m", T0, T0 + HOUR, 9),
                     "0 gm0001 5m 0 r0 1\n0 gm0001 5m 5 r0 2\n");
    before.name = "Elsewhere";
    before.revision = 1;
    history_put_figure(&f, &before, false);
    history_flush(&f);
    ck_assert_str_eq(history_series(&f, "gm0001", "5m", T0, T0 + HOUR, 9),
                     "0 gm0001 5m 0 r1 1\n0 gm0001 5m 5 r0 2\n");
}
END_TEST

static void on_observations(void *context, int error, const struct br_history_row *rows, size_t count,
                            bool more, uint64_t passed)
{
    struct history_fixture *fixture = context;
    ck_assert_int_eq(error, 0);
    for (size_t i = 0; i < count; i++) {
        Bruis__V1__Observation *observation =
            bruis__v1__observation__unpack(NULL, rows[i].packed_size, rows[i].packed);
        ck_assert_ptr_nonnull(observation);
        ck_assert_str_eq(observation->feed, "garages");
        ck_assert_int_eq(observation->observed_at, (int64_t)rows[i].change);
        bruis__v1__observation__free_unpacked(observation, NULL);
    }
    fixture->count = count;
    fixture->more = more;
    fixture->passed = passed;
    fixture->answered = true;
}

static void read_observations(uint64_t after, size_t rows_max)
{
    f.answered = false;
    ck_assert_int_eq(br_history_read_observations(f.history, after, rows_max, on_observations, &f), 0);
    history_wait(&f);
}

START_TEST(holds_observations)
{
    static char feed[] = "garages";
    for (int i = 1; i <= 5; i++) {
        Bruis__V1__Observation observation = BRUIS__V1__OBSERVATION__INIT;
        observation.feed = feed;
        observation.has_observed_at = true;
        observation.observed_at = i;
        ck_assert_uint_eq(br_history_put_observation(f.history, &observation), (uint64_t)i);
    }
    history_close(&f);
    history_open(&f);
    read_observations(1, 3);
    ck_assert_uint_eq(f.count, 3);
    ck_assert(f.more);
    ck_assert_uint_eq(f.passed, 4);
    read_observations(4, 3);
    ck_assert_uint_eq(f.count, 1);
    ck_assert(!f.more);
    ck_assert_uint_eq(f.passed, 5);
    br_history_done_observations(f.history, 4);
    ck_assert_uint_eq(br_history_cursor_observations(f.history), 4);
    history_close(&f);
    history_open(&f);
    ck_assert_uint_eq(br_history_cursor_observations(f.history), 4);
}
END_TEST

START_TEST(answers_what_was_asked_when_it_closes)
{
    history_put(&f, "gm0001", 0, 0, 0, true);
    f.answered = false;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(br_history_read(f.history, 0, 9, history_take, &f), 0);
    history_close(&f);
    ck_assert(f.answered);
    ck_assert_int_eq(f.error, -ECANCELED);
    history_open(&f);
}
END_TEST

START_TEST(says_when_there_is_no_room)
{
    history_close(&f);
    f.waiting_max = 1000;
    history_open(&f);
    ck_assert(br_history_has_room(f.history));
    bool was_full = false;
    for (int minute = 0; minute < 2000; minute++) {
        ck_assert_uint_gt(history_put(&f, "gm0001", minute, 0, minute, true), 0);
        was_full |= !br_history_has_room(f.history);
    }
    ck_assert(was_full);
    int before = f.changes;
    while (!br_history_has_room(f.history) || f.changes == before)
        uv_run(&f.loop, UV_RUN_ONCE);
    history_flush(&f);
    history_series(&f, "gm0001", "1m", T0, INT64_MAX, 10000);
    ck_assert_uint_eq(f.count, 2000);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, numbers_changes_and_reads_them_in_order);
    tcase_add_test(tcase, passes_over_what_was_overtaken);
    tcase_add_test(tcase, tells_of_more_only_where_there_is);
    tcase_add_test(tcase, keeps_the_higher_revision);
    tcase_add_test(tcase, makes_no_change_of_what_is_held);
    tcase_add_test(tcase, ends_with_the_newest_when_the_past_has_changed);
    tcase_add_test(tcase, tells_what_was_narrowed);
    tcase_add_test(tcase, reads_one_series);
    tcase_add_test(tcase, reads_days_of_23_hours);
    tcase_add_test(tcase, reads_a_span_in_pieces);
    tcase_add_test(tcase, keeps_cursors_and_numbers_over_a_restart);
    tcase_add_test(tcase, begins_a_new_output_at_what_comes);
    tcase_add_test(tcase, gives_back_what_it_was_given);
    tcase_add_test(tcase, holds_observations);
    tcase_add_test(tcase, answers_what_was_asked_when_it_closes);
    tcase_add_test(tcase, says_when_there_is_no_room);
}

UNIT_MAIN("history", tests)
