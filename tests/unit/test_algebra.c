/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/algebra.h"

#include <math.h>

#include "tests/unit/unit.h"

START_TEST(halves_go_away_from_zero)
{
    ck_assert_int_eq(br_round_div(0, 3), 0);
    ck_assert_int_eq(br_round_div(1, 2), 1);
    ck_assert_int_eq(br_round_div(-1, 2), -1);
    ck_assert_int_eq(br_round_div(1, 3), 0);
    ck_assert_int_eq(br_round_div(-2, 3), -1);
    ck_assert_int_eq(br_round_div(5, 2), 3);
    ck_assert_int_eq(br_round_div(-5, 2), -3);
    ck_assert_int_eq(br_round_div(INT64_MAX, 1), INT64_MAX);
    ck_assert_int_eq(br_round_div(INT64_MAX - 1, 2), INT64_MAX / 2);
}
END_TEST

START_TEST(ratios_have_their_digits)
{
    ck_assert_double_eq(br_round_ratio(1, 3, 4), 0.3333);
    ck_assert_double_eq(br_round_ratio(2, 3, 4), 0.6667);
    ck_assert_double_eq(br_round_ratio(1, 8, 2), 0.13);
    ck_assert_double_eq(br_round_ratio(-1, 8, 2), -0.13);
    ck_assert_double_eq(br_round_ratio(5, 100, 1), 0.1); /* 0.05 as a double is below the half */
    ck_assert_double_eq(br_round_ratio(19405, 10, 1), 1940.5);
    ck_assert_double_eq(br_round_ratio(7, 2, 0), 4);
    ck_assert_double_eq(br_round_ratio(INT64_MAX / 20000, 1, 4), (double)(INT64_MAX / 20000));
}
END_TEST

START_TEST(unknown_is_not_zero)
{
    protobuf_c_boolean has = 1;
    int64_t number = 9;
    double ratio = 9;
    br_give(&has, &number, false, 5);
    ck_assert(!has && number == 0);
    br_give(&has, &number, true, 5);
    ck_assert(has && number == 5);
    br_give_ratio(&has, &ratio, 5, 0, 1);
    ck_assert(!has && ratio == 0);
    br_give_ratio(&has, &ratio, 0, 5, 1);
    ck_assert(has && ratio == 0);
    br_give_ratio(&has, &ratio, 1, 4, 1);
    ck_assert(has && fabs(ratio - 0.3) < 1e-12);
}
END_TEST

START_TEST(sums_merge_and_part)
{
    int64_t sum[3] = {1, -2, 3}, other[3] = {10, 20, -30};
    br_sum_merge(sum, other, sizeof sum, 1);
    ck_assert(sum[0] == 11 && sum[1] == 18 && sum[2] == -27);
    br_sum_merge(sum, other, sizeof sum, -1);
    ck_assert(sum[0] == 1 && sum[1] == -2 && sum[2] == 3);
}
END_TEST

START_TEST(cells_over_time_and_over_sensors)
{
    struct br_cell cell = {.last_utc_ms = 5, .capacity = -1}, part = {.last_utc_ms = 7,
                                                                      .capacity = 20,
                                                                      .reporting = 3,
                                                                      .partial = 2,
                                                                      .estimated = 1,
                                                                      .stale = 1};
    struct br_sum sum = {0};
    br_cell_add(&cell, &part, 1);
    br_cell_last(&cell, &part);
    ck_assert(cell.reporting == 1 && cell.partial == 2 && cell.estimated == 1 && cell.last_utc_ms == 7);
    part.last_utc_ms = 6;
    br_cell_last(&cell, &part);
    ck_assert_int_eq(cell.last_utc_ms, 7);
    br_cell_add(&cell, &part, -1);
    ck_assert(cell.reporting == 0 && cell.partial == 0 && cell.estimated == 0);

    br_sum_cell(&sum, &part, 1); /* a sensor counts once, however often it was flagged */
    ck_assert(sum.reporting == 1 && sum.reporting_capacity == 20 && sum.partial == 1 && sum.estimated == 1 &&
              sum.stale == 1);
    br_sum_cell(&sum, &cell, 1);
    ck_assert(sum.reporting == 2 && sum.reporting_capacity == 20 && sum.partial == 1);
    br_sum_cell(&sum, &part, -1);
    ck_assert(sum.reporting == 1 && sum.reporting_capacity == 0 && sum.partial == 0 && sum.estimated == 0 &&
              sum.stale == 0);
}
END_TEST

/* br_sum_merge takes a sum for a row of int64_t. */
START_TEST(sums_are_whole_numbers)
{
    ck_assert_uint_eq(br_parking_algebra.sum_size % sizeof(int64_t), 0);
    ck_assert_uint_eq(br_traffic_algebra.sum_size % sizeof(int64_t), 0);
    ck_assert_uint_eq(br_pedestrian_algebra.sum_size % sizeof(int64_t), 0);
    ck_assert_uint_ge(br_parking_algebra.day_size, br_parking_algebra.cell_size);
    ck_assert_ptr_null(br_parking_algebra.protect);
    ck_assert_ptr_null(br_traffic_algebra.protect);
    ck_assert_ptr_nonnull(br_pedestrian_algebra.protect);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, halves_go_away_from_zero);
    tcase_add_test(tcase, ratios_have_their_digits);
    tcase_add_test(tcase, unknown_is_not_zero);
    tcase_add_test(tcase, sums_merge_and_part);
    tcase_add_test(tcase, cells_over_time_and_over_sensors);
    tcase_add_test(tcase, sums_are_whole_numbers);
}

UNIT_MAIN("algebra", tests)
