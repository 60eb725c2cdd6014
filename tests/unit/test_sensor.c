/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/sensor.h"

#include "daemon/core/clock.h"

#include <math.h>

#include "tests/unit/failing_malloc.h"
#include "tests/unit/unit.h"

START_TEST(one_sensor_for_feed_kind_and_id)
{
    struct br_sensors *sensors = br_sensors_open(100);
    struct br_sensor *one = br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("P1"));
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_eq(br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("P1")), one);
    ck_assert_ptr_eq(br_sensors_find(sensors, 0, BR_KIND_PARKING, br_view_of("P1")), one);
    ck_assert_ptr_null(br_sensors_find(sensors, 1, BR_KIND_PARKING, br_view_of("P1")));
    ck_assert_ptr_null(br_sensors_find(sensors, 0, BR_KIND_TRAFFIC, br_view_of("P1")));
    ck_assert_ptr_null(br_sensors_find(sensors, 0, BR_KIND_PARKING, br_view_of("p1")));
    ck_assert_ptr_null(br_sensors_find(sensors, 0, BR_KIND_PARKING, br_view_of("P")));
    ck_assert_ptr_ne(br_sensors_get(sensors, 1, BR_KIND_PARKING, br_view_of("P1")), one);
    ck_assert_ptr_ne(br_sensors_get(sensors, 0, BR_KIND_TRAFFIC, br_view_of("P1")), one);
    ck_assert_uint_eq(br_sensors_count(sensors), 3);
    br_sensors_close(sensors);
}
END_TEST

START_TEST(a_new_one_knows_nothing)
{
    struct br_sensors *sensors = br_sensors_open(100);
    const struct br_sensor *s = br_sensors_get(sensors, 7, BR_KIND_JAM, br_view_of("J1"));
    ck_assert_str_eq(s->id, "J1");
    ck_assert_uint_eq(s->feed, 7);
    ck_assert_uint_eq(s->kind, BR_KIND_JAM);
    ck_assert(!s->described && !s->placed && !s->place_fixed && !s->capacity_fixed && !s->measures);
    ck_assert_uint_eq(s->home, BR_REGION_NONE);
    ck_assert_uint_eq(s->leaf, BR_LEAF_NONE);
    ck_assert(isnan(s->lat) && isnan(s->lon));
    ck_assert_int_eq(s->capacity, -1);
    ck_assert_int_eq(s->past.first_utc_ms, BR_TIME_NONE);
    ck_assert_int_eq(s->past.last_utc_ms, BR_TIME_NONE);
    ck_assert_uint_eq(s->past.told_count, 0);
    ck_assert_int_eq(s->placed_at_utc_ms, BR_TIME_NONE);
    ck_assert_int_eq(s->from_utc_ms, BR_TIME_NONE);
    ck_assert_int_eq(s->expired_utc_ms, BR_TIME_NONE);
    ck_assert_uint_eq(s->head, 0);
    ck_assert_ptr_null(s->cells);
    br_sensors_close(sensors);
}
END_TEST

START_TEST(the_last_one_can_be_taken_back)
{
    char id[16];
    struct br_sensors *sensors = br_sensors_open(300);
    for (uint32_t i = 0; i < 300; i++) { /* through the growth of the table of slots */
        snprintf(id, sizeof id, "S%u", i);
        ck_assert_ptr_nonnull(br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("gone")));
        ck_assert_uint_eq(br_sensors_count(sensors), i + 1);
        ck_assert_int_eq(br_sensors_full(sensors), i == 299);
        br_sensors_drop_last(sensors);
        ck_assert_ptr_null(br_sensors_find(sensors, 0, BR_KIND_PARKING, br_view_of("gone")));
        struct br_sensor *sensor = br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of(id));
        ck_assert_uint_eq(sensor->index, i);
    }
    ck_assert(br_sensors_full(sensors));
    for (uint32_t i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "S%u", i);
        ck_assert_ptr_eq(br_sensors_find(sensors, 0, BR_KIND_PARKING, br_view_of(id)),
                         br_sensors_at(sensors, i));
    }
    br_sensors_close(sensors);
}
END_TEST

START_TEST(thousands_keep_their_order)
{
    char id[16];
    struct br_sensors *sensors = br_sensors_open(5000);
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "S%u", i);
        ck_assert_ptr_nonnull(br_sensors_get(sensors, i % 3, BR_KIND_TRAFFIC, br_view_of(id)));
    }
    ck_assert_uint_eq(br_sensors_count(sensors), 5000);
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(id, sizeof id, "S%u", i);
        const struct br_sensor *sensor = br_sensors_find(sensors, i % 3, BR_KIND_TRAFFIC, br_view_of(id));
        ck_assert_ptr_eq(sensor, br_sensors_at(sensors, i));
        ck_assert_uint_eq(sensor->index, i);
    }
    br_sensors_close(sensors);
}
END_TEST

START_TEST(no_more_than_the_limit)
{
    struct br_sensors *sensors = br_sensors_open(2);
    ck_assert_ptr_nonnull(br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("P1")));
    ck_assert_ptr_nonnull(br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("P2")));
    ck_assert_ptr_null(br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("P3")));
    ck_assert_ptr_nonnull(br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("P2")));
    ck_assert_uint_eq(br_sensors_count(sensors), 2);
    br_sensors_close(sensors);
    br_sensors_close(NULL);
}
END_TEST

START_TEST(names_that_are_no_text)
{
    struct br_sensors *sensors = br_sensors_open(10);
    ck_assert_ptr_null(br_sensors_get(sensors, 0, BR_KIND_PARKING, (struct br_view){"P\0X", 3}));
    ck_assert_uint_eq(br_sensors_count(sensors), 0);
    ck_assert_ptr_nonnull(br_sensors_get(sensors, 0, BR_KIND_PARKING, br_view_of("")));
    ck_assert_str_eq(br_sensors_at(sensors, 0)->id, "");
    br_sensors_close(sensors);
}
END_TEST

#ifdef FAILING_MALLOC
/* Every allocation fails in turn: the sensor is not made, those that are there stay, and the next try works.
 */
START_TEST(without_memory)
{
    long live = failing_live();
    for (long nth = 1, made = 0; made < 200; nth++) {
        char id[16];
        failing_arm(nth);
        struct br_sensors *sensors = br_sensors_open(1000);
        for (made = 0; sensors && made < 200; made++) {
            snprintf(id, sizeof id, "S%ld", made);
            if (!br_sensors_get(sensors, 0, BR_KIND_TRAFFIC, br_view_of(id)))
                break;
        }
        bool failed = failing_disarm();
        ck_assert(failed || made == 200);
        if (sensors) {
            ck_assert_uint_eq(br_sensors_count(sensors), (size_t)made);
            snprintf(id, sizeof id, "S%ld", made);
            ck_assert_ptr_nonnull(br_sensors_get(sensors, 0, BR_KIND_TRAFFIC, br_view_of(id)));
            ck_assert_uint_eq(br_sensors_count(sensors), (size_t)made + 1);
        }
        br_sensors_close(sensors);
        ck_assert_int_eq(failing_live(), live);
    }
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, one_sensor_for_feed_kind_and_id);
    tcase_add_test(tcase, a_new_one_knows_nothing);
    tcase_add_test(tcase, the_last_one_can_be_taken_back);
    tcase_add_test(tcase, thousands_keep_their_order);
    tcase_add_test(tcase, no_more_than_the_limit);
    tcase_add_test(tcase, names_that_are_no_text);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("sensor", tests)
